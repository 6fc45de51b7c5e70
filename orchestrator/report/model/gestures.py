"""What an action does on the screen, read off its text: where it clicks, drags, scrolls, types.

The text is an agent's and may be anything. It is matched, never evaluated; what is not understood
draws nothing. Understood are pyautogui's functions (https://pyautogui.readthedocs.io) and the
``computer.mouse`` and ``computer.keyboard`` calls of Windows Agent Arena's own agent, whose
``move_abs`` takes fractions of the screen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTION_LIMIT = 4_000
GESTURES_LIMIT = 12

_TEXT_LIMIT = 80
_FARTHEST = 100_000.0

# Possessive throughout, so that no text makes the matching go back.
_CALL = re.compile(
    r"(?<![\w.])([A-Za-z_][\w.]{0,60}+)\(("
    r"(?:[^()'\"\\]|'(?:[^'\\]|\\.){0,400}+'|\"(?:[^\"\\]|\\.){0,400}+\"){0,400}+)\)",
    re.DOTALL,
)
_ARGUMENT = re.compile(
    r"\s{0,9}+(?:([A-Za-z_]\w{0,30}+)\s{0,5}+=\s{0,5}+)?+"
    r"('(?:[^'\\]|\\.){0,400}+'|\"(?:[^\"\\]|\\.){0,400}+\"|[^,'\"]{1,40}+)"
)
_NUMBER = re.compile(r"-?\d{1,7}(?:\.\d{1,9})?\Z")

_CLICKS = {
    "click": ("click", 1),
    "leftclick": ("click", 1),
    "singleclick": ("click", 1),
    "doubleclick": ("click", 2),
    "tripleclick": ("click", 3),
    "rightclick": ("right click", 1),
    "middleclick": ("middle click", 1),
    "mousedown": ("press", 1),
    "mouseup": ("release", 1),
}
_MOVES = ("moveto", "move", "moveabs", "moveid")
_DRAGS = ("dragto", "drag", "dragabs")
_SCROLLS = ("scroll", "hscroll", "vscroll")
_TYPES = ("write", "typewrite", "type")
_KEYS = ("press", "hotkey", "keydown", "keyup")
_MODULES = ("pyautogui", "computer", "mouse", "keyboard", "pag")


@dataclass(frozen=True, slots=True)
class ScreenPoint:
    """A place on the screen: pixels, or fractions of its size when ``relative``."""

    x: float
    y: float
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Gesture:
    """One thing that an action does.

    ``kind`` is a click's name (``click``, ``right click``, ``middle click``, ``press``,
    ``release``), ``move``, ``drag`` (from ``start`` to ``at``), ``scroll``, ``type`` or ``keys``.
    ``at`` is None where the text does not tell the place. ``times`` counts clicks; of a scroll its
    sign is the direction, down being negative. ``text`` is what is typed or pressed, or the
    element that is meant.
    """

    kind: str
    at: ScreenPoint | None = None
    start: ScreenPoint | None = None
    times: int = 1
    text: str = ""


def gestures(
    action: str, pointer: ScreenPoint | None = None
) -> tuple[list[Gesture], ScreenPoint | None]:
    """Return an action's gestures, at most twelve, and where the pointer is afterwards.

    Args:
        action: The action's text; of a longer one the first 4,000 characters are read.
        pointer: Where the pointer is before it, if known.
    """
    results: list[Gesture] = []
    for name, arguments in _calls(action[:ACTION_LIMIT]):
        gesture = _gesture(name, arguments, pointer)
        if gesture is None:
            continue
        pointer = gesture.at or (None if gesture.text and gesture.kind == "move" else pointer)
        if len(results) < GESTURES_LIMIT:
            results.append(gesture)
    return _joined(results), pointer


def _joined(results: list[Gesture]) -> list[Gesture]:
    """Leave out moves that a later gesture in the same action ends at."""
    return [
        gesture
        for number, gesture in enumerate(results)
        if gesture.kind != "move"
        or gesture.text
        or not any(
            later.at == gesture.at or later.start == gesture.at for later in results[number + 1 :]
        )
    ]


@dataclass(frozen=True, slots=True)
class _Arguments:
    plain: tuple[str, ...]
    named: dict[str, str]

    def number(self, name: str, place: int) -> float | None:
        text = self.named.get(name) or (self.plain[place] if place < len(self.plain) else "")
        return float(text) if _NUMBER.match(text) else None

    def point(self, *, relative: bool) -> ScreenPoint | None:
        x, y = self.number("x", 0), self.number("y", 1)
        if x is None or y is None or max(abs(x), abs(y)) > _FARTHEST:
            return None
        written = (self.named.get("x") or self.plain[0]) + (self.named.get("y") or self.plain[-1])
        fraction = "." in written and 0 <= x <= 1 and 0 <= y <= 1
        return ScreenPoint(x, y, relative=relative or fraction)


def _calls(text: str) -> Iterator[tuple[str, _Arguments]]:
    for match in _CALL.finditer(text):
        module, _, name = match.group(1).rpartition(".")
        if module.split(".")[0] in _MODULES:
            yield name.replace("_", "").lower(), _arguments(match.group(2))


def _arguments(text: str) -> _Arguments:
    plain, named = [], {}
    for match in _ARGUMENT.finditer(text):
        name, value = match.group(1), match.group(2).strip()
        if name:
            named[name] = value
        elif value and value not in "[]":
            plain.append(value.strip("[] "))
    return _Arguments(tuple(plain), named)


def _gesture(name: str, arguments: _Arguments, pointer: ScreenPoint | None) -> Gesture | None:
    here = arguments.point(relative=name.endswith("abs"))
    if name in _CLICKS:
        return _click(name, arguments, here or pointer)
    if name in _MOVES:
        element = arguments.named.get("id") or (arguments.plain[0] if arguments.plain else "")
        meant = "" if here else f"element {_literal(element)}" if element else ""
        return Gesture("move", here, text=meant) if here or meant else None
    if name in _DRAGS:
        return Gesture("drag", here, pointer) if here else None
    if name in _SCROLLS:
        at = here if "x" in arguments.named else pointer
        return Gesture("scroll", at, times=_direction(arguments))
    if name in _TYPES:
        return Gesture("type", pointer, text=_texts(arguments, 1))
    if name in _KEYS:
        return Gesture("keys", pointer, text=_texts(arguments, 8))
    return None


def _click(name: str, arguments: _Arguments, at: ScreenPoint | None) -> Gesture:
    kind, times = _CLICKS[name]
    button = _literal(arguments.named.get("button", ""))
    if kind == "click" and button in ("right", "middle"):
        kind = f"{button} click"
    clicks = arguments.number("clicks", 2)
    return Gesture(kind, at, times=max(times, min(int(clicks), 3)) if clicks else times)


def _direction(arguments: _Arguments) -> int:
    amount = arguments.number("clicks", 0)
    if amount is not None:
        return max(-999, min(int(amount), 999))
    words = " ".join((*arguments.plain, *arguments.named.values())).lower()
    return -1 if "down" in words or "right" in words else 1


def _texts(arguments: _Arguments, most: int) -> str:
    given = [*arguments.plain, *(arguments.named.get(name, "") for name in ("text", "message"))]
    texts = [_literal(text) for text in given if text[:1] in "'\"" and text][:most]
    shown = "+".join(texts)
    return shown if len(shown) <= _TEXT_LIMIT else shown[: _TEXT_LIMIT - 1] + "…"


def _literal(text: str) -> str:
    """Return a string's text without its quotes; escapes stay as they are written."""
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if quoted else text


def drawn(gesture: Gesture) -> dict[str, object]:
    """Return a gesture as the page's script takes it."""
    kept: dict[str, object] = {"kind": gesture.kind}
    for name, point in (("at", gesture.at), ("start", gesture.start)):
        if point is not None:
            kept[name] = [point.x, point.y, *([1] if point.relative else [])]
    if gesture.times != 1:
        kept["times"] = gesture.times
    if gesture.text:
        kept["text"] = gesture.text
    return kept
