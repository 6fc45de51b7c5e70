from __future__ import annotations

from typing import TYPE_CHECKING

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

    found = github.repository.last_success("reaper.yml")

    assert found is not None
    assert (found.id, found.created_at) == (9, fake.clock.now())
    assert github.repository.last_success("idle.yml") is None
    assert github.repository.last_success("absent.yml") is None


def test_the_newest_runner(fake: FakeGitHub, github: GitHub) -> None:
    fake.world.runner_version = "2.331.0"

    assert github.repository.newest_runner_version() == "2.331.0"
