"""Runs a phase of a fleet with something going wrong, in virtual time, and says what became of it.

The commands are the product's own, whole: arguments in, exit code and text out. ``rows`` says
what goes wrong and how each phase must end.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import tempfile
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import stamina

from orchestrator.cli import invoke
from tests.fakes.arm.faults import Fate
from tests.fakes.arm.faults import Fault as CloudFault
from tests.fleet.stand import ATTEMPT, MINE, Stand, arguments_of, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.fakes.github import Fault as GitHubFault

MACHINES = 2
LAUNCHES_LIMIT = 2 * MACHINES


class Phase(StrEnum):
    """The commands that meet the fault."""

    PROVISION = "provision"
    SUPERVISE = "supervise"
    TEARDOWN = "teardown"
    REAP = "reap"


@dataclass(frozen=True, slots=True)
class End:
    """How a command must end: its exit code, and words that it must say.

    ``keeps`` says that what the run has stays for a later call: it may not be judged now.
    """

    code: int = 0
    words: str = ""
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that goes wrong, and how each phase that meets it must end.

    ``faults`` makes the requests' faults, ``fates`` those of machines (made before they are),
    ``scene`` changes the sides in another way. ``fresh``: machines were accepted only just now.
    """

    name: str
    ends: Mapping[Phase, End]
    faults: Callable[[], Sequence[CloudFault | GitHubFault]] = lambda: ()
    fates: Callable[[], Sequence[Fate]] = lambda: ()
    scene: Callable[[Stand], None] = lambda _stand: None
    options: tuple[str, ...] = ()
    fresh: bool = False

    def end(self, phase: Phase) -> End:
        """Return how a phase must end."""
        return self.ends.get(phase, End())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row in one phase.

    ``struck`` counts requests that met the fault. ``launches`` counts creates that the cloud
    accepted. ``left`` is what was there when the command had ended and its deletes had run;
    ``after`` what was there once the fault had passed and the run was taken down. ``lost`` is what
    is gone though it was not this run's.
    """

    code: int
    said: str
    struck: int
    launches: int
    left: tuple[str, ...]
    after: tuple[str, ...]
    after_code: int
    lost: tuple[str, ...]
    faults: tuple[CloudFault | GitHubFault, ...] = field(repr=False, default=())


def outcome(row: Row, phase: Phase) -> Outcome:
    """Run a phase with a row's fault and return what became of it."""
    with tempfile.TemporaryDirectory() as directory, standing(Path(directory)) as stand:
        _prepare(stand, row, phase)
        faults = tuple(row.faults())
        before = sum(fault.times for fault in faults)
        _add(stand, faults)
        code, said = called(stand, phase, *MORE[phase], *_options(row, phase))
        struck = before - sum(fault.times for fault in faults)
        for fault in faults:
            fault.times = 0
        stand.move(300.0)
        left, launches = tuple(stand.left()), _launches(stand)
        stand.end_run()
        after_code, _ = called(stand, Phase.TEARDOWN, *MORE[Phase.TEARDOWN])
        return Outcome(
            code,
            said,
            struck,
            launches,
            left,
            tuple(stand.left()),
            after_code,
            tuple(stand.lost()),
            faults,
        )


def calls_without_fault(phase: Phase) -> frozenset[str]:
    """Return every request that a phase makes when nothing goes wrong, as faults match them."""
    with tempfile.TemporaryDirectory() as directory, standing(Path(directory)) as stand:
        _prepare(stand, Row("none", {}), phase)
        calls: set[str] = set()

        def note(_number: int, call: str, _when: str) -> None:
            calls.add(call)

        stand.arm.faults.on_request = stand.fake.faults.on_request = note
        code, said = called(stand, phase, *MORE[phase])
        assert code == 0, said
        return frozenset(calls)


def wrongs(row: Row, phase: Phase, result: Outcome) -> Iterator[str]:
    """Yield everything about an outcome that is not as it must be."""
    end = row.end(phase)
    if result.code != end.code:
        yield f"exit {result.code}, not {end.code}"
    if end.words not in _verdict(phase, result.said):
        yield f"{end.words!r} is not said"
    if result.faults and phase in row.ends and not result.struck:
        yield "the fault was never met"
    if result.faults and phase not in row.ends and result.struck:
        yield f"the fault was met {result.struck} times, and no end is given for it"
    if result.launches > LAUNCHES_LIMIT:
        yield f"{result.launches} launches for {MACHINES} jobs"
    if result.left and _claims_nothing_left(phase, result.code) and not end.keeps:
        yield f"left behind: {', '.join(result.left)}"
    if result.after or result.after_code:
        yield f"left after teardown (exit {result.after_code}): {', '.join(result.after)}"
    if result.lost:
        yield f"another's: {', '.join(result.lost)}"


def _verdict(phase: Phase, said: str) -> str:
    """Return where the words must be: a supervisor's reason is its last line, others' anywhere."""
    return said.strip().rpartition("\n")[2] if phase is Phase.SUPERVISE else said


def called(stand: Stand, command: str, *more: str) -> tuple[int, str]:
    """Call a command in this process, by the fakes' clock; return its exit code and all it said."""
    text = io.StringIO()
    handler = signal.getsignal(signal.SIGTERM)
    arguments = arguments_of(stand, command, *more)
    with (
        mock.patch.dict(os.environ, stand.environment, clear=True),
        contextlib.redirect_stdout(text),
        contextlib.redirect_stderr(text),
        stamina.set_testing(testing=True, attempts=4, cap=True),
    ):
        try:
            code = invoke(arguments, stand.clock)
        finally:
            signal.signal(signal.SIGTERM, handler)
    return code, text.getvalue()


_COUNT = str(MACHINES)
MORE: Mapping[Phase, tuple[str, ...]] = {
    Phase.PROVISION: ("--workers", _COUNT, "--min-workers", _COUNT, "--every", "10"),
    Phase.SUPERVISE: ("--shards", _COUNT, "--every", "30", "--boot-deadline", "10"),
    Phase.TEARDOWN: ("--every", "10", "--patience", "900"),
    Phase.REAP: ("--between", "60", "--every", "10", "--patience", "900"),
}


def _options(row: Row, phase: Phase) -> tuple[str, ...]:
    return row.options if phase in (Phase.PROVISION, Phase.SUPERVISE) else ()


def _prepare(stand: Stand, row: Row, phase: Phase) -> None:
    """Bring both sides to where a phase begins.

    A supervisor has something to do: unless the row has machines' fates of its own, the cloud
    cannot make one of them after all, so that it deletes, mints and creates.
    """
    fates = tuple(row.fates())
    if phase is Phase.SUPERVISE and not fates:
        fates = (Fate("waa-500-1-000-*", fails_with="ZonalAllocationFailed", times=1),)
    for fate in fates:
        stand.arm.faults.machines(fate)
    row.scene(stand)
    if phase is Phase.PROVISION:
        return
    stand.launched(MACHINES)
    if phase is Phase.SUPERVISE:
        stand.queue_when_due(MACHINES)
        return
    if not row.fresh:
        stand.move(180.0)
    if phase is Phase.REAP:
        stand.end_run()


def _add(stand: Stand, faults: Sequence[CloudFault | GitHubFault]) -> None:
    for fault in faults:
        if isinstance(fault, CloudFault):
            stand.arm.faults.add(fault)
        else:
            stand.fake.faults.add(fault)


def _launches(stand: Stand) -> int:
    names = (key.rpartition("/")[2] for key in stand.arm.world.ever)
    return sum(name.startswith(f"{MINE.label}-{ATTEMPT.number}-") for name in names)


def _claims_nothing_left(phase: Phase, code: int) -> bool:
    """Whether a command that ended so says that nothing of the run is left."""
    return code == 4 if phase is Phase.PROVISION else code == 0 and phase is not Phase.SUPERVISE
