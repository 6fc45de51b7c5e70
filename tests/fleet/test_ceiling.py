"""What a run may cost in all: its machines now, and those of its earlier attempts and starts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.base import Instance, InstanceState, Kind
from orchestrator.fleet.cost import DRAIN_S, Spending
from orchestrator.fleet.event_log import EventLog
from orchestrator.fleet.identity import WorkflowAttempt
from orchestrator.fleet.view import join
from orchestrator.ledger import paths
from orchestrator.ledger.events import read_events
from orchestrator.ledger.lives import billed
from orchestrator.ledger.reader import LedgerReader
from orchestrator.ledger.records import Session
from orchestrator.ledger.session import open_session
from orchestrator.planning.costs import Bill, Rates, spent
from tests.fakes.arm.faults import Fate
from tests.fleet.conftest import MINE, Stage
from tests.fleet.faulting import called
from tests.fleet.stand import ATTEMPT, standing
from tests.fleet.test_supervise import N, provisioned, taken_down

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.fleet.ending import Ended
    from orchestrator.fleet.supervise import Supervisor
    from orchestrator.ledger.events import Event
    from tests.fakes.github import JobEntry
    from tests.fleet.stand import Stand

HOUR = 3600.0
SIZES, PLACES = ("Standard_D8s_v5", "Standard_D8s_v3"), ("westeurope", "northeurope")


def priced(usd_hour: float) -> Spending:
    """Bills of machines that all cost the same."""
    return Spending(
        {(size, place): Rates(size, place, usd_hour) for size in SIZES for place in PLACES}
    )


def test_at_the_cost_ceiling_the_run_drains_and_launches_nothing_with_an_arena(
    stage: Stage,
) -> None:
    stage.scene.arm.faults.machines(Fate(names="waa-500-1-000-*", never_boots=True))
    provisioned(stage)
    supervisor = stage.supervisor(N, N, max_usd=25.0, boot_s=600.0)
    supervisor.spending = priced(10.0)
    supervisor.run()
    assert stage.store.get(paths.control(stage.attempt.session, "drain")) is not None
    roles = [
        event.detail
        for event in stage.journal.events
        if (event.kind, event.stage) == ("create", "done")
    ]
    assert [role for role in roles[N:] if "Standard_D8" in role] == []
    taken_down(stage)


def test_a_machine_waits_until_the_ceiling_has_room_for_it(stage: Stage) -> None:
    """One of four is lost; three at work leave no room for another, and then they end."""
    stage.insides.job_s = 400.0
    provisioned(stage)
    lost = stage.scene.arm.world.find("Microsoft.Compute/virtualMachines", stage.scene.machines[-1])
    assert lost is not None
    with stage.scene.arm.lock:
        stage.scene.arm.world.remove(lost)
    troubles: list[str] = []
    # Each machine costs a dollar for the time that a drain takes: three and some, but no fourth.
    supervisor = stage.supervisor(
        N, N, max_usd=4.05, on_round=lambda done: troubles.extend(done.troubles)
    )
    supervisor.spending = priced(HOUR / DRAIN_S)
    ended = supervisor.run()
    assert ended.exit_code == 0, ended
    assert "1 machines are wanted, and the cost ceiling has room for 0" in troubles
    done = [event for event in stage.journal.events if event.stage == "done"]
    deleted = [event.at for event in done if event.kind == "delete"]
    (fifth,) = [event for event in done if event.kind == "create"][N:]
    assert fifth.text("role") == "arena"
    assert fifth.at >= min(deleted)
    assert stage.store.get(paths.control(stage.attempt.session, "drain")) is None
    taken_down(stage)


def bills(stage: Stage) -> tuple[Bill, ...]:
    """What the run's events tell of its bills."""
    events, damage = read_events(LedgerReader(stage.store).events())
    assert damage == ()
    return billed(events, stage.scene.clock.now()).bills


def first_attempt(stage: Stage) -> float:
    """Run one whose second shard fails, press "Re-run failed jobs"; return what it had cost."""

    def work(job: JobEntry, facts: dict[str, str]) -> str:
        return "failure" if job.name == "benchmark (1)" else stage.score(job, facts, N)

    provisioned(stage)
    stage.insides.work = work
    supervisor = stage.supervisor(N, N)
    supervisor.spending = priced(10.0)
    assert supervisor.run().exit_code == 1
    seen = supervisor.spending.usd(stage.scene.clock.now())
    taken_down(stage)
    stage.scene.fake.rerun_failed(MINE.github_run)
    stage.attempt = dataclasses.replace(stage.attempt, number=2)
    usd = spent(bills(stage), stage.scene.clock.now())
    # An accepted delete ends a bill by events, a listing one by looks: a minute or so later.
    assert usd == pytest.approx(seen, rel=0.25)
    return usd


def second_attempt(stage: Stage, max_usd: float) -> tuple[Ended, Supervisor, list[Event]]:
    """Supervise the attempt that runs the failed shard again; return its creates too."""
    stage.insides.work = lambda job, facts: stage.score(job, facts, N)
    before = len(stage.journal.events)
    supervisor = stage.supervisor(N, 0, max_usd=max_usd)
    supervisor.spending = priced(10.0).after_events(bills(stage), stage.scene.clock.now())
    ended = supervisor.run()
    fresh = stage.journal.events[before:]
    return (
        ended,
        supervisor,
        [event for event in fresh if (event.kind, event.stage) == ("create", "done")],
    )


def test_a_rerun_goes_on_from_what_the_first_attempt_spent(stage: Stage) -> None:
    before = first_attempt(stage)
    assert before > 0
    a_machines_drain = 10.0 * DRAIN_S / HOUR
    ended, supervisor, creates = second_attempt(stage, before + a_machines_drain * 0.9)
    assert supervisor.spending.before_usd == before
    assert [event.text("role") for event in creates] == ["drain"]
    order = stage.store.get(paths.control(stage.attempt.session, "drain"))
    assert order is not None
    assert f"{supervisor.spending.before_usd:.2f} of it were spent before".encode() in order
    assert ended.exit_code == 1
    taken_down(stage)


def test_a_rerun_brings_up_machines_while_the_ceiling_has_room(stage: Stage) -> None:
    before = first_attempt(stage)
    ended, supervisor, creates = second_attempt(stage, before + 2 * 10.0 * DRAIN_S / HOUR)
    assert ended.exit_code == 0, ended
    assert [event.text("role") for event in creates] == ["arena"]
    assert stage.store.get(paths.control(stage.attempt.session, "drain")) is None
    assert supervisor.spending.usd(stage.scene.clock.now()) > before
    taken_down(stage)


def test_a_supervisor_that_is_started_anew_counts_each_machine_once() -> None:
    """Two are known by events, of which one is there still; a third is only listed."""
    listed = [
        Instance(
            *(Kind.MACHINE, f"/{name}", name, "westeurope", InstanceState.RUNNING),
            {**WorkflowAttempt(MINE, 1, "run-1").tags(name, 9e5), "waa-size": "Standard_D8s_v5"},
            created,
        )
        for name, created in (("waa-500-1-001-b", HOUR), ("waa-500-1-002-c", 2 * HOUR))
    ]
    bills = (
        Bill("waa-500-1-000-a", 10.0, HOUR, 2 * HOUR),
        Bill("waa-500-1-001-b", 10.0, HOUR),
        Bill("waa-499-1-000-z", 10.0, 2 * HOUR),
    )
    spending = priced(10.0).after_events(bills, 3 * HOUR)
    assert spending.before_usd == 10.0 + 20.0 + 10.0
    spending = spending.after_look(join(MINE, listed, [], []), 3 * HOUR)
    assert spending.usd(3 * HOUR) == 10.0 + 20.0 + 10.0 + 10.0
    # What no listing of this fleet shows is gone; what is listed goes on.
    assert spending.usd(4 * HOUR) == 10.0 + 30.0 + 20.0 + 10.0


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with standing(tmp_path) as made:
        yield made


def spend(stand: Stand, usd: float) -> None:
    """Let an earlier attempt of the run have had a machine for an hour."""
    journal = EventLog("supervise-500-1-abc", stand.clock, stand.store)
    began = stand.clock.now() - 2 * HOUR
    facts = {"created": began, "usd_hour": usd, "expires": began + 7 * HOUR}
    journal.note("machine", "seen", "waa-500-1-000-a", facts=facts)
    journal.note("gone", "seen", "waa-500-1-000-a", facts={"since": began + HOUR})


AGAIN = ("--attempt", "2", "--every", "30")


def test_provision_says_what_earlier_starts_left_of_the_ceiling(stand: Stand) -> None:
    spend(stand, 8.0)
    code, said = called(stand, "provision", "--workers", "2", "--max-cost", "20", *AGAIN)
    assert code == 0, said
    assert "8.00 of 20.00 USD are spent, on 1 machines of earlier starts: 12.00 are left" in said


def test_provision_refuses_what_the_rest_of_the_ceiling_does_not_pay_for(stand: Stand) -> None:
    spend(stand, 8.0)
    code, said = called(stand, "provision", "--workers", "2", "--max-cost", "8.01", *AGAIN)
    assert code == 2, said
    assert "--max-cost: is 8.01 USD, of which 8.00 are spent" in said
    assert stand.left() == []


def test_provision_without_a_ceiling_asks_for_no_bills(stand: Stand) -> None:
    spend(stand, 8.0)
    code, said = called(stand, "provision", "--workers", "2", *AGAIN)
    assert code == 0, said
    assert "are spent" not in said


def test_supervise_counts_what_an_earlier_attempt_spent(stand: Stand) -> None:
    spend(stand, 8.0)
    session = Session(ATTEMPT.session, stand.clock.now() - 3 * HOUR, "provision", 1)
    open_session(stand.store, stand.plan, session)
    stand.queue(1)
    (job,) = stand.fake.world.jobs_of(MINE.github_run, 1)[1:]
    stand.fake.finish_job(job.id, "failure")
    stand.fake.rerun_failed(MINE.github_run)
    code, said = called(stand, "supervise", "--shards", "1", "--max-cost", "8.1", *AGAIN)
    assert code == 1, said
    assert "the cost ceiling of 8.10 USD (8.00 of it were spent before) leaves no room" in said
    order = stand.store.get(paths.control(f"{MINE.github_run}-2", "drain"))
    assert order is not None


def test_a_machine_that_nobody_saw_go_is_billed_until_it_expired(stand: Stand) -> None:
    """What a killed run left: somebody took it, at a time that no event tells."""
    journal = EventLog("provision-500-1-abc", stand.clock, stand.store)
    began = stand.clock.now() - 20 * HOUR
    facts = {"created": began, "usd_hour": 1.0, "expires": began + 7 * HOUR}
    journal.note("create", "done", "waa-500-1-000-a", facts=facts)
    code, said = called(stand, "provision", "--workers", "2", "--max-cost", "20", *AGAIN)
    assert code == 0, said
    assert "7.00 of 20.00 USD are spent, on 1 machines of earlier starts" in said
    assert "1 of them were not seen to go, and are billed until they expired" in said


def test_what_cannot_be_counted_is_said(stand: Stand) -> None:
    spend(stand, 8.0)
    journal = EventLog("supervise-500-1-def", stand.clock, stand.store)
    journal.note("machine", "seen", "waa-500-1-001-b", facts={"usd_hour": None})
    stand.store.create(paths.event("supervise-500-1-ghi", 1), b"{")
    code, said = called(stand, "provision", "--workers", "2", "--max-cost", "20", *AGAIN)
    assert code == 0, said
    assert "1 events cannot be read" in said
    assert "1 machines have no known price" in said
