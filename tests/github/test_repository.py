from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.github import GitHubError, open_github
from tests.fakes.github.tokens import ALL

if TYPE_CHECKING:
    from orchestrator.github import GitHub
    from tests.fakes.github import FakeGitHub


def test_an_environment_tells_whether_a_person_must_approve(
    fake: FakeGitHub, github: GitHub
) -> None:
    fake.world.environments |= {"azure": False, "gate": True}

    azure, gate = github.repository.environment("azure"), github.repository.environment("gate")

    assert azure is not None
    assert gate is not None
    assert (azure.has_reviewers, gate.has_reviewers) == (False, True)
    assert github.repository.environment("absent") is None


def test_a_sweepers_last_success(fake: FakeGitHub, github: GitHub) -> None:
    fake.add_run(9)
    fake.world.workflows |= {"reaper.yml": 9, "idle.yml": 0}

    run = github.repository.last_success("reaper.yml")

    assert run is not None
    assert (run.id, run.created_at) == (9, fake.clock.now())
    assert github.repository.last_success("idle.yml") is None
    assert github.repository.last_success("absent.yml") is None


def test_the_runners_releases_come_newest_first(fake: FakeGitHub, github: GitHub) -> None:
    now = fake.clock.now()
    fake.world.runner_releases = {"2.330.0": now - 86400.0, "2.331.0": now, "2.329.0": 1.0}

    releases = github.repository.runner_releases()

    assert releases is not None
    assert [release.version for release in releases] == ["2.331.0", "2.330.0", "2.329.0"]
    assert releases[0].published_at == now


def test_administration_is_proved_without_making_anything(fake: FakeGitHub, github: GitHub) -> None:
    assert github.repository.may_register_runners()
    assert fake.world.runners == {}


def test_a_token_that_reads_runners_alone_may_not_register_them(fake: FakeGitHub) -> None:
    reader = fake.tokens.personal((ALL - {"administration"}) | {"administration:read"})
    with open_github(fake.connection(reader), clock=fake.clock) as github:
        assert not github.repository.may_register_runners()


def test_a_jobs_own_token_is_told_what_it_lacks(fake: FakeGitHub) -> None:
    connection = fake.connection(fake.tokens.job())
    with (
        open_github(connection, clock=fake.clock) as github,
        pytest.raises(GitHubError, match="Administration: write"),
    ):
        github.repository.may_register_runners()
