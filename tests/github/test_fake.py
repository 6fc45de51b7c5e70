"""The fake keeps GitHub's rules; everything else here relies on it."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests

from tests.fakes.github import (
    DeprecatedRunnerError,
    LocalRunner,
    RunnerFate,
    RunnerGoneError,
    VirtualClock,
)

if TYPE_CHECKING:
    from orchestrator.github import GitHub
    from tests.fakes.github import FakeGitHub, JobEntry


@pytest.fixture
def clock(fake: FakeGitHub) -> VirtualClock:
    assert isinstance(fake.clock, VirtualClock)
    return fake.clock


@pytest.fixture(autouse=True)
def run(fake: FakeGitHub) -> None:
    fake.add_run(500)


def mint(github: GitHub, name: str, *labels: str) -> str:
    return github.runners.mint(name, labels).config.reveal()


def test_a_job_goes_to_a_runner_that_has_all_its_labels(fake: FakeGitHub, github: GitHub) -> None:
    fake.add_job(500, "a", ["run", "big"])
    small = fake.connect(mint(github, "small", "run"))
    big = fake.connect(mint(github, "big", "run", "big", "more"))

    assert small.take(0.05) is None
    job = big.take()
    assert job is not None
    assert (job.name, job.runner_name) == ("a", "big")


def test_a_runner_is_for_one_job(fake: FakeGitHub, github: GitHub) -> None:
    fake.add_job(500, "a", ["run"])
    fake.add_job(500, "b", ["run"])
    session = fake.connect(mint(github, "vm-1", "run"))
    assert session.take() is not None
    session.finish()

    with pytest.raises(RunnerGoneError):
        session.take(0.05)
    assert [job.status for job in github.runs.jobs(500, 1)] == ["completed", "queued"]
    assert github.runners.all() == []


def test_a_configuration_is_for_one_machine(fake: FakeGitHub, github: GitHub) -> None:
    blob = mint(github, "vm-1", "run")
    fake.connect(blob)

    with pytest.raises(RunnerGoneError):
        fake.connect(blob)


def test_a_deleted_runner_cannot_connect(fake: FakeGitHub, github: GitHub) -> None:
    minted = github.runners.mint("vm-1", ["run"])
    github.runners.delete(minted.runner.id)

    with pytest.raises(RunnerGoneError):
        fake.connect(minted.config.reveal())


def test_an_evicted_runners_job_fails_after_ten_minutes(
    fake: FakeGitHub, github: GitHub, clock: VirtualClock
) -> None:
    fake.add_job(500, "a", ["run"])
    fake.connect(mint(github, "vm-1", "run")).vanish()

    clock.advance(500)
    assert github.runs.jobs(500, 1)[0].status == "in_progress"
    clock.advance(100)
    assert github.runs.jobs(500, 1)[0].conclusion == "failure"


def test_fates(fake: FakeGitHub, github: GitHub, clock: VirtualClock) -> None:
    fake.faults.runners(RunnerFate("dead-*", never_online=True))
    fake.faults.runners(RunnerFate("old-*", deprecated=True))
    fake.faults.idle_limit_s = 120.0

    assert not fake.connect(mint(github, "dead-1", "run")).online
    with pytest.raises(DeprecatedRunnerError):
        fake.connect(mint(github, "old-1", "run"))
    idle = fake.connect(mint(github, "vm-1", "run"))
    clock.advance(121)
    with pytest.raises(RunnerGoneError):
        idle.take(0.05)


def test_a_listing_may_lag(fake: FakeGitHub, github: GitHub, clock: VirtualClock) -> None:
    fake.world.listing_lag_s = 30.0
    minted = github.runners.mint("vm-1", ["run"])

    assert github.runners.all() == []
    clock.advance(31)
    assert [runner.name for runner in github.runners.all()] == ["vm-1"]
    github.runners.delete(minted.runner.id)
    assert [runner.name for runner in github.runners.all()] == ["vm-1"]
    clock.advance(31)
    assert github.runners.all() == []


@pytest.mark.parametrize(("code", "conclusion"), [(0, "success"), (3, "failure")])
def test_a_machine_runs_a_real_process_for_its_job(
    fake: FakeGitHub, github: GitHub, code: int, conclusion: str
) -> None:
    def command(job: JobEntry) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", f"import sys; sys.exit({code})", job.name])

    blob = mint(github, "vm-1", "run")
    runner = LocalRunner(lambda: fake.connect(blob), command).start()
    fake.add_job(500, "a", ["run"])
    runner.join()

    assert runner.exit_code == code
    assert github.runs.jobs(500, 1)[0].conclusion == conclusion


def endless(_job: JobEntry) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def busy_machine(fake: FakeGitHub, github: GitHub) -> LocalRunner:
    blob = mint(github, "vm-1", "run")
    fake.add_job(500, "a", ["run"])
    runner = LocalRunner(lambda: fake.connect(blob), endless).start()
    runner.wait_until_working()
    return runner


def test_an_eviction_kills_the_process_and_tells_nobody(fake: FakeGitHub, github: GitHub) -> None:
    runner = busy_machine(fake, github)

    runner.kill()
    runner.join()

    assert runner.exit_code == -9
    assert github.runs.jobs(500, 1)[0].status == "in_progress"
    assert not github.runners.all()[0].online


def test_a_cancelled_job_interrupts_its_process(fake: FakeGitHub, github: GitHub) -> None:
    runner = busy_machine(fake, github)

    github.runs.cancel(500)
    runner.join()

    assert runner.exit_code not in (0, None)
    assert github.runs.jobs(500, 1)[0].conclusion == "cancelled"


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("POST", "/actions/runners/generate-jitconfig", {"name": "a", "runner_group_id": 1}),
        (
            "POST",
            "/actions/runners/generate-jitconfig",
            {"name": "a", "runner_group_id": 1, "labels": ["x"], "ephemeral": True},
        ),
        ("GET", "/actions/runners?label=x", None),
        ("GET", "/actions/nothing", None),
        ("POST", "/issues/3/comments", {"body": "x", "extra": 1}),
        ("POST", "/check-runs", {"name": "x", "head_sha": "a" * 40, "status": "completed"}),
    ],
)
def test_what_github_does_not_describe_is_a_violation(
    fake: FakeGitHub, verb: str, path: str, body: object
) -> None:
    token = fake.tokens.personal()
    reply = requests.request(
        verb,
        f"{fake.url}/repos/{fake.repository}{path}",
        json=body,
        headers={"Authorization": f"Bearer {token}", "Connection": "close"},
        timeout=10,
    )

    assert reply.status_code == 422
    assert len(fake.violations) == 1
    fake.violations.clear()


def test_every_request_can_be_watched_before_and_after_its_effect(
    fake: FakeGitHub, github: GitHub
) -> None:
    watched: list[tuple[int, str, str, int]] = []
    fake.faults.on_request = lambda number, call, when: watched.append(
        (number, call, when, len(fake.world.runners))
    )

    github.runners.mint("vm-1", ["run"])

    call = "POST /actions/runners/generate-jitconfig"
    assert watched == [(1, call, "before", 0), (1, call, "after", 1)]


def test_a_request_whose_sender_dies_in_the_middle_of_it_never_was(fake: FakeGitHub) -> None:
    where = urlsplit(fake.url)
    assert where.hostname is not None
    with socket.create_connection((where.hostname, where.port or 80)) as half:
        half.sendall(b"POST /repos/acme/bench/actions/runners/generate-jitconfig HTTP/1.1\r\n")
        half.sendall(b"Host: localhost\r\nContent-Length: 100\r\n\r\n{")
        half.shutdown(socket.SHUT_WR)
        assert half.recv(1) == b""
    assert fake.seen == []
