"""Scripted faults: what goes wrong, for which task, attempt, worker or boot.

A script is a JSON text::

    {"speed": 1, "boot_s": 90, "faults": [
        {"kind": "hang", "task": "chrome/*", "attempt": 1, "step": 2},
        {"kind": "never-ready", "worker": "*-1-*", "boot": 1}
    ]}

or only the list. ``speed`` multiplies the speed it is started with; ``boot_s`` is how long Windows
boots, in seconds of its own time. In a fault only ``kind`` is required:

- ``task``: glob over ``domain/name``; ``worker``: glob over the worker's id; both default to all.
- ``attempt``, ``trial``, ``boot``: a number or a list of numbers; left out means any. Attempts and
  boots count from 1, trials from 0.
- ``step``: how many steps are done before it strikes (default 1; 0 strikes before the first).
- ``seconds``: for ``slow`` (how long a silence) and ``model-429`` (until it recovers).
- ``text``: what ``result`` writes; the message of ``reset-line``, ``setup-line`` and
  ``late-line``; what the provider answers in ``model-error`` (``words.ANSWERS``, default 503);
  the model that the client of ``wrong-client`` believes it has.
- ``until``: Unix seconds until which ``model-error`` lasts (default: for ever): an outage.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from .phrases import ANSWERS

KINDS = {
    "never-ready": "the guest never answers; the entry program waits for ever",
    "hang": "the client writes nothing more and never ends",
    "chatter": "the client logs for ever and never ends",
    "slow": "the client is silent for `seconds`, then goes on",
    "die": "the client is killed (SIGKILL) by something else",
    "qemu-dead": "QEMU dies while the container lives on; the next step raises",
    "unkillable": "the client ignores SIGTERM, leaves a child in a session of its own, and hangs",
    "model-401": "the provider refuses the key; thirty retries, then agent.predict raises",
    "model-429": "the provider limits the rate for `seconds`, then answers",
    "model-error": "the provider answers `text`, until `until`; retries, then predict raises",
    "agent-error": "agent.predict raises",
    "no-logs": "the agent returns no log dictionary, and the recorder raises",
    "no-text": "the agent returns an action that is no text, and the recorder raises",
    "several-actions": "every turn of the agent has two actions",
    "wrong-client": "the client has another model than it was given",
    "reset-error": "env.reset raises",
    "step-error": "env.step raises",
    "evaluate-error": "env.evaluate raises",
    "setup-logged": "a set-up step fails and is only logged; scores 0",
    "reset-line": "reset logs `text` as an error, and goes on",
    "setup-line": "a step of the set-up logs `text` as an error, and goes on",
    "late-line": "the set-up logs `text` as an error in the evaluator's own set-up",
    "setup-retry": "opening a browser tab fails twice and holds the third time",
    "execute-retry": "an execution that may be repeated fails twice, then succeeds",
    "wrapped-reset": "env.reset raises inside a wrapper with a time limit",
    "wrapped-evaluate": "env.evaluate raises inside a wrapper with a time limit",
    "getter-error": "a result getter raises and is swallowed into 0",
    "no-observation": "no observation to the end, then a readable score",
    "truncated-cache": "a download cut short lies in the cache; env.reset raises",
    "empty-result": "result.txt is empty",
    "garbage-result": "result.txt holds bytes that are no score",
    "old-result": "a result of an earlier attempt is in place: the task is skipped",
    "result": "result.txt holds `text`",
}
GUEST_DIES_AT_BOOT = "never-ready"
_COUNTS = ("attempt", "trial", "boot")
_BOOT_S = 90.0


class Fault(NamedTuple):
    """One line of a script; None for attempts, trials or boots means any."""

    kind: str
    task: str = "*"
    worker: str = "*"
    attempt: tuple[int, ...] | None = None
    trial: tuple[int, ...] | None = None
    boot: tuple[int, ...] | None = None
    step: int = 1
    seconds: float = 120.0
    text: str = ""
    until: float = 0.0


class Occasion(NamedTuple):
    """Who does what, to be matched against a script."""

    task: str
    trial: int
    attempt: int
    worker: str
    boot: int


class Script(NamedTuple):
    """A whole script. The empty one lets everything go well."""

    faults: tuple[Fault, ...] = ()
    speed: float = 1.0
    boot_s: float = _BOOT_S

    def on(self, occasion: Occasion) -> dict[str, Fault]:
        """Return the faults that strike a task, by kind; of two of a kind the first counts."""
        result: dict[str, Fault] = {}
        for fault in self.faults:
            if fault.kind != GUEST_DIES_AT_BOOT and _strikes(fault, occasion):
                result.setdefault(fault.kind, fault)
        return result

    def never_ready(self, worker: str, boot: int) -> bool:
        """Whether this boot of this worker's arena never comes up."""
        return any(
            fault.kind == GUEST_DIES_AT_BOOT
            and fnmatchcase(worker, fault.worker)
            and _among(boot, fault.boot)
            for fault in self.faults
        )


def _strikes(fault: Fault, occasion: Occasion) -> bool:
    return (
        fnmatchcase(occasion.task, fault.task)
        and fnmatchcase(occasion.worker, fault.worker)
        and _among(occasion.attempt, fault.attempt)
        and _among(occasion.trial, fault.trial)
        and _among(occasion.boot, fault.boot)
    )


def _among(number: int, numbers: tuple[int, ...] | None) -> bool:
    return numbers is None or number in numbers


def parse_script(text: str) -> Script:
    """Read a script; the empty text is the empty script.

    Raises:
        ValueError: Its arguments are the sentences for everything that is wrong.
    """
    if not text.strip():
        return Script()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON ({error})") from error
    top = {"faults": document} if isinstance(document, list) else document
    if not isinstance(top, dict) or not isinstance(top.get("faults", []), list):
        what = 'is neither a list of faults nor {"faults": [...]}'
        raise ValueError(what)  # noqa: TRY004 — all that is wrong with a text is a ValueError
    wrong = [f"has an unknown key {key!r}" for key in top if key not in Script._fields]
    numbers = [key for key in ("speed", "boot_s") if not _positive(top.get(key, 1))]
    wrong += [f"{key} is not a number above 0" for key in numbers]
    for index, line in enumerate(top.get("faults", [])):
        wrong += [f"fault {index + 1} {what}" for what in _wrong(line)]
    if wrong:
        raise ValueError(*wrong)
    faults = tuple(_fault(line) for line in top.get("faults", []))
    return Script(faults, float(top.get("speed", 1)), float(top.get("boot_s", _BOOT_S)))


def _positive(value: Any, most: float = 1e9) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < most


def _wrong(line: Any) -> list[str]:
    if not isinstance(line, dict):
        return ["is not a JSON object"]
    wrong = [f"has an unknown key {key!r}" for key in line if key not in Fault._fields]
    if line.get("kind") not in tuple(KINDS):  # a list is not hashable
        wrong.append(f"has kind {line.get('kind')!r}, which is none of {', '.join(KINDS)}")
    texts = [key for key in ("task", "worker", "text") if not isinstance(line.get(key, ""), str)]
    wrong += [f"needs a text as {key}" for key in texts]
    counts = [key for key in _COUNTS if key in line and _numbers(line[key]) is None]
    wrong += [f"needs a number or a list of numbers as {key}" for key in counts]
    if _numbers(line.get("step", 1)) is None or isinstance(line.get("step"), list):
        wrong.append("needs a number as step")
    if not _positive(line.get("seconds", 1)):
        wrong.append("needs a number above 0 as seconds")
    if not _positive(line.get("until", 1), 1e11):
        wrong.append("needs Unix seconds as until")
    if line.get("kind") == "model-error" and line.get("text", "503") not in ANSWERS:
        wrong.append(f"needs one of {', '.join(ANSWERS)} as text")
    return wrong


def _numbers(value: Any) -> tuple[int, ...] | None:
    values = value if isinstance(value, list) else [value]
    good = all(
        isinstance(value, int) and not isinstance(value, bool) and value >= 0 for value in values
    )
    return tuple(values) if good else None


def _fault(line: dict[str, Any]) -> Fault:
    given = dict(line)
    for key in _COUNTS:
        if key in given:
            given[key] = _numbers(given[key])
    return Fault(**given)
