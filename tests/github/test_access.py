from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.github import AppAccess, FailureKind, GitHubError, Secret, open_github
from tests.fakes.github import Fault, VirtualClock, Wound
from tests.fakes.github.tokens import new_private_key

if TYPE_CHECKING:
    from orchestrator.github import GitHub
    from tests.fakes.github import FakeGitHub

INSTALLATION = ("GET", "/installation")
TOKEN = ("POST", "/app/installations/7/access_tokens")


@pytest.fixture(autouse=True)
def run(fake: FakeGitHub) -> None:
    fake.add_run(500)


def test_an_app_finds_its_installation_and_calls_with_its_token(
    fake: FakeGitHub, as_app: GitHub
) -> None:
    as_app.runners.mint("vm-1", ["run"])
    as_app.runs.find(500)

    assert fake.count(*INSTALLATION) == 1
    assert fake.count(*TOKEN) == 1


def test_a_token_is_fetched_anew_before_its_hour_ends(fake: FakeGitHub, as_app: GitHub) -> None:
    assert isinstance(fake.clock, VirtualClock)
    for _ in range(6 * 6):
        assert as_app.runs.find(500) is not None
        fake.clock.advance(600)

    assert fake.count(*INSTALLATION) == 1
    assert 6 <= fake.count(*TOKEN) <= 8
    assert 401 not in {request.status for request in fake.seen}


def test_a_revoked_token_is_replaced_once(fake: FakeGitHub, as_app: GitHub) -> None:
    as_app.runs.find(500)
    fake.tokens.revoke_all()

    assert as_app.runs.find(500) is not None
    assert fake.count(*TOKEN) == 2


def test_threads_share_one_token(fake: FakeGitHub, as_app: GitHub) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: as_app.runs.find(500), range(24)))

    assert all(results)
    assert fake.count(*TOKEN) == 1


def test_a_token_endpoint_that_fails_for_a_moment_is_asked_again(
    fake: FakeGitHub, as_app: GitHub
) -> None:
    fake.faults.add(Fault("access_tokens", Wound.REFUSE, 502, "Bad gateway"))
    fake.faults.add(Fault("access_tokens", Wound.DROP_AFTER))

    assert as_app.runs.find(500) is not None


def test_a_key_that_is_not_the_apps_is_a_matter_of_credentials(fake: FakeGitHub) -> None:
    access = AppAccess(fake.tokens.app.app_id, Secret(new_private_key()))
    connection = replace(fake.connection(), access=access)
    with (
        open_github(connection, clock=fake.clock) as github,
        pytest.raises(GitHubError) as caught,
    ):
        github.runs.find(500)

    assert caught.value.kind is FailureKind.CREDENTIALS


def test_a_personal_token_that_github_does_not_know_fails_at_once(fake: FakeGitHub) -> None:
    with (
        open_github(fake.connection("ghp_unknown"), clock=fake.clock) as github,
        pytest.raises(GitHubError) as caught,
    ):
        github.runs.find(500)

    assert caught.value.kind is FailureKind.CREDENTIALS
    assert len(fake.seen) == 1
