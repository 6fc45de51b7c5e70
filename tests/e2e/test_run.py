"""``waa-matrix run`` from the outside: real processes, a real ledger, real signals."""

from __future__ import annotations

import json
import os
import secrets
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger.causes import Cause, Status
from orchestrator.ledger.reader import LedgerReader
from tests.e2e.command import RunDirectory, call, output_of, quick, start, until, workers_of
from tests.fakes.azurite import ACCOUNT, KEY
from tests.fakes.proxy import proxy_to

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.ledger.records import Outcome
    from tests.fakes.azurite import Azurite


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "out")


def overlapping(outcomes: list[Outcome]) -> bool:
    """Whether attempts of different workers overlap in time."""
    return any(
        outcome.worker != two.worker and outcome.started < two.ended and two.started < outcome.ended
        for outcome in outcomes
        for two in outcomes
    )


def test_a_run_scores_every_task_and_writes_its_report(run: RunDirectory) -> None:
    done = call(*quick(run.path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Simulated" in done.stdout
    folded = run.fold()
    assert (len(folded.results), folded.count(Status.SCORED)) == (24, 24)
    attempts = [outcome for result in folded.results for outcome in result.attempts]
    assert len(attempts) == 24
    assert overlapping(attempts)
    for name in ("report.html", "summary.md", "junit.xml"):
        assert "imulated" in (run.path / name).read_text().replace("SIMULATED", "Simulated")
    counts = run.results()["counts"]
    assert counts == {"expected": 24, "scored": 24, "infrastructure": 0, "missing": 0}


def test_each_outcome_matches_its_evidence_on_disk(run: RunDirectory) -> None:
    assert call(*quick(run.path, tasks=10)).returncode == 0
    for result in run.fold().results:
        counted = result.counted
        assert counted is not None
        name = f"{counted.attempt}-{counted.worker}"
        text = (run.ledger / "evidence" / str(result.unit) / name / "result.txt").read_text()
        score = {"True": 1.0, "False": 0.0}.get(text.strip())
        assert counted.score == (float(text) if score is None else score)


def test_killed_workers_tasks_get_a_second_attempt_by_another(run: RunDirectory) -> None:
    process = start(*quick(run.path, "--speed", "600"))
    victims: dict[str, str] = {}
    while len(victims) < 2:
        busy = until(run.working, "two workers at work")
        alive = workers_of(process.pid)
        worker = next((entry for entry in busy if entry in alive and entry not in victims), None)
        if worker is not None:
            victims[worker] = busy[worker]
            os.kill(alive[worker], signal.SIGKILL)
    assert process.wait(120) == 0, output_of(process)
    folded = run.fold()
    assert folded.count(Status.SCORED) == 24
    lost = [
        outcome
        for result in folded.results
        for outcome in result.attempts
        if outcome.cause is Cause.LOST
    ]
    assert {outcome.worker for outcome in lost} <= set(victims)
    assert lost
    for result in folded.results:
        mine = [
            outcome
            for outcome in result.attempts
            if outcome.worker in victims and outcome.cause is Cause.LOST
        ]
        if mine:
            assert result.counted is not None
            assert result.counted.worker not in victims
            assert result.counted.attempt == 2
    reasons = {folded.left[victim].reason for victim in victims}
    assert reasons == {"killed by SIGKILL"}
    output_of(process)


def test_a_worker_stopped_past_its_lease_and_continued_counts_nothing_twice(
    run: RunDirectory,
) -> None:
    process = start(*quick(run.path, "--speed", "300", tasks=20, workers=3))
    busy = until(run.working, "a worker at work")
    worker, unit = next(iter(busy.items()))
    pid = workers_of(process.pid)[worker]
    os.kill(pid, signal.SIGSTOP)
    until(lambda: run.claims_of(unit) > 1, "the task is taken over")
    os.kill(pid, signal.SIGCONT)
    assert process.wait(120) == 0, output_of(process)
    folded = run.fold()
    assert folded.count(Status.SCORED) == 20
    result = next(result for result in folded.results if str(result.unit) == unit)
    assert {outcome.worker for outcome in result.attempts} > {worker}
    numbers = Counter(outcome.attempt for outcome in result.attempts)
    assert set(numbers.values()) == {1}
    assert run.results()["counts"]["scored"] == 20
    output_of(process)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_resumed_and_counts_nothing_twice(
    run: RunDirectory, number: signal.Signals
) -> None:
    process = start(*quick(run.path))
    until(lambda: run.path.exists() and run.outcomes() >= 4, "some outcomes")
    asked = time.monotonic()
    process.send_signal(number)
    assert process.wait(60) == 130
    assert time.monotonic() - asked < 30
    said = output_of(process)
    assert f"waa-matrix run --resume --out {run.path}" in said
    assert "Stopping: giving " in said
    assert "Writing the report" in said
    assert not workers_of(process.pid)
    before = {
        outcome.unit: outcome
        for result in run.fold().results
        for outcome in result.attempts
        if outcome.score is not None
    }
    resumed = call(*quick(run.path, "--resume"))
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    folded = run.fold()
    assert folded.count(Status.SCORED) == 24
    for result in folded.results:
        scores = [outcome for outcome in result.attempts if outcome.score is not None]
        assert len(scores) == 1
        if result.unit in before:
            assert scores[0] == before[result.unit]


def test_resuming_a_complete_run_does_nothing_and_succeeds(run: RunDirectory) -> None:
    assert call(*quick(run.path, tasks=4)).returncode == 0
    before = run.fold().results
    assert call(*quick(run.path, "--resume", tasks=4)).returncode == 0
    assert run.fold().results == before


def test_a_refusing_provider_drains_the_run_loudly(run: RunDirectory) -> None:
    faults = '[{"kind": "model-401"}]'
    done = call(*quick(run.path, "--faults", faults, tasks=12, workers=3))
    assert done.returncode != 0
    folded = run.fold()
    causes = Counter(str(result.cause) for result in folded.results)
    assert causes["model"] >= 1
    assert folded.count(Status.MISSING) >= 6
    assert "provider" in done.stdout


def test_an_outage_of_the_provider_holds_the_run_and_ends_with_an_answer(
    run: RunDirectory,
) -> None:
    out_until = time.time() + 30.0
    fault = {"kind": "model-error", "text": "unreachable", "step": 0, "until": out_until}
    patient = ("--provider-patience", "1000000", "--faults", json.dumps([fault]))
    done = call(*quick(run.path, *patient, tasks=8, workers=3))

    assert done.returncode == 0, done.stdout + done.stderr
    controls = {path.name for path in (run.path / "ledger" / "run" / "control").rglob("*.json")}
    assert {"hold-1.json", "resume-1.json"} <= controls
    assert "drain.json" not in controls
    folded = run.fold()
    assert folded.complete
    attempts = [outcome for result in folded.results for outcome in result.attempts]
    failed = [outcome for outcome in attempts if outcome.cause is Cause.PROVIDER]
    assert 3 <= len(failed) <= 6
    assert "did not answer" in done.stdout


def test_a_client_with_another_model_refuses_the_run(run: RunDirectory) -> None:
    faults = '[{"kind": "wrong-client", "text": "gpt-3"}]'
    done = call(*quick(run.path, "--faults", faults, tasks=6, workers=2))

    assert done.returncode in (1, 4), done.stdout + done.stderr
    folded = run.fold()
    assert folded.count(Status.SCORED) == 0
    assert sum(len(result.attempts) for result in folded.results) <= 2
    assert "model was asked as 'gpt-4o', the client has 'gpt-3'" in done.stdout


def test_an_arena_that_never_comes_up_ends_the_run_as_infrastructure(run: RunDirectory) -> None:
    faults = '[{"kind": "never-ready"}]'
    arguments = quick(
        run.path, "--faults", faults, "--arena-start-deadline", "1", tasks=4, workers=1
    )
    done = call(*arguments)
    assert done.returncode == 4, done.stdout + done.stderr
    assert run.fold().count(Status.MISSING) == 4
    assert "No worker got as far as a task. The last one that failed said: " in done.stdout
    assert "not ready within" in done.stdout


@pytest.mark.azurite
def test_a_run_outlives_an_outage_of_its_store(tmp_path: Path, azurite: Azurite) -> None:
    """During an outage tasks are finished and nothing is claimed; nothing is lost or doubled."""
    name = f"outage-{secrets.token_hex(4)}"
    ledger = azurite.open(name)
    with proxy_to(azurite.port) as network:
        url = f"az://{ACCOUNT}?endpoint=http://127.0.0.1:{network.port}/{ACCOUNT}"
        arguments = quick(tmp_path / "out", "--store", url, "--run", name, tasks=12, workers=3)
        process = start(*arguments, environment={"AZURE_STORAGE_KEY": KEY})
        until(lambda: len(ledger.list("outcomes/")) >= 3, "some outcomes")
        network.cut()
        time.sleep(3.0)  # the outage itself: longer than a lease
        during = len(ledger.list("claims/"))
        network.mend()
        assert process.wait(120) == 0, output_of(process)
    output_of(process)
    assert during <= 3 + len(ledger.list("outcomes/"))
    folded = LedgerReader(ledger).fold()
    assert folded.count(Status.SCORED) == 12
    own = list((tmp_path / "out" / "workers").rglob("outcomes/**/*.json"))
    assert len(own) >= 12


BAD = {
    "unknown domain": (["--domains", "nowhere"], "--domains nowhere"),
    "unknown task": (["--tasks", "chrome/none"], "--tasks chrome/none"),
    "no such suite": (["--suite", "/does/not/exist.json"], "cannot be read"),
    "unpinned url": (["--suite", "https://example.invalid/x.json"], "is not pinned"),
    "plain http": (["--suite", "http://example.invalid/x.json"], "is not https"),
    "no workers": (["--workers", "0"], "--workers: is 0"),
    "short lease": (["--heartbeat", "10", "--lease", "20"], "--lease"),
    "bad arena": (["--arena", "vmware"], "--arena: 'vmware'"),
    "owned flag": (["--client-args", "--result_dir x"], "--result_dir"),
    "open quote": (["--client-args", "'x"], "cannot be split"),
    "no client": (["--client", "/does/not/exist"], "is no client tree"),
    "bad faults": (["--faults", "{"], "--faults"),
    "unset variable": (["--env", "SURELY_NOT_SET_ANYWHERE"], "is not set"),
    "bad evidence": (["--evidence", "video"], "--evidence"),
    "bad store": (["--store", "gs://bucket", "--run", "abc"], "gs://bucket names no store"),
    "out below a file": (["--out", "/etc/hostname/out"], "cannot be made in /etc/hostname"),
    "bad run name": (["--run", "No Good"], "cannot name a run"),
    "no history": (["--durations-from", "/does/not/exist.json"], "cannot be read"),
}


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.replace(" ", "-"))
def test_bad_input_is_named_and_nothing_is_started(case: str, run: RunDirectory) -> None:
    flags, words = BAD[case]
    done = call("run", "--out", str(run.path), *flags)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (run.path / "workers").exists()


def test_a_store_that_nobody_here_is_signed_in_to_is_said_before_anything_starts(
    run: RunDirectory,
) -> None:
    store = ("--store", "az://account", "--run", "abc")
    done = call("run", "--out", str(run.path), *store, PATH="/nowhere")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "check login, roles and subscription" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (run.path / "workers").exists()


def test_every_problem_is_named_at_once(run: RunDirectory) -> None:
    done = call(
        *("run", "--out", str(run.path), "--trials", "0", "--heartbeat", "-1", "--reset", "x")
    )
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    for flag in ("--trials", "--heartbeat", "--reset"):
        assert flag in done.stderr


def test_a_directory_with_a_run_is_not_overwritten(run: RunDirectory) -> None:
    assert call(*quick(run.path, tasks=3)).returncode == 0
    before = run.stored()
    again = call(*quick(run.path, tasks=3))
    assert again.returncode == 2
    assert "holds a run already" in again.stderr
    assert {stored.path for stored in run.stored()} == {stored.path for stored in before}


def test_another_plans_directory_is_refused_with_every_difference(run: RunDirectory) -> None:
    assert call(*quick(run.path, tasks=3)).returncode == 0
    other = call(*quick(run.path, "--resume", "--trials", "2", "--model", "other", tasks=3))
    assert other.returncode == 2
    assert "trials: 2 here, 1 there" in other.stderr
    assert "agent.model: 'other' here, 'gpt-4o' there" in other.stderr


def test_a_resume_takes_everything_from_the_plan(run: RunDirectory) -> None:
    assert call(*quick(run.path, "--min-free", str(2**40), tasks=6)).returncode == 4
    done = call("run", "--resume", "--out", str(run.path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert run.fold().count(Status.SCORED) == 6


def test_a_resume_in_a_store_needs_no_directory(run: RunDirectory, tmp_path: Path) -> None:
    store = (tmp_path / "kept").as_uri()
    at = ("--store", store, "--run", "nightly")
    assert call(*quick(run.path, *at, "--min-free", str(2**40), tasks=3)).returncode == 4
    out = tmp_path / "report"
    done = call("run", "--resume", *at, "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((out / "results.json").read_text())["counts"]["scored"] == 3


def test_every_option_that_differs_from_the_plan_is_refused_by_name(run: RunDirectory) -> None:
    assert call(*quick(run.path, tasks=3)).returncode == 0
    reported = (
        "--sample",
        "4",
        "--seed",
        "9",
        "--speed",
        "2",
        "--reset",
        "task",
        "--client-args=--x",
    )
    done = call("run", "--resume", "--out", str(run.path), *reported)
    assert done.returncode == 2
    for flag in ("--sample", "--seed", "--speed", "--reset", "--client-args"):
        assert f"{flag}: differs from the run's plan" in done.stderr, done.stderr


def test_workers_are_never_more_than_tasks(run: RunDirectory) -> None:
    done = call(*quick(run.path, tasks=2, workers=5))
    assert done.returncode == 0, done.stderr
    assert "Workers: 2 instead of 5" in done.stdout
    assert "2 tasks on 2 workers" in done.stdout


def test_a_real_arena_has_no_default_suite(run: RunDirectory) -> None:
    done = call("run", "--arena", "winarena", "--image", "x", "--out", str(run.path))
    assert done.returncode == 2
    assert "--suite: is missing" in done.stderr


def test_a_directory_with_other_things_in_it_is_refused(run: RunDirectory) -> None:
    run.path.mkdir()
    (run.path / "thesis.txt").write_text("precious")
    done = call(*quick(run.path, tasks=3))
    assert done.returncode == 2
    assert "not empty" in done.stderr


def test_foreign_and_truncated_objects_are_set_aside_and_named(run: RunDirectory) -> None:
    assert call(*quick(run.path, tasks=4)).returncode == 0
    victim = next((run.ledger / "outcomes").rglob("*.json"))
    victim.write_bytes(victim.read_bytes()[:40])
    (run.ledger / "claims" / "stray.json").write_text("not a claim")
    assert call("report", str(run.path), "--out", str(run.path)).returncode == 1
    document = run.results()
    assert document["counts"]["scored"] == 3
    named = "\n".join(map(str, document["damage"]))
    assert "claims/stray.json" in named
    assert victim.relative_to(run.ledger).as_posix() in named
    assert call(*quick(run.path, "--resume", tasks=4)).returncode == 0
    assert run.results()["counts"]["scored"] == 4


def test_a_forwarded_secret_is_nowhere_in_what_a_run_leaves(run: RunDirectory) -> None:
    secret = "sk-" + secrets.token_hex(16)
    done = call(*quick(run.path, "--env", "SOME_API_KEY", tasks=3), SOME_API_KEY=secret)
    assert done.returncode == 0, done.stderr
    assert secret not in done.stdout + done.stderr
    for file in run.path.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes(), file


def test_a_score_below_the_bar_is_exit_1(run: RunDirectory) -> None:
    done = call(*quick(run.path, "--fail-under", "1", tasks=3))
    assert done.returncode == 1
    assert "--fail-under is 1 (on the scale from 0 to 1)" in done.stdout


def test_a_bar_that_no_mean_can_be_at_is_refused(run: RunDirectory) -> None:
    for bar in ("1.01", "25", "-0.1"):
        done = call(*quick(run.path, "--fail-under", bar, tasks=3))
        assert done.returncode == 2
        assert "from 0 to 1" in done.stderr
    assert not run.path.exists()


def test_a_disk_that_fills_up_stops_the_run_and_loses_nothing(run: RunDirectory) -> None:
    done = call(*quick(run.path, "--min-free", str(2**40), tasks=12, workers=2))
    assert done.returncode == 4, done.stdout
    assert "disk that is almost full" in done.stdout
    assert run.fold().count(Status.SCORED) < 12
    assert call(*quick(run.path, "--resume", tasks=12, workers=2)).returncode == 0
    assert all(
        len([outcome for outcome in result.attempts if outcome.score is not None]) == 1
        for result in run.fold().results
    )
