"""Runs the commands with one code of Azure's table refused at one moment, in virtual time.

Each code is refused as far as its scope reaches: one create, every create in a zone, of a size, in
a region, or every one. What has to follow is read from the scope alone.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.codes import Code
from orchestrator.compute.azure_vm.price_table import built_in
from orchestrator.compute.failures import Action, FailureKind, Scope
from orchestrator.ledger import paths
from orchestrator.ledger.records import Outcome, to_json
from tests.fakes.arm.faults import Fate, Fault
from tests.fleet.faulting import MORE, Phase, called
from tests.fleet.stand import ATTEMPT, MINE, Stand, standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


MACHINES = 2
ALWAYS = 10_000
CREATES_LIMIT = 12 * MACHINES
"""Creates that may be asked for: each machine's tries."""

MINUTES_LIMIT = 45.0
"""Machine-minutes of a run of two jobs: one of 7 minutes, the others of one and a half."""

_CREATE = "PUT virtualMachines/waa-500"
_SIZE, _SPARE_SIZE, _REGION = "Standard_D8s_v5", "Standard_D8s_v3", "westeurope"
_LONG_JOB_S, _LATE_JOB_S = 400.0, 300.0
UNKNOWN = Code("SomethingNobodyHasSeen", FailureKind.UNKNOWN, Scope.MACHINE, "no source at all")


class Moment(StrEnum):
    """When the code is met."""

    CREATE = "create"  # provision's creates, at once
    ACCEPTED = "accepted"  # a machine that was accepted, later
    REPLACEMENT = "replacement"  # supervise's creates, beside a live shard
    DRAIN = "drain"  # the creates of drain machines, once all is scored, beside a live shard


@dataclass(frozen=True, slots=True)
class Met:
    """What became of one code at one moment.

    ``asked`` counts creates, ``refused`` those of them that met the code, ``launches`` those that
    were accepted. ``places`` are size, zone and region of the machines that came to be. ``hurt``
    are shards at work that did not end well.
    """

    code: int
    said: str
    asked: int
    refused: int
    launches: int
    places: tuple[tuple[str, str, str], ...]
    hurt: tuple[str, ...]
    minutes: float
    usd: float
    left: tuple[str, ...]


def met(code: Code, moment: Moment) -> Met:
    """Run the command that meets ``code`` at ``moment``."""
    with tempfile.TemporaryDirectory() as directory, standing(Path(directory)) as stand:
        before = len(stand.arm.world.ever)
        command, more = _prepare(stand, code, moment)
        at = len(stand.arm.seen)
        ended, said = called(stand, command, *more)
        asked = [seen for seen in stand.arm.seen[at:] if seen.call.startswith(_CREATE)]
        hurt = tuple(_hurt(stand))
        if command is Phase.SUPERVISE or ended:
            stand.end_run()
            called(stand, Phase.TEARDOWN, *MORE[Phase.TEARDOWN])
        minutes = _minutes(stand)
        refused = [seen for seen in asked if seen.status is None or seen.status >= 400]
        launches = len(stand.arm.world.ever) - before
        places = tuple(_places(stand))
        left = tuple(stand.left()) if command is Phase.SUPERVISE or ended else ()
        usd = minutes / 60.0 * built_in(_SIZE, _REGION).regular_hour
        return Met(
            ended, said, len(asked), len(refused), launches, places, hurt, minutes, usd, left
        )


def wrongs(code: Code, moment: Moment, result: Met) -> Iterator[str]:
    """Yield everything that is not as the code's scope demands."""
    stops = _stops(code, moment)
    if result.code != (4 if stops else 0):
        yield f"exit {result.code}: {result.said.strip()[-300:]}"
    if stops and code.code not in result.said:
        yield "the code is not said"
    if moment is not Moment.ACCEPTED and not result.refused:
        yield "it was never met"
    if result.hurt:
        yield f"live shards hurt: {', '.join(result.hurt)}"
    limited = code.kind is FailureKind.THROTTLED  # asked again as long as it lasts
    if result.asked > (MACHINES if stops else CREATES_LIMIT) and not limited:
        yield f"{result.asked} creates asked for"
    if moment is Moment.CREATE and result.launches != (0 if stops else MACHINES):
        yield f"{result.launches} machines"
    if result.minutes > MINUTES_LIMIT:
        yield f"{result.minutes:.0f} machine-minutes"
    if result.left:
        yield f"left: {', '.join(result.left)}"
    yield from _misplaced(code, moment, result)


def _stops(code: Code, moment: Moment) -> bool:
    """Whether a code ends the run: not where only drain machines are refused, nor where a create
    was accepted, so that nothing is wrong with what all creates share.
    """
    accepted = moment is Moment.ACCEPTED and code.kind is FailureKind.CONFIGURATION
    return code.action is Action.STOP and moment is not Moment.DRAIN and not accepted


def _misplaced(code: Code, moment: Moment, result: Met) -> Iterator[str]:
    """Yield where machines were made though it had been refused there."""
    if moment is not Moment.CREATE or code.action is not Action.ELSEWHERE:
        return
    for size, zone, region in result.places:
        if code.scope is Scope.ZONE and zone == "1":
            yield f"a machine in zone {zone}"
        if code.scope in (Scope.SIZE, Scope.FAMILY) and size == _SIZE:
            yield f"a machine of size {size}"
        if code.scope is Scope.REGION and region == _REGION:
            yield f"a machine in {region}"


def _prepare(stand: Stand, code: Code, moment: Moment) -> tuple[Phase, Sequence[str]]:
    """Bring the stand to where the code is met; return the command that meets it."""
    faults = stand.arm.faults
    spot = ("--spot", "prefer") if code.scope is Scope.SPOT else ()
    if moment is Moment.CREATE:
        faults.add(_refusal(code))
        return Phase.PROVISION, (*MORE[Phase.PROVISION], *spot)
    supervise = (*MORE[Phase.SUPERVISE], "--starved-deadline", "3", *spot)
    late = code.code if moment is Moment.ACCEPTED else "ZonalAllocationFailed"
    if moment is not Moment.DRAIN:
        faults.machines(Fate("waa-500-1-000-*", fails_with=late, fails_message="Said so.", times=1))
    stand.launched(MACHINES)
    stand.queue(MACHINES)
    stand.insides.lasts = lambda _job: _LONG_JOB_S if len(stand.insides.jobs) == 1 else 90.0
    if moment is Moment.REPLACEMENT:
        once = 1 if code.scope is Scope.ZONE else None  # whichever zone its turn has
        faults.add(_refusal(code, b"8s" if once else b"", once))
    if moment is Moment.DRAIN:
        stand.insides.work = lambda _job, facts: _all_scored(stand, facts)
        stand.arm.world.later(_LATE_JOB_S, lambda: _queue_one_more(stand))
        faults.add(_refusal(code, b'"drain"', ALWAYS))
    jobs = MACHINES + (moment is Moment.DRAIN)
    return Phase.SUPERVISE, (*supervise, "--shards", str(jobs), "--every", "60")


def _queue_one_more(stand: Stand) -> None:
    """Queue a job that came late: everything is scored, and it needs no arena."""
    stand.fake.add_job(MINE.github_run, f"benchmark ({MACHINES})", [MINE.label])


def _refusal(code: Code, holding: bytes = b"", times: int | None = None) -> Fault:
    """Refuse as far as the scope reaches; what passes by itself passes after two."""
    within = {
        Scope.ZONE: b'"zones": ["1"]',
        Scope.SIZE: _SIZE.encode(),
        Scope.FAMILY: _SIZE.encode(),
        Scope.SPOT: b'"Spot"',
        Scope.REGION: f'"location": "{_REGION}"'.encode(),
    }
    passes = code.action in (Action.REPEAT, Action.REPLACE)
    return Fault(
        _CREATE,
        status=429 if code.kind is FailureKind.THROTTLED else 409,
        code=code.code,
        message="Said so.",
        holding=holding or within.get(code.scope, b""),
        times=times or ((2 if code.action is Action.REPEAT else 1) if passes else ALWAYS),
    )


def _all_scored(stand: Stand, facts: dict[str, str]) -> str:
    """Whoever ends first has scored everything, whatever its shard: stealing does that."""
    name = facts["WAA_MATRIX_WORKER_MACHINE"]
    for unit in stand.plan.units if facts["WAA_ROLE"] == "arena" else ():
        made = Outcome(
            unit, 1, f"w-{name}", ATTEMPT.session, name, score=1.0, cause=None, seconds=60.0
        )
        stand.store.create(paths.outcome(unit, 1, f"w-{name}"), to_json(made))
    return "success"


def _hurt(stand: Stand) -> Iterator[str]:
    """Yield the jobs that a machine had taken and that did not succeed."""
    with stand.fake.world.lock:
        taken = set(stand.insides.jobs.values())
        for job in stand.fake.world.jobs.values():
            if job.name in taken and job.conclusion != "success":
                yield f"{job.name} ({job.status}, {job.conclusion})"


def _minutes(stand: Stand) -> float:
    world, now = stand.arm.world, stand.clock.now()
    mine = (name for name in world.begun if name.startswith(f"{MINE.label}-{ATTEMPT.number}-"))
    return sum((world.ended.get(name, now) - world.begun[name]) / 60.0 for name in mine)


def _places(stand: Stand) -> Iterator[tuple[str, str, str]]:
    for item in stand.arm.world.items.values():
        if item.name in stand.arm.world.begun and item.name.startswith(f"{MINE.label}-"):
            size = item.properties["hardwareProfile"]["vmSize"]
            yield size, "".join(item.zones), item.location
