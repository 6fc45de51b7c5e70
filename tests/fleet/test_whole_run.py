"""Whole runs through the installed command: real workers, and everything that goes wrong.

Azure and GitHub are played; the processes, the store, its keys and the wire are real.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from orchestrator.compute.azure_vm.price_table import built_in
from orchestrator.fleet.cost import DRAIN_S
from orchestrator.fleet.identity import ROLE_TAG, SIZE_TAG, SPOT_TAG
from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause
from orchestrator.planning.costs import MachineKind, hourly
from orchestrator.report import schema
from tests.fakes.arm.faults import Fate, Fault
from tests.fakes.github import RunnerFate
from tests.fleet.whole import MINE, OTHER, WholeRun, whole_run
from tests.fleet.whole_secrets import secrets_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.azurite

SHARDS = 8
EVICTED, REFUSED, NEVER_ONLINE, FAILED, NEVER_BOOTS = 1, 2, 5, 6, 7
INSTEAD_OF_FAILED, INSTEAD_OF_NEVER, DRAIN = 8, 9, 10

BEATS = ("--heartbeat", "1.5", "--lease", "9")
SIGNATURE = re.compile(rb"sig=[A-Za-z0-9%+/]{20,}")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[WholeRun]:
    with whole_run(tmp_path) as run:
        yield run


def name_of(number: int, attempt: int = 1) -> str:
    """What the names of a machine's tries begin with."""
    return f"{MINE.label}-{attempt}-{number:03d}-"


def script(run: WholeRun) -> None:
    """What goes wrong, by the number of the machine."""
    arm, github = run.arm, run.github
    refused = Fault(f"PUT virtualMachines/{name_of(REFUSED)}", status=409)
    refused.code = "ZonalAllocationFailed"
    # From the tenth on there is no room for an arena anywhere: only a drain machine can be had.
    full = Fault(f"PUT virtualMachines/{name_of(DRAIN)}", status=409, times=10_000)
    full.code, full.holding = "AllocationFailed", b"Standard_D8"
    arm.faults.add(refused, full)
    arm.faults.machines(Fate(f"{name_of(FAILED)}*", fails_with="ZonalAllocationFailed"))
    arm.faults.machines(Fate(f"{name_of(NEVER_BOOTS)}*", never_boots=True))
    github.faults.runners(RunnerFate(f"{name_of(NEVER_ONLINE)}*", never_online=True))


def tokens_end_soon(run: WholeRun) -> None:
    """Tokens that end while a run lasts: the cloud's in seconds, the App's renewed after ten."""
    run.arm.identity.lifetime_s, run.arm.identity.refused_after_s = 6, 20.0
    run.github.tokens.life_s, run.github.tokens.refused_after_s = 310.0, 30.0


def test_a_whole_run_loses_no_task_and_leaves_nothing(run: WholeRun) -> None:
    script(run)
    tokens_end_soon(run)
    provisioned = run.provision(SHARDS, "--spot", "prefer", "--speed", "400", *BEATS)
    assert (provisioned.exit_code, run.shards) == (0, SHARDS), provisioned.output
    run.github.world.lost_after_s = 15.0
    signed_in, installations = run.arm.identity.assertions, run.github.tokens.installations
    with run.supervised("--spot", "prefer", "--boot-deadline", "0.17"):
        inside = run.inside(EVICTED)
        evicted = inside.name
        run.until(
            lambda: run.events_of("machine", "seen", EVICTED), "the supervisor sees the machine"
        )
        task = run.until(lambda: run.frozen(inside), "the machine to evict is in mid-task")
        run.evict(evicted)
    supervised = run.done[-1]
    assert supervised.exit_code == 0, supervised.output
    assert "every job is over and every task is scored" in supervised.output

    every_task_is_accounted_for(run, task, evicted)
    each_machine_had_its_fate(run, evicted)
    assert run.arm.identity.assertions >= signed_in + 3
    assert run.github.tokens.installations >= installations + 2

    the_report_tells_it_and_the_proof(run)
    only_the_other_runs_are_left(run)
    no_secret_shows(run)


def only_the_other_runs_are_left(run: WholeRun) -> None:
    """Of this run nothing, of the other its machine with each part, and its runner."""
    name = f"{OTHER.label}-1-000-abcd"
    parts = [f"{name}-{part}" for part in ("data0", "ip", "nic", "os")]
    assert run.left() == [name, name, *parts]


def every_task_is_accounted_for(run: WholeRun, task: str, evicted: str) -> None:
    """154 of 154 scored; the evicted machine's attempt is lost, and another worker's scored."""
    folded = run.reader.fold()
    assert len(folded.results) == 154
    assert folded.complete
    lost = next(result for result in folded.results if str(result.unit) == task)
    first, *others = lost.attempts
    assert (first.cause, first.machine) == (Cause.LOST, evicted)
    assert lost.counted in others
    assert lost.counted is not None
    assert lost.counted.machine != evicted
    assert [event.detail for event in run.events_of("worker lost", "seen")] == [first.worker]


def each_machine_had_its_fate(run: WholeRun, evicted: str) -> None:
    """Who took a job, how it ended, and what was launched instead of whom."""
    exits = {name: inside.exit_code for name, inside in run.metal.inside.items() if inside.job}
    assert {name for name, code in exits.items() if code != 0} == {evicted}
    ended = {job.name: job.conclusion for job in run.jobs()}
    gone = run.metal.inside[evicted].job
    assert gone is not None
    assert [name for name, how in ended.items() if how != "success"] == [gone.name]

    assert "ZonalAllocationFailed" in run.events_of("create", "failed", REFUSED)[0].detail
    assert len(run.events_of("create", number=REFUSED)) == 1
    assert "ZonalAllocationFailed" in run.events_of("delete", number=FAILED)[0].detail
    for number in (NEVER_ONLINE, NEVER_BOOTS):
        assert "was not online within 10 s" in run.events_of("delete", number=number)[0].detail
    for number in (INSTEAD_OF_FAILED, INSTEAD_OF_NEVER):
        assert run.inside(number).job is not None

    created = run.events_of("create")
    assert len(created) == SHARDS + 3 <= 2 * SHARDS
    drain = run.inside(DRAIN)
    assert drain.facts["WAA_ROLE"] == "drain"
    (born,) = [event for event in created if event.machine == drain.name]
    assert (born.text("size"), born.yes("spot"), born.text("role")) == (
        "Standard_B2s",
        False,
        "drain",
    )
    assert drain.tags[ROLE_TAG] == "drain"
    assert (drain.tags[SIZE_TAG], drain.tags[SPOT_TAG]) == ("Standard_B2s", "false")
    # Azure wants every data disk of the image in the body, and this machine needs none of them.
    disks = drain.body["storageProfile"]["dataDisks"]
    assert [(disk["lun"], disk["deleteOption"]) for disk in disks] == [(0, "Delete")]


def the_report_tells_it_and_the_proof(run: WholeRun) -> None:
    """Deletes first, then a report, then the proof, then the report with it."""
    closed = run.call("teardown", *run.cloud, *run.ledger, "--no-wait")
    assert closed.exit_code == 0, closed.output
    reported = run.call("report", *run.ledger, "--run", run.name, "--out", "report")
    assert reported.exit_code == 0, reported.output
    assert run.results("report")["fleet"]["proof"] is None
    proved = run.call("teardown", *run.cloud, *run.ledger, "--every", "0.3")
    assert proved.exit_code == 0, proved.output
    assert "nothing is left" in proved.output
    again = run.call("report", *run.ledger, "--run", run.name, "--out", "report")
    assert again.exit_code == 0, again.output
    the_document_is_right(run)
    status = run.call("status", *run.ledger, "--run", run.name)
    assert status.exit_code == 0, status.output
    assert "USD so far" in status.output


def the_document_is_right(run: WholeRun) -> None:
    document = run.results("report")
    Draft202012Validator(schema()).validate(document)
    assert document["counts"] == {
        "expected": 154,
        "scored": 154,
        "infrastructure": 0,
        "missing": 0,
    }
    fleet = document["fleet"]
    assert document["damage"] == []
    assert (fleet["proof"]["proved"], fleet["proof"]["left"]) == (True, [])
    cost = fleet["cost"]
    assert (cost["open_machines"], cost["unpriced_machines"]) == (0, 0)
    assert 0 < cost["per_task_usd"] < cost["per_success_usd"] < cost["final_usd"]
    assert cost["predicted_usd"] > 0
    assert document["run"]["cost_usd"] == cost["final_usd"]
    assert fleet["minutes"]["ratio"] > 1
    phases = [phase["phase"] for phase in fleet["phases"]]
    assert phases == ["create", "boot", "online", "job", "first task"]
    machines = {machine["name"]: machine for machine in fleet["machines"]}
    assert len(machines) == SHARDS + 3
    worked = [machine for machine in machines.values() if machine["first_task"] is not None]
    # A machine that replaced another may have come when nothing was left: it has no first task.
    outcomes = run.reader.snapshot().outcomes.values()
    assert {entry["name"] for entry in worked} == {
        outcome.machine for outcome in outcomes if outcome
    }
    assert SHARDS - 3 <= len(worked) <= SHARDS - 3 + 2
    moments = ("launched", "created", "booted", "online", "job", "first_task", "deleted")
    for entry in worked:
        seen = [entry[moment] for moment in moments if entry[moment] is not None]
        assert seen == sorted(seen), entry
    summary = (run.root / "report" / "summary.md").read_text()
    assert "### Fleet" in summary
    assert "Proved gone" in summary


def no_secret_shows(run: WholeRun) -> None:
    secrets = {secret.encode() for secret in secrets_of(run)}
    assert len(secrets) > 40
    read = 0
    for name, text in texts_of(run):
        read += 1
        assert not SIGNATURE.search(text), name
        assert [secret for secret in secrets if secret in text] == [], name
    assert read > 500


def test_failed_jobs_that_are_run_again_get_machines_and_finish_the_run(run: WholeRun) -> None:
    small = ("--sample", "24", "--seed", "3", "--speed", "250", *BEATS)
    assert run.provision(3, *small).exit_code == 0
    for number in range(3):
        name = run.inside(number).name
        run.until(lambda name=name: run.held(name), f"machine {number} works")
    assert run.call("teardown", *run.cloud, *run.ledger, "--every", "0.3").exit_code == 0
    assert [name for name in run.left() if name.startswith(MINE.label)] == []
    run.until(lambda: all(job.over for job in run.settled_jobs()), "the jobs are given up")
    assert {job.conclusion for job in run.jobs()} == {"failure"}

    run.github.rerun_failed(MINE.github_run)
    run.attempt = 2
    with run.supervised():
        assert run.inside(2).name.startswith(name_of(2, attempt=2))
    supervised = run.done[-1]
    assert supervised.exit_code == 0, supervised.output
    assert "attempt 2 is a re-run" in supervised.output
    folded = run.reader.fold()
    assert folded.complete
    assert [session.who for session in folded.sessions] == ["provision", "supervise"]
    assert {job.conclusion for job in run.jobs()} == {"success"}
    assert run.call("teardown", *run.cloud, *run.ledger, "--every", "0.3").exit_code == 0
    only_the_other_runs_are_left(run)
    no_claim_was_scored_twice(run)


def no_claim_was_scored_twice(run: WholeRun) -> None:
    """What the first attempt scored was not run again."""
    for result in run.reader.fold().results:
        scored = [outcome for outcome in result.attempts if outcome.cause is None]
        assert len(scored) == 1, result


def test_at_the_cost_ceiling_a_run_drains_and_ends(run: WholeRun) -> None:
    run.github.faults.runners(RunnerFate(f"{name_of(3)}*", never_online=True))
    assert run.provision(4, "--sample", "60", "--speed", "60", *BEATS).exit_code == 0
    rates = built_in("Standard_D8s_v5", "westeurope")
    each = hourly(rates, MachineKind(disks=2)) / 3600
    ceiling = 4 * each * (DRAIN_S + 9)
    with run.supervised("--max-cost", f"{ceiling:.6f}", "--boot-deadline", "0.25"):
        drained = run.until(
            lambda: run.store.get(paths.control(f"{MINE.github_run}-1", "drain")), "the run drains"
        )
    supervised = run.done[-1]
    assert b"cost ceiling" in drained
    assert supervised.exit_code == 1, supervised.output
    (order,) = run.events_of("drain")
    later = [event for event in run.events_of("create") if event.at >= order.at]
    assert [event.text("role") for event in later] == ["drain"]
    assert all(job.over for job in run.jobs())
    assert run.call("teardown", *run.cloud, *run.ledger, "--every", "0.3").exit_code == 0
    only_the_other_runs_are_left(run)
    reported = run.call("report", *run.ledger, "--run", run.name, "--out", "report")
    assert reported.exit_code == 1, reported.output
    counts = run.results("report")["counts"]
    assert counts["scored"] + counts["missing"] == counts["expected"] == 60
    assert 0 < counts["missing"] < 60
    assert run.results("report")["fleet"]["cost"]["final_usd"] < ceiling
