from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import BadInputError
from orchestrator.github import (
    Connection,
    FailureKind,
    GitHubError,
    GitHubRetryPolicy,
    Secret,
    TokenAccess,
    open_github,
)
from orchestrator.github.failures import judge
from tests.fakes.github import FakeGitHub, Fault, VirtualClock, Wound

if TYPE_CHECKING:
    from orchestrator.github import GitHub

RUN = "GET /actions/runs/500$"


@pytest.fixture(autouse=True)
def run(fake: FakeGitHub) -> None:
    fake.add_run(500)


def waited(fake: FakeGitHub) -> list[float]:
    assert isinstance(fake.clock, VirtualClock)
    return fake.clock.slept


def test_an_unchanged_read_is_asked_again_for_free(fake: FakeGitHub, github: GitHub) -> None:
    for _ in range(5):
        assert github.runs.find(500) is not None

    assert [request.status for request in fake.seen] == [200, 304, 304, 304, 304]
    assert (github.usage.sent, github.usage.counted) == (5, 1)
    assert fake.limits.counted == 1


def test_a_change_is_seen_at_the_next_read(fake: FakeGitHub, github: GitHub) -> None:
    assert github.runs.jobs(500, 1) == []
    fake.add_job(500, "late", ["run"])

    assert [job.name for job in github.runs.jobs(500, 1)] == ["late"]


def test_unchanged_pages_are_all_free_and_complete(fake: FakeGitHub) -> None:
    for number in range(7):
        fake.add_job(500, str(number), ["run"])
    connection = replace(fake.connection(), per_page=3)
    with open_github(connection, clock=fake.clock) as github:
        first = github.runs.jobs(500, 1)
        counted = github.usage.counted

        assert github.runs.jobs(500, 1) == first
        assert len(first) == 7
        assert github.usage.counted == counted == 3


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_is_waited_out_as_long_as_it_says(
    fake: FakeGitHub, github: GitHub, status: int
) -> None:
    fake.faults.secondary_limit(RUN, retry_after=17, status=status)

    assert github.runs.find(500) is not None
    assert waited(fake) == [17.0]


def test_a_secondary_limit_that_names_no_time_is_waited_out_for_a_minute(
    fake: FakeGitHub, github: GitHub
) -> None:
    fake.faults.secondary_limit(RUN)

    assert github.runs.find(500) is not None
    assert waited(fake) == [60.0]


ABUSE = "You have triggered an abuse detection mechanism"
LATER = "Please retry your request again later."
OLDER = [  # octokit.net#638, akka-bootcamp#133, nf-core/tools#970
    f"{ABUSE}. Please wait a few minutes before you try again.",
    f"{ABUSE} and have been temporarily blocked from content creation. {LATER}",
    f"You have been temporarily blocked from calling the API. {LATER}",
    "Please wait a few minutes before you try again.",
    "API rate limit exceeded for installation ID 1.",
    "You have exceeded a secondary rate limit.",
    "ABUSE DETECTION",
]


@pytest.mark.parametrize("wait_s", [None, 17])
@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("message", OLDER)
def test_a_limit_in_an_older_wording_is_a_limit(
    fake: FakeGitHub, github: GitHub, message: str, status: int, wait_s: int | None
) -> None:
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    fake.faults.add(Fault(RUN, Wound.REFUSE, status, message, headers))

    assert github.runs.find(500) is not None
    assert waited(fake) == [60.0 if wait_s is None else 17.0]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, '{"message": "No.", "documentation_url": "https://x/rest#abuse-rate-limits"}'),
        (403, '{"message": "No.", "documentation_url": "https://x/a#secondary-rate-limits"}'),
        (403, f"<html>{'x' * 900}You have exceeded a secondary rate limit.</html>"),
        (422, '{"message": "Validation Failed", "errors": ["was submitted too quickly"]}'),
    ],
)
def test_a_limit_is_known_by_the_page_it_names_and_by_words_anywhere(
    status: int, body: str
) -> None:
    verdict = judge(status, {"x-ratelimit-remaining": "4000"}, body, 0.0)
    assert (verdict.kind, verdict.wait_s) == (FailureKind.THROTTLED, 60.0)


@pytest.mark.parametrize(
    "message",
    ["Resource not accessible by integration", "Must have admin rights to Repository.", "no"],
)
def test_a_permission_that_is_missing_is_no_limit(
    fake: FakeGitHub, github: GitHub, message: str
) -> None:
    fake.faults.add(Fault(RUN, Wound.REFUSE, 403, message))
    with pytest.raises(GitHubError) as caught:
        github.runs.find(500)
    assert caught.value.kind is FailureKind.CREDENTIALS
    assert waited(fake) == []


def test_an_exhausted_hour_is_waited_out_until_its_reset(fake: FakeGitHub) -> None:
    patient = GitHubRetryPolicy(patience_s=4000.0)
    fake.limits.hourly = 1
    with open_github(fake.connection(), clock=fake.clock, policy=patient) as github:
        github.runs.find(500)
        began = fake.clock.now()

        assert github.runs.jobs(500, 1) == []
        assert fake.clock.now() - began == pytest.approx(3601.0)


def test_a_limit_beyond_the_patience_is_raised_with_githubs_figure(
    fake: FakeGitHub, github: GitHub
) -> None:
    fake.faults.secondary_limit(RUN, retry_after=5000)

    with pytest.raises(GitHubError) as caught:
        github.runs.find(500)

    assert (caught.value.kind, caught.value.wait_s) == (FailureKind.THROTTLED, 5000.0)
    assert waited(fake) == []


def test_a_throttled_write_is_sent_again_because_it_had_no_effect(
    fake: FakeGitHub, github: GitHub
) -> None:
    fake.faults.secondary_limit("POST", retry_after=5, times=2)

    minted = github.runners.mint("vm-1", ["run"])

    assert list(fake.world.runners) == [minted.runner.id]
    assert waited(fake) == [5.0, 5.0]


@pytest.mark.parametrize("wound", [Wound.DROP_BEFORE, Wound.DROP_AFTER, Wound.CUT])
def test_a_read_survives_a_broken_connection(
    fake: FakeGitHub, github: GitHub, wound: Wound
) -> None:
    fake.faults.add(Fault(RUN, wound, times=2))

    assert github.runs.find(500) is not None
    assert waited(fake) == [1.0, 2.0]


def test_a_read_that_keeps_failing_is_given_up(fake: FakeGitHub, github: GitHub) -> None:
    fake.faults.add(Fault(RUN, Wound.REFUSE, 503, "Service unavailable", times=100))

    with pytest.raises(GitHubError, match="503") as caught:
        github.runs.find(500)

    assert caught.value.kind is FailureKind.TRANSIENT
    assert fake.count("GET", "/actions/runs/500") == GitHubRetryPolicy().tries


def test_writes_never_exceed_githubs_points_a_minute() -> None:
    with FakeGitHub(points=900) as fake, open_github(fake.connection(), clock=fake.clock) as github:
        began = fake.clock.now()
        for number in range(320):
            github.runners.mint(f"vm-{number}", ["run"])

        assert {request.status for request in fake.seen} == {201}
        assert fake.clock.now() - began == pytest.approx(60.0)  # 160 writes at once, twice


def test_a_message_from_the_other_side_is_bounded_and_printable(
    fake: FakeGitHub, github: GitHub
) -> None:
    fake.faults.add(Fault(RUN, Wound.REFUSE, 400, "\x1b[31mred\n::error::x\x00" + "y" * 5000))

    with pytest.raises(GitHubError) as caught:
        github.runs.find(500)

    text = str(caught.value)
    assert len(text) < 600
    assert text.isprintable()


def test_nobody_at_the_address_is_transient_and_names_no_more_than_the_call() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        connection = Connection(
            "acme/bench",
            TokenAccess(Secret("ghp_x")),
            f"http://127.0.0.1:{taken.getsockname()[1]}",
        )
        with (
            open_github(connection, clock=VirtualClock()) as github,
            pytest.raises(GitHubError, match="no usable answer") as caught,
        ):
            github.runs.find(500)

    assert caught.value.kind is FailureKind.TRANSIENT


def test_every_problem_of_a_connection_is_told_at_once() -> None:
    wrong = Connection("acme", TokenAccess(Secret("")), "github.test")

    with pytest.raises(BadInputError) as caught:
        open_github(wrong)

    assert len(caught.value.problems) == 3
