"""Reads a client's log as it grows: how far the task is, and what failed without raising.

A record starts with ``[time LEVEL module/line-process] message`` between colour codes; what follows
until the next one belongs to it, or was printed by somebody who does not log. Only records of the
module that knows are believed: an action's text may say anything, but it stands in the message of
``lib_run_single``. The messages are those of Windows Agent Arena at commit
6d39ed88c545a0d40a7a02e39b928e278df7332b, of httpx and of urllib3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestrator.results import files
from orchestrator.results.provider import Provider
from orchestrator.results.setup_log import SetupLog
from orchestrator.results.tracebacks import begins_traceback
from orchestrator.text import clean, without_sequences

if TYPE_CHECKING:
    from pathlib import Path

_LINE_LIMIT = 8192
_NOTE_LIMIT = 300
_TRACEBACK_LINES = 4_000  # a recursion's has 1,000 frames of three lines
_HEAD_LIMIT = 48 << 20
_TAIL_LIMIT = 16 << 20
_POLL_LIMIT = 4 << 20

_RECORD = re.compile(
    r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ (DEBUG|INFO|WARNING|ERROR|CRITICAL) "
    r"([\w.]+)/\d+-[^\]]*\] ?(.*)",
    re.DOTALL,
)
_STEP = re.compile(r"Step (\d{1,9}): ")
_ARGUMENTS = "Args: "
_FAILED = "Exception in "
_BAD = frozenset({"ERROR", "CRITICAL"})
_LOUD = _BAD | {"WARNING"}


class ClientPhase(StrEnum):
    """Where in its task a client is."""

    SETUP = "set-up"
    THINKING = "thinking"
    ACTING = "acting"
    BLIND = "blind"
    EVALUATING = "evaluating"


@dataclass(frozen=True, slots=True)
class Signals:
    """What a log says so far. Texts are one cleaned line, empty when there was no such thing.

    ``steps`` is the number of agent turns that acted. ``refusals`` counts the provider's refusals
    since it last answered or the agent last acted, ``outage`` says how it did not answer since;
    ``throttled`` is whether its last word was a rate limit (429): the client waits on purpose, so a
    stall clock should pause. ``limits`` counts rate limits since it
    last answered, ``answers`` every answer that was heard. ``setup_error`` is the
    first set-up record before the agent's first turn that voids the task, ``setup_warning`` the
    first that upstream goes on from (``setup_log``). ``blind`` is whether the client has had no
    observation since the agent's last turn. ``after_action`` is whether the agent has not had
    another turn since its last action. ``started`` and ``ended`` are the first and last record's
    wall-clock Unix seconds, read as UTC (the log names no time zone). ``arguments`` is what the
    client says it was started with, as it prints it.
    """

    records: int = 0
    phase: ClientPhase = ClientPhase.SETUP
    steps: int = 0
    setup_error: str = ""
    setup_warning: str = ""
    blind: bool = False
    after_action: bool = False
    swallowed: str = ""
    refusals: int = 0
    refusal: str = ""
    outage: str = ""
    throttled: bool = False
    limits: int = 0
    answers: int = 0
    heard_provider: bool = False
    arguments: str = ""
    traceback: str = ""
    last_line: str = ""
    started: float = 0.0
    ended: float = 0.0


@dataclass(slots=True)
class _Scan:
    """What a scanner remembers between two lines."""

    level: str = ""
    records: int = 0
    phase: ClientPhase = ClientPhase.SETUP
    step: str = ""
    steps: int = 0
    blind: bool = False
    after_action: bool = False
    swallowed: str = ""
    arguments: str = ""
    failed: bool = False
    capturing: bool = False
    broken_line: bool = False
    says_no_thinking: bool = False
    traceback: list[str] = field(default_factory=list)
    last_line: str = ""
    first_at: str = ""
    last_at: str = ""


class LogScanner:
    """Takes a log in chunks of any size and keeps what it says so far."""

    __slots__ = ("_partial", "_provider", "_scan", "_setup")

    def __init__(self) -> None:
        self._partial = b""
        self._scan = _Scan()
        self._provider = Provider()
        self._setup = SetupLog()

    def feed(self, chunk: bytes) -> None:
        """Read the next bytes. A line is read once its end has come; past 8 KiB it is cut."""
        first, *rest = chunk.split(b"\n")
        self._partial += first[:_LINE_LIMIT]
        for piece in rest:
            self._line(self._partial)
            self._partial = piece[:_LINE_LIMIT]
        self._partial = self._partial[:_LINE_LIMIT]

    @property
    def signals(self) -> Signals:
        """What the whole lines read so far say."""
        scan = self._scan
        return Signals(
            records=scan.records,
            phase=scan.phase,
            steps=scan.steps,
            setup_error=self._setup.void,
            setup_warning=self._setup.warning,
            blind=scan.blind,
            after_action=scan.after_action,
            swallowed=scan.swallowed,
            refusals=self._provider.refusals,
            refusal=self._provider.refusal,
            outage=self._provider.outage,
            throttled=self._provider.throttled,
            limits=self._provider.limits,
            answers=self._provider.answers,
            heard_provider=self._provider.heard,
            arguments=scan.arguments,
            traceback="\n".join(scan.traceback),
            last_line=clean(scan.last_line, _NOTE_LIMIT),
            started=_seconds(scan.first_at),
            ended=_seconds(scan.last_at),
        )

    def _line(self, line: bytes) -> None:
        text = without_sequences(line[:_LINE_LIMIT].decode("utf-8", "replace")).rstrip("\r\n")
        scan = self._scan
        if text.strip():
            scan.last_line = text
        match = _RECORD.match(text) if text.startswith("[") else None
        if match is None:
            self._continuation(text)
            return
        at, scan.level, module, message = match.groups()
        scan.records += 1
        scan.first_at, scan.last_at = scan.first_at or at, at
        scan.capturing = False
        scan.broken_line = module == "lib_run_single" and not message.strip()
        self._record(module, message)

    def _record(self, module: str, message: str) -> None:
        self._listen(message)
        if module == "lib_run_single":
            self._client(message)
        elif module == "setup":
            if self._scan.phase is ClientPhase.SETUP:
                self._setup.record(message, loud=self._scan.level in _BAD)
        elif module == "desktop_env":
            self._environment(message)
        elif module == "run":
            self._runner(message)

    def _runner(self, message: str) -> None:
        # A traceback begins with its first exception, which need not have been raised itself.
        if begins_traceback(message) or self._scan.failed:
            self._scan.capturing = True
            self._scan.traceback = [message]
        elif message.startswith(_ARGUMENTS):
            self._scan.arguments = message.removeprefix(_ARGUMENTS)
        self._scan.failed = self._scan.level in _BAD and message.startswith(_FAILED)

    def _continuation(self, text: str) -> None:
        scan = self._scan
        if scan.broken_line and text.strip():
            # WAA-V2 begins its step records with two line breaks, and says no "Thinking".
            scan.broken_line = False
            scan.says_no_thinking = scan.says_no_thinking or _STEP.match(text) is not None
            self._client(text)
            return
        if scan.capturing and len(scan.traceback) < _TRACEBACK_LINES:
            scan.traceback.append(text)
        if scan.phase is not ClientPhase.ACTING:
            self._listen(text)

    def _listen(self, message: str) -> None:
        """Hear the provider, except while an action runs or the evaluator does."""
        scan = self._scan
        thinks_unsaid = scan.says_no_thinking and scan.phase is ClientPhase.ACTING
        if scan.phase in (ClientPhase.SETUP, ClientPhase.THINKING) or thinks_unsaid:
            self._provider.listen(message, believed=scan.level in _LOUD)

    def _client(self, message: str) -> None:
        scan = self._scan
        step = _STEP.match(message)
        if step is not None:
            scan.steps += step.group(1) != scan.step
            scan.step = step.group(1)
        # A record forged inside an action's text lies between its step and its reward.
        if step is not None or message.startswith("Reward: "):
            scan.phase, scan.blind, scan.after_action = ClientPhase.ACTING, False, True
            self._provider.answered()
        elif message.startswith("Agent: Thinking"):
            scan.phase, scan.blind, scan.after_action = ClientPhase.THINKING, False, False
        elif message.startswith("Observation is None"):
            scan.phase, scan.blind = ClientPhase.BLIND, True
        elif message.startswith("Running evaluator"):
            scan.phase = ClientPhase.EVALUATING

    def _environment(self, message: str) -> None:
        scan = self._scan
        if scan.phase is ClientPhase.SETUP:
            self._setup.environment(message)
        if scan.level in _BAD and message.startswith("An unexpected error occurred:"):
            scan.swallowed = scan.swallowed or clean(message, _NOTE_LIMIT)


def scan_file(path: Path) -> Signals:
    """Return what a finished log says: all of it up to 64 MiB, of a longer one its two ends."""
    scanner = LogScanner()
    for chunk in files.head_and_tail(path, _HEAD_LIMIT, _TAIL_LIMIT):
        scanner.feed(chunk)
    scanner.feed(b"\n")
    return scanner.signals


class LogFollower:
    """Reads a growing log from where it stopped. A log that shrank is read anew."""

    __slots__ = ("_offset", "_path", "_scanner")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._scanner = LogScanner()

    def poll(self) -> Signals:
        """Read what has come since (at most 4 MiB a call) and return what the log says so far."""
        with files.opened(self._path) as descriptor:
            if descriptor is not None:
                if files.size_of(self._path) < self._offset:
                    self._offset = 0
                    self._scanner = LogScanner()
                chunk = files.read_at(descriptor, self._offset, _POLL_LIMIT) or b""
                self._offset += len(chunk)
                self._scanner.feed(chunk)
        return self._scanner.signals


def combined(task: Signals, client: Signals) -> Signals:
    """Return what a task's own log and its client's output say together.

    The task's log has every module's records, the output only the client's own; but an agent may
    print what it does not log. Its arguments it says before the task has a log.
    """
    if task.records == 0:
        return client
    task = replace(task, arguments=client.arguments or task.arguments)
    if task.heard_provider:
        return task
    return replace(
        task,
        refusals=client.refusals,
        refusal=client.refusal,
        outage=task.outage or client.outage,
        throttled=client.throttled,
        limits=client.limits,
        answers=client.answers,
    )


def _seconds(stamp: str) -> float:
    try:
        return datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return 0.0
