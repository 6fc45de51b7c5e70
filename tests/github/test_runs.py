from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.github import open_github

if TYPE_CHECKING:
    from orchestrator.github import GitHub
    from tests.fakes.github import FakeGitHub


def test_jobs_tell_their_labels_and_who_took_them(fake: FakeGitHub, github: GitHub) -> None:
    fake.add_run(500)
    fake.add_job(500, "benchmark (0)", ["WAA-500"])
    waiting = fake.add_job(500, "benchmark (1)", ["WAA-500"])
    minted = github.runners.mint("vm-1", ["waa-500"])
    fake.connect(minted.config.reveal())

    first, second = github.runs.jobs(500, 1)

    assert (first.status, first.runner_name, first.runner_id) == (
        "in_progress",
        "vm-1",
        minted.runner.id,
    )
    assert first.started_at == fake.clock.now()
    assert (second.id, second.runner_name, second.runner_id) == (waiting.id, None, None)
    assert second.queued
    assert second.labels == {"waa-500"}


def test_an_attempts_jobs_are_its_own(fake: FakeGitHub, github: GitHub) -> None:
    fake.add_run(500)
    fake.finish_job(fake.add_job(500, "a", ["x"], hosted=True).id)
    fake.finish_job(fake.add_job(500, "b", ["x"], hosted=True).id, "failure")
    fake.rerun_failed(500)

    again = {job.name: job.status for job in github.runs.jobs(500, 2)}

    assert again == {"a": "completed", "b": "queued"}
    assert all(job.over for job in github.runs.jobs(500, 1))
    run = github.runs.find(500)
    assert run is not None
    assert (run.attempt, run.over) == (2, False)


def test_256_jobs_are_all_listed(fake: FakeGitHub, github: GitHub) -> None:
    fake.add_run(500)
    for number in range(256):
        fake.add_job(500, f"benchmark ({number})", ["run"])

    assert len(github.runs.jobs(500, 1)) == 256
    assert github.usage.sent == 3


def test_a_run_that_ended_is_over(fake: FakeGitHub, github: GitHub) -> None:
    fake.add_run(500)
    fake.finish_job(fake.add_job(500, "a", ["x"], hosted=True).id)

    run = github.runs.find(500)

    assert run is not None
    assert (run.over, run.conclusion) == (True, "success")


def ended(fake: FakeGitHub, run_id: int, **of: Any) -> None:
    fake.add_run(run_id, **{"workflow": "baseline.yml", "event": "push", **of})
    fake.finish_job(fake.add_job(run_id, "a", ["x"], hosted=True).id)


def test_a_branchs_completed_runs_come_newest_first(fake: FakeGitHub, github: GitHub) -> None:
    for number in (7, 9, 8):
        ended(fake, number)
        fake.clock.sleep(60)
    fake.add_run(10, workflow="baseline.yml", event="push")

    runs = github.runs.completed("baseline.yml", "main")

    assert runs is not None
    assert [run.id for run in runs] == [8, 9, 7]
    assert github.runs.completed("baseline.yml", "topic") == []
    assert github.runs.completed("absent.yml", "main") is None


@pytest.mark.parametrize(
    "of",
    [
        {"fork": True},
        {"event": "pull_request"},
        {"event": "pull_request_target"},
        {"event": "pull_request", "fork": True},
        {"event": "workflow_run"},
    ],
)
def test_code_that_nobody_merged_is_not_a_branchs_own(
    fake: FakeGitHub, github: GitHub, of: dict[str, Any]
) -> None:
    """A fork's branch may be named like ours, and GitHub lists its runs under that name."""
    ended(fake, 7, **of)
    ended(fake, 8, event="schedule")

    runs = github.runs.completed("baseline.yml", "main")

    assert runs is not None
    assert [run.id for run in runs] == [8]


def test_a_filter_that_the_server_ignores_adds_no_run(fake: FakeGitHub, github: GitHub) -> None:
    fake.world.ignores_filters = True
    ended(fake, 7, branch="topic")
    ended(fake, 8)
    fake.add_run(9, workflow="baseline.yml", event="push")
    fake.add_job(9, "still at work", ["x"], hosted=True)

    runs = github.runs.completed("baseline.yml", "main")

    assert runs is not None
    assert [run.id for run in runs] == [8]


def test_a_branchs_runs_are_one_request_however_many_there_are(
    fake: FakeGitHub, github: GitHub
) -> None:
    for number in range(130):
        ended(fake, 1000 + number)

    runs = github.runs.completed("baseline.yml", "main")

    assert runs is not None
    assert [run.id for run in runs] == list(range(1129, 1029, -1))
    assert github.usage.sent == 1


def test_an_unknown_run_is_not_said_to_be_over(github: GitHub) -> None:
    assert github.runs.find(404) is None


def test_cancelling_spares_jobs_that_always_run_unless_forced(
    fake: FakeGitHub, github: GitHub
) -> None:
    fake.add_run(500)
    fake.add_job(500, "benchmark (0)", ["run"])
    fake.add_job(500, "report", ["ubuntu-latest"], hosted=True, always=True)

    assert github.runs.cancel(500) is True
    assert {j.name: j.over for j in github.runs.jobs(500, 1)} == {
        "benchmark (0)": True,
        "report": False,
    }
    assert github.runs.cancel(500, force=True) is True
    run = github.runs.find(500)
    assert run is not None
    assert (run.over, run.conclusion) == (True, "cancelled")


def test_cancelling_what_is_over_or_unknown_is_no_error(fake: FakeGitHub, github: GitHub) -> None:
    fake.add_run(500)
    fake.finish_job(fake.add_job(500, "a", ["x"], hosted=True).id)

    assert github.runs.cancel(500) is False
    assert github.runs.cancel(404, force=True) is False


def test_an_enterprise_servers_prefix_is_kept_on_every_page() -> None:
    from tests.fakes.github import FakeGitHub

    with FakeGitHub(prefix="/api/v3") as fake:
        fake.add_run(500)
        for number in range(7):
            fake.add_job(500, str(number), ["run"])
        connection = replace(fake.connection(), per_page=3, api_url=fake.url + "/")
        with open_github(connection, clock=fake.clock) as github:
            assert [job.name for job in github.runs.jobs(500, 1)] == list("0123456")
