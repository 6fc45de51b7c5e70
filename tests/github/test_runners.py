from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import BadInputError
from orchestrator.github import FailureKind, GitHubError, open_github
from tests.fakes.github import Fault, Wound

if TYPE_CHECKING:
    from orchestrator.github import GitHub
    from tests.fakes.github import FakeGitHub

MINT = "/actions/runners/generate-jitconfig"


def test_a_minted_runner_is_listed_by_its_label_but_is_not_online(github: GitHub) -> None:
    minted = github.runners.mint("vm-1", ["WAA-Run-9"])

    (listed,) = github.runners.with_label("waa-RUN-9")
    assert listed == minted.runner
    assert listed.labels == {"waa-run-9"}
    assert not listed.online


def test_only_a_connected_runner_is_online(fake: FakeGitHub, github: GitHub) -> None:
    minted = github.runners.mint("vm-1", ["run"])
    fake.connect(minted.config.reveal())

    (listed,) = github.runners.with_label("run")
    assert listed.online
    assert not listed.busy


def test_other_runs_runners_are_not_the_labels(github: GitHub) -> None:
    github.runners.mint("mine", ["run-1"])
    github.runners.mint("other", ["run-10"])

    assert [runner.name for runner in github.runners.with_label("run-1")] == ["mine"]
    assert {runner.name for runner in github.runners.all()} == {"mine", "other"}


def test_listing_follows_every_page(fake: FakeGitHub) -> None:
    small_pages = replace(fake.connection(), per_page=7)
    with open_github(small_pages, clock=fake.clock) as github:
        for number in range(23):
            github.runners.mint(f"vm-{number}", ["run"])

        names = [runner.name for runner in github.runners.with_label("run")]

    assert names == [f"vm-{number}" for number in range(23)]


@pytest.mark.parametrize("name", ["", "a" * 65, "a/b", "a:b", "a b", 'a"b', "a\\b", "a*", "a\n"])
def test_a_name_that_github_refuses_is_never_sent(
    fake: FakeGitHub, github: GitHub, name: str
) -> None:
    with pytest.raises(BadInputError, match="runner name"):
        github.runners.mint(name, ["run"])

    assert fake.seen == []


def test_every_problem_of_a_runner_is_told_at_once(github: GitHub) -> None:
    with pytest.raises(BadInputError) as caught:
        github.runners.mint("a/b", [""])

    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("labels", [[], ["x"] * 101, ["a,b"], [" "]])
def test_labels_that_github_refuses_are_never_sent(
    fake: FakeGitHub, github: GitHub, labels: list[str]
) -> None:
    with pytest.raises(BadInputError, match="runner labels"):
        github.runners.mint("vm-1", labels)

    assert fake.seen == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FailureKind.CONFIGURATION),
        (401, FailureKind.CREDENTIALS),
        (403, FailureKind.CREDENTIALS),
        (404, FailureKind.NOT_FOUND),
        (422, FailureKind.CONFIGURATION),
    ],
)
def test_a_refusal_stops_after_one_call(
    fake: FakeGitHub, github: GitHub, status: int, kind: FailureKind
) -> None:
    fake.faults.add(Fault(MINT, Wound.REFUSE, status, "no", times=100))

    with pytest.raises(GitHubError) as caught:
        github.runners.mint("vm-1", ["run"])

    assert caught.value.kind is kind
    assert fake.count("POST", MINT) == 1


def test_a_jobs_own_token_can_never_mint_and_the_error_says_what_is_needed(
    fake: FakeGitHub,
) -> None:
    with (
        open_github(fake.connection(fake.tokens.job()), clock=fake.clock) as github,
        pytest.raises(GitHubError, match="Administration: write") as caught,
    ):
        github.runners.mint("vm-1", ["run"])

    assert caught.value.kind is FailureKind.CREDENTIALS


def test_a_runner_group_that_is_not_there_stops(fake: FakeGitHub, github: GitHub) -> None:
    with pytest.raises(GitHubError) as caught:
        github.runners.mint("vm-1", ["run"], group=99)

    assert caught.value.kind is FailureKind.NOT_FOUND
    assert fake.count("POST", MINT) == 1


@pytest.mark.parametrize("wound", [Wound.DROP_AFTER, Wound.CUT, Wound.REFUSE_AFTER])
def test_a_mint_whose_reply_was_lost_leaves_one_entry_with_the_configuration_returned(
    fake: FakeGitHub, github: GitHub, wound: Wound
) -> None:
    fake.faults.add(Fault(MINT, wound))

    minted = github.runners.mint("vm-1", ["run"])

    assert [runner.id for runner in github.runners.all()] == [minted.runner.id]
    assert fake.connect(minted.config.reveal()).online


def test_a_mint_that_never_arrived_is_sent_again(fake: FakeGitHub, github: GitHub) -> None:
    fake.faults.add(Fault(MINT, Wound.DROP_BEFORE))
    fake.faults.add(Fault(MINT, Wound.REFUSE, 502, "Bad gateway"))

    minted = github.runners.mint("vm-1", ["run"])

    assert [runner.id for runner in github.runners.all()] == [minted.runner.id]
    assert fake.count("POST", MINT) == 3


def test_an_entry_that_never_connected_gives_way_to_a_new_one(
    fake: FakeGitHub, github: GitHub
) -> None:
    old = github.runners.mint("vm-1", ["run"])

    new = github.runners.mint("vm-1", ["run"])

    assert new.runner.id != old.runner.id
    assert [runner.id for runner in github.runners.all()] == [new.runner.id]
    assert fake.connect(new.config.reveal()).online


def test_a_connected_runner_keeps_its_name(fake: FakeGitHub, github: GitHub) -> None:
    old = github.runners.mint("vm-1", ["run"])
    fake.connect(old.config.reveal())

    with pytest.raises(GitHubError) as caught:
        github.runners.mint("vm-1", ["run"])

    assert caught.value.kind is FailureKind.CONFLICT
    assert [runner.id for runner in github.runners.all()] == [old.runner.id]


def test_a_taken_name_that_is_not_listed_yet_is_waited_for(
    fake: FakeGitHub, github: GitHub
) -> None:
    fake.world.listing_lag_s = 1.5
    fake.faults.add(Fault(MINT, Wound.DROP_AFTER))

    minted = github.runners.mint("vm-1", ["run"])

    assert list(fake.world.runners) == [minted.runner.id]


def test_a_mint_that_keeps_failing_ends(fake: FakeGitHub, github: GitHub) -> None:
    fake.faults.add(Fault(MINT, Wound.REFUSE, 500, "Server Error", times=100))

    with pytest.raises(GitHubError) as caught:
        github.runners.mint("vm-1", ["run"])

    assert caught.value.kind is FailureKind.TRANSIENT
    assert fake.count("POST", MINT) == 4


def test_deleting_a_missing_runner_is_a_success(github: GitHub) -> None:
    minted = github.runners.mint("vm-1", ["run"])

    assert github.runners.delete(minted.runner.id) is True
    assert github.runners.delete(minted.runner.id) is False
    assert github.runners.all() == []


def test_a_delete_whose_reply_was_lost_is_a_success(fake: FakeGitHub, github: GitHub) -> None:
    minted = github.runners.mint("vm-1", ["run"])
    fake.faults.add(Fault("DELETE", Wound.DROP_AFTER))

    github.runners.delete(minted.runner.id)

    assert github.runners.all() == []


def test_a_busy_runner_is_not_deleted(fake: FakeGitHub, github: GitHub) -> None:
    fake.add_run(500)
    fake.add_job(500, "shard", ["run"])
    minted = github.runners.mint("vm-1", ["run"])
    fake.connect(minted.config.reveal())

    with pytest.raises(GitHubError) as caught:
        github.runners.delete(minted.runner.id)

    assert caught.value.kind is FailureKind.CONFLICT


def test_parallel_mints_each_get_their_own_configuration(fake: FakeGitHub, github: GitHub) -> None:
    names = [f"vm-{number}" for number in range(40)]

    with ThreadPoolExecutor(16) as pool:
        minted = list(pool.map(lambda name: github.runners.mint(name, ["run"]), names))

    assert [runner.runner.name for runner in minted] == names
    assert {runner.runner.id for runner in minted} == set(fake.world.runners)
    for runner in minted:
        assert fake.connect(runner.config.reveal()).runner_id == runner.runner.id
    assert fake.count("POST", MINT) == 40
