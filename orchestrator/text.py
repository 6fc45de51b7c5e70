"""Makes text that others wrote safe to show or to keep: inert, bounded, and without secrets.

An agent, a guest, a provider or a ledger wrote it. Escape sequences, which a terminal obeys, are
left out. What nobody sees (controls, characters that turn, join or hide their neighbours, private
use) is shown as one replacement character: something was there. Emoji stay whole.

Known secrets are replaced by whoever knows them (``worker.redact``). ``masked`` catches the rest by
its shape: what a provider, an agent or a client library put into a message. GitHub's installation
tokens hold dots since 2026 (``ghs_APPID_JWT``), so a token is masked up to where no token can go
on. A percent sign belongs to each alphabet, for in an address the others may be encoded.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

TEXT_LIMIT = 500
NAME_LIMIT = 200

Edit = tuple[int, int, str]
"""From where to where, and what stands there instead."""

Known = tuple[re.Pattern[str], str]

MASK = "[…]"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CUT_ALLOWANCE = 4096
"""Characters that a text is looked at beyond where it is cut: longer than any token."""

# Of ECMA-48: CSI; the strings OSC, DCS, SOS, PM and APC with their ends; every other escape. A
# string that does not end on its line loses its introducer alone: it hides nothing behind it.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x00-\x1f\x7f-\x9f]{0,2048}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]|[\x90\x98\x9b-\x9f]"
)
# Controls but tab and line breaks; what programs may ignore (Default_Ignorable_Code_Point);
# line and paragraph separators; interlinear notes; surrogates; private use; what is no character.
_HIDDEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff"
    r"\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
    + "".join(chr(plane << 16 | low) for plane in range(1, 14) for low in (0xFFFE, 0xFFFF))
)
# A selector says how the picture before it looks, a joiner makes one of two.
_PICTURES = r"\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"
_SEEN = (
    rf"(?<=[0-9#*{_PICTURES}])[\ufe0e\ufe0f]"
    rf"|(?<=[{_PICTURES}\ufe0f])\u200d(?=[{_PICTURES}])|\r(?=\n)"
)
_UNSEEN = re.compile(rf"(?:(?!{_SEEN})[\r{_HIDDEN}])+")
_HIDES = re.compile(rf"[\r{_REPLACEMENT}{_HIDDEN}]")
_LINE_END = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_VEIL = re.compile(rf"(?:{_SEQUENCE.pattern}|[{_REPLACEMENT}{_HIDDEN}])+")
_LAST_SPACE = re.compile(r"(?s:.*)\s")
_FIRST_SPACE = re.compile(r"\s")
_PLAIN = re.compile(r"[!-~]*(?: [!-~]+)*")
# Encoded payloads, tokens and keys run on without a break; no machine name is longer than 64. A
# run that starts after a slash or a word is part of a path, and stays readable.
_PAYLOAD = re.compile(r"(?<![\w/.-])[A-Za-z0-9+][A-Za-z0-9+/_=.-]{64,}")


def clean(text: str, limit: int = TEXT_LIMIT, *, payloads: bool = True) -> str:
    """Return text as one printable line of at most ``limit`` characters, secrets masked.

    Args:
        text: What somebody else wrote.
        limit: Characters; where more was cut off an ellipsis stands at the end.
        payloads: False leaves out what runs on like an encoded payload: a service quotes requests.
    """
    if len(text) <= limit and _PLAIN.fullmatch(text) and masked(text) == text and payloads:
        return text  # nearly every text; kept as the object it is
    head = masked_head(text, 4 * limit)
    line = " ".join(_shown(head).split())
    if not payloads:
        line = _PAYLOAD.sub(MASK, line)
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: limit - 1] + "…"


def clean_lines(text: str, limit: int, *, end: bool = False) -> str:
    """Return printable text of at most ``limit`` characters that keeps its lines, secrets masked.

    Args:
        text: What somebody else wrote.
        limit: Characters.
        end: Keep the last ones instead of the first: a log says why at its end.
    """
    if end:
        return _shown(masked_tail(text, limit))[-limit:].strip()
    return _shown(masked_head(text, limit))[:limit].strip()


def printable(text: str) -> str:
    """Return text that steers no terminal. It is not cut or masked, and keeps lines and tabs."""
    if _HIDES.search(text) is None:
        return text
    return _UNSEEN.sub(_REPLACEMENT, without_sequences(text))


def without_sequences(text: str) -> str:
    """Return text without what a terminal obeys: colours, titles, links, moves."""
    return _SEQUENCE.sub("", text)


def _shown(text: str) -> str:
    if _HIDES.search(text) is None:
        return text
    return _UNSEEN.sub(_REPLACEMENT, _LINE_END.sub("\n", without_sequences(text)))


def masked(text: str, known: Sequence[Known] = ()) -> str:
    """Return text with each secret replaced by ``[…]``; the name that stands before it is kept.

    A secret is found as well where something that nobody sees stands within it.

    Args:
        text: What somebody else wrote.
        known: Secrets that are known, each as what finds it and what stands there instead.
    """
    text = _masked_as_written(text, known)
    if _HIDES.search(text) is None:
        return text
    seen = _VEIL.sub("", text)
    if _masked_as_written(seen, known) == seen:
        return text
    for value, mask in known:
        text = _edited_as_seen(text, partial(_known_edits, value, mask))
    for shape in _SHAPES:
        text = _edited_as_seen(text, shape.edits)
    return text


def masked_head(text: str, limit: int) -> str:
    """Return the first ``limit`` characters or more of a text that may be much longer, masked.

    What was cut off lies behind them: the caller cuts again after it. A secret that the cut would
    have halved, and so hidden from its shape, is left out.
    """
    head = text[: limit + _CUT_ALLOWANCE]
    if len(head) == len(text):
        return masked(text)
    whole = _LAST_SPACE.match(_without_spaces_in_sequences(head), limit)
    return masked(head[: whole.end() if whole else limit])


def masked_tail(text: str, limit: int) -> str:
    """Return the last ``limit`` characters of a text, masked."""
    tail = text[-(limit + _CUT_ALLOWANCE) :]
    if len(tail) < len(text):
        whole = _FIRST_SPACE.search(_without_spaces_in_sequences(tail), 0, len(tail) - limit)
        tail = tail[whole.end() if whole else -limit :]
    return masked(tail)[-limit:]


def _without_spaces_in_sequences(text: str) -> str:
    """Return text of the same length that can be cut at any white space."""
    return _SEQUENCE.sub(lambda match: _REPLACEMENT * len(match.group()), text)


def _masked_as_written(text: str, known: Sequence[Known]) -> str:
    for value, mask in known:
        text = _edited(text, _known_edits(value, mask, text))
    lowered = text.lower()
    for shape in _SHAPES:
        if any(hint in lowered for hint in shape.hints):
            text = _edited(text, shape.edits(text))
            lowered = text.lower()
    return text


def _known_edits(value: re.Pattern[str], mask: str, text: str) -> Iterator[Edit]:
    return ((*match.span(), mask) for match in value.finditer(text))


def _edited(text: str, edits: Iterable[Edit]) -> str:
    parts: list[str] = []
    end = 0
    for start, stop, replacement in edits:
        parts += [text[end:start], replacement]
        end = stop
    return "".join([*parts, text[end:]])


def _edited_as_seen(text: str, edits: Callable[[str], Iterable[Edit]]) -> str:
    """Apply edits that were found in what is seen of a text; what they span goes whole."""
    in_seen = list(edits(_VEIL.sub("", text)))
    if not in_seen:
        return text
    offsets, shifts = [0], [0]  # from an offset on, what is seen stands a shift further on
    for veil in _VEIL.finditer(text):
        offsets.append(veil.start() - shifts[-1])
        shifts.append(shifts[-1] + len(veil.group()))

    def at(seen: int) -> int:
        return seen + shifts[bisect_right(offsets, seen) - 1]

    return _edited(text, [(at(start), at(stop - 1) + 1, new) for start, stop, new in in_seen])


# Where a word begins: after what is no letter, or after one that is written as an escape.
_HEX = "[0-9A-Fa-f]"
_ESCAPED = rf"(?<=%{_HEX}{_HEX})|(?<=\\[nrt])|(?<=\\u{_HEX}{_HEX}{_HEX}{_HEX})"
_BEGINS = rf"(?:(?<![A-Za-z0-9])|{_ESCAPED})"
_ALPHABET = r"[A-Za-z0-9._%~+/=-]"
_EQUALS = r"(?:=|:|%3[ADad]|%253[ADad]|\\u003[ad])"
_IS = rf"(?:\\?[\"'])?\s*{_EQUALS}\s*(?:\\?[\"'])?"
_SPACE = r"(?:\s|%20|\+)+"
_NAMES = (
    r"(?:api[-_ ]?key|x-api-key|ocp-apim-subscription-key|account[-_]?key"
    r"|sharedaccess(?:key|signature)|client[-_]?secret|secret(?:[-_]key)?|private[-_]key"
    r"|passw(?:or)?d|(?:encoded[-_])?jit[-_]?config"
    r"|(?:access|refresh|id|auth|installation|registration|bearer|github)[-_]?token)"
)
# A workflow's permission, which our own messages name, is called a token and is no secret.
_VALUE = r"(?!(?<=id-token: )(?:write|read|none)(?![^\s'\",;.&}\\]))[^\s'\",;&}\\]+"


@dataclass(frozen=True, slots=True)
class _Shape:
    """A secret's shape, looked for where one of its ``hints`` stands: most text has none.

    A match begins at most ``lead`` characters before the hint, and ends at most ``reach`` after the
    hint's first (None: wherever it ends). ``gate`` has to match there before that is looked at.
    """

    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    lead: int = 0
    reach: int = 0
    gate: re.Pattern[str] | None = None

    def edits(self, text: str) -> Iterator[Edit]:
        """Yield where a secret of this shape stands, in order, and what stands for it."""
        lowered = text.lower()
        if len(lowered) == len(text):
            matches = sorted(self._matches(text, lowered), key=lambda match: match.span())
        else:  # a letter whose small form is two: positions would not agree
            matches = list(self.pattern.finditer(text))
        end = 0
        for match in matches:
            if match.start() >= end:
                end = match.end()
                name = _KEPT.match(match.group())
                yield match.start(), end, f"{name.group() if name else ''}{MASK}"

    def _matches(self, text: str, lowered: str) -> Iterator[re.Match[str]]:
        for hint in self.hints:
            at = lowered.find(hint)
            while at >= 0:
                match = self._match(text, at)
                if match is not None:
                    yield match
                at = lowered.find(hint, at + 1 if match is None else max(at + 1, match.end()))

    def _match(self, text: str, at: int) -> re.Match[str] | None:
        """Return the secret that the hint at a position belongs to."""
        if not self.lead:
            return self.pattern.match(text, at)
        end = at + self.reach
        if self.gate is not None:
            passed = self.gate.match(text, at)
            if passed is None:
                return None
            end = passed.end()
        match = self.pattern.search(text, max(0, at - self.lead), end)
        while match is not None and match.end() < at:  # another one, which stands before this
            match = self.pattern.search(text, match.end(), end)
        return match if match is not None and match.start() <= at else None


def _shape(hints: str, pattern: str, lead: int = 0, reach: int = 0, gate: str = "") -> _Shape:
    opened = re.compile(gate) if gate else None
    return _Shape(tuple(hints.split()), re.compile(pattern), lead, reach, opened)


_SHAPES = (
    # A private key, cut short or with its lines escaped as JSON writes them.
    _shape(
        "-----begin",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:(?!-----END)[\s\S])*(?:-----END[A-Z0-9 ]*-----)?",
    ),
    # GitHub: personal, OAuth, user-to-server, server-to-server, refresh; fine-grained.
    _shape(
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", rf"{_BEGINS}[a-z]+_(?:pat_)?[A-Za-z0-9._%-]{{12,}}"
    ),
    # JSON Web Tokens, and just-in-time configurations: the base64 of a JSON object.
    _shape(
        "eyi eyj", rf"{_BEGINS}ey[IJ][A-Za-z0-9_%+/-]{{12,}}={{0,2}}(?:\.[A-Za-z0-9_%-]*){{0,4}}"
    ),
    # OpenAI, Anthropic, Stripe, Hugging Face, xAI, Groq; Google.
    _shape(
        "sk- sk_ pk- pk_ rk- rk_ hf- hf_ xai- xai_ gsk- gsk_",
        rf"{_BEGINS}[A-Za-z]+[-_][A-Za-z0-9_-]{{12,}}",
    ),
    _shape("aiza", rf"{_BEGINS}AIza[A-Za-z0-9_-]{{12,}}"),
    # Azure: storage keys, the keys of its AI services, client secrets of Entra.
    _shape(
        "== %3d%3d",
        rf"(?:(?<![A-Za-z0-9+/])|{_ESCAPED})(?:[A-Za-z0-9+/]|%2[BbFf]){{86}}(?:==|%3[Dd]%3[Dd])",
        lead=3 * 86,
        reach=6,
    ),
    _shape("jqqj9", rf"{_BEGINS}[A-Za-z0-9]{{30,60}}JQQJ9[A-Za-z0-9]{{10,60}}", 60, 65),
    _shape("q~", rf"{_BEGINS}[A-Za-z0-9_.~-]{{3}}\dQ~[A-Za-z0-9_.~-]{{25,40}}", 4, 42),
    # Signatures of storage addresses.
    _shape("sig= sig: sig% sig\\", rf"{_BEGINS}(?i:sig{_EQUALS})[^&\s'\"<>]+"),
    # Headers, and user:password in an address.
    _shape("bearer", rf"{_BEGINS}(?i:bearer{_SPACE}){_ALPHABET}{{6,}}"),
    _shape("authorization", rf"{_BEGINS}(?i:authorization{_IS})(?:[A-Za-z]+\s+)?[^\s'\",}}]+"),
    _shape("@", r"(?<=://)[^/\s:@'\"]+:[^/\s@'\"]+(?=@)", 1024, 1),
    # Whatever is called a secret, where the name may end a longer one: OPENAI_API_KEY.
    _shape(
        "key secret passw config token signature",
        rf"(?i:{_NAMES}{_IS}){_VALUE}",
        lead=32,
        gate=rf"(?i:[a-z]+(?:[-_]key)?{_IS}){_VALUE}",
    ),
)
_KEPT = re.compile(
    rf"(?i:sig{_EQUALS}|bearer{_SPACE}|authorization{_IS}(?:[A-Za-z]+\s+)?|{_NAMES}{_IS})"
)
