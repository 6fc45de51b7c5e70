"""What looks show of machines for the first time."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.compute.base import Instance, InstanceState, Kind
from orchestrator.fleet.cost import Spending
from orchestrator.fleet.identity import WorkflowAttempt
from orchestrator.fleet.observations import Observation, ObservedEvents
from orchestrator.fleet.view import FleetView, join
from orchestrator.github import Runner, WorkflowJob
from orchestrator.planning.costs import Rates
from tests.fleet.conftest import MINE

NAME = "waa-500-1-000-ab"
TAGS = {
    **WorkflowAttempt(MINE, 1, "run-1").tags(NAME, 9000.0),
    "waa-size": "Standard_D8s_v5",
    "waa-role": "arena",
    "waa-spot": "false",
}
RATES = {("Standard_D8s_v5", "westeurope"): Rates("Standard_D8s_v5", "westeurope", 0.4)}
SPENDING = Spending(RATES)
MACHINE = Instance(Kind.MACHINE, "/id", NAME, "westeurope", InstanceState.STARTING, TAGS, 90.0)
RUNNER = Runner(7, NAME, "offline", False, frozenset({MINE.label}))
JOB = WorkflowJob(
    *(1, "benchmark (0)", 1, "in_progress", None, frozenset({MINE.label})),
    *(7, NAME, 80.0, 140.0, None),
)


def look(
    machine: Instance | None, runner: Runner | None = None, job: WorkflowJob | None = None
) -> FleetView:
    present = [instance for instance in (machine,) if instance]
    return join(MINE, present, [runner] if runner else [], [job] if job else [])


def kinds(sightings: tuple[Observation, ...]) -> list[str]:
    return [sighting.kind for sighting in sightings]


def test_each_thing_is_told_once_when_it_is_first_seen() -> None:
    witness, first = ObservedEvents().after_look(look(MACHINE, RUNNER), SPENDING, 100.0, {NAME})
    assert kinds(first) == ["machine"]
    assert first[0].facts == {
        "size": "Standard_D8s_v5",
        "region": "westeurope",
        "spot": False,
        "role": "arena",
        "created": 90.0,
        "expires": 9000.0,
        "usd_hour": 0.4,
    }
    ready, online = replace(MACHINE, state=InstanceState.RUNNING), replace(RUNNER, status="online")
    witness, second = witness.after_look(look(ready, online), SPENDING, 130.0, {NAME})
    assert kinds(second) == ["booted", "online"]
    witness, third = witness.after_look(look(ready, online, JOB), SPENDING, 160.0, {NAME})
    assert [(sighting.kind, sighting.detail, sighting.facts) for sighting in third] == [
        ("job", "benchmark (0)", {"since": 140.0})
    ]
    assert witness.after_look(look(ready, online, JOB), SPENDING, 190.0, {NAME})[1] == ()


def test_one_look_without_a_machine_may_be_a_lag_and_two_are_its_end() -> None:
    witness, _ = ObservedEvents().after_look(look(MACHINE), SPENDING, 100.0, {NAME})
    witness, lagging = witness.after_look(look(None), SPENDING, 130.0, {NAME})
    back, _ = witness.after_look(look(MACHINE), SPENDING, 160.0, {NAME})
    again, none = back.after_look(look(None), SPENDING, 190.0, {NAME})
    assert (lagging, none) == ((), ())
    _, gone = again.after_look(look(None), SPENDING, 220.0, {NAME})
    assert [(sighting.kind, sighting.machine, sighting.facts) for sighting in gone] == [
        ("gone", NAME, {"since": 190.0})
    ]


def test_a_machine_that_was_gone_before_the_first_look_is_told_by_its_job() -> None:
    witness, once = ObservedEvents().after_look(look(None, None, JOB), SPENDING, 100.0, {NAME})
    _, twice = witness.after_look(look(None, None, JOB), SPENDING, 130.0, {NAME})
    assert (once, kinds(twice)) == ((), ["gone"])
    assert (twice[0].machine, twice[0].facts) == (NAME, {"since": 100.0})


def test_a_drain_machine_pays_for_the_disks_it_has() -> None:
    priced = {key: replace(rates, disk_hour=0.1) for key, rates in RATES.items()}
    drain = replace(MACHINE, labels={**TAGS, "waa-role": "drain"})
    assert Spending(priced, disks=2, drain_disks=1).usd_hour(MACHINE) == 0.4 + 2 * 0.1
    assert Spending(priced, disks=2, drain_disks=1).usd_hour(drain) == 0.4 + 0.1
