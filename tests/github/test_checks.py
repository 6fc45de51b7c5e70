from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.github import Annotation, CheckRun, Conclusion, FailureKind, GitHubError, Level
from tests.fakes.github import Fault, Wound

if TYPE_CHECKING:
    from orchestrator.github import GitHub
    from tests.fakes.github import FakeGitHub

SHA = "b" * 40
CHECK = CheckRun("WAA", SHA, "run-500", "12 of 17", "Simulated.")


def remarks(count: int) -> tuple[Annotation, ...]:
    return tuple(
        Annotation("suite.json", number + 1, Level.WARNING, f"lost {number}")
        for number in range(count)
    )


def kept(fake: FakeGitHub) -> list[str]:
    (entry,) = fake.world.checks.values()
    return [annotation["message"] for annotation in entry.annotations]


def test_a_check_starts_and_ends_in_place(fake: FakeGitHub, as_app: GitHub) -> None:
    first = as_app.checks.put(CHECK)
    last = as_app.checks.put(replace(CHECK, conclusion=Conclusion.FAILURE, summary="Done."))

    assert first == last
    (entry,) = fake.world.checks.values()
    assert entry.values["status"] == "completed"
    assert entry.values["conclusion"] == "failure"
    assert entry.values["output"]["summary"] == "Done."


def test_each_run_has_its_own_check_on_a_commit(fake: FakeGitHub, as_app: GitHub) -> None:
    as_app.checks.put(CHECK)
    as_app.checks.put(replace(CHECK, key="run-501"))

    assert len(fake.world.checks) == 2


def test_a_filter_that_the_server_ignores_mixes_no_checks_up(
    fake: FakeGitHub, as_app: GitHub
) -> None:
    fake.world.ignores_filters = True
    first = as_app.checks.put(replace(CHECK, name="another's"))
    assert as_app.checks.put(CHECK) != first
    assert [check.values["name"] for check in fake.world.checks.values()] == ["another's", "WAA"]


def test_annotations_go_in_fifties_and_arrive_once(fake: FakeGitHub, as_app: GitHub) -> None:
    as_app.checks.put(replace(CHECK, annotations=remarks(120)))

    assert kept(fake) == [f"lost {number}" for number in range(120)]
    assert (
        sum(request.verb in ("POST", "PATCH") for request in fake.seen) == 1 + 3
    )  # a token, 3 batches


@pytest.mark.parametrize("wound", [Wound.DROP_BEFORE, Wound.DROP_AFTER, Wound.CUT])
@pytest.mark.parametrize("call", ["POST /check-runs", "PATCH /check-runs"])
def test_a_lost_reply_repeats_neither_check_nor_annotation(
    fake: FakeGitHub, as_app: GitHub, wound: Wound, call: str
) -> None:
    fake.faults.add(Fault(call, wound))

    as_app.checks.put(replace(CHECK, annotations=remarks(120)))

    assert kept(fake) == [f"lost {number}" for number in range(120)]


def test_a_later_value_adds_only_the_new_annotations(fake: FakeGitHub, as_app: GitHub) -> None:
    as_app.checks.put(replace(CHECK, annotations=remarks(3)))
    as_app.checks.put(replace(CHECK, annotations=remarks(5)))

    assert kept(fake) == [f"lost {number}" for number in range(5)]


def test_a_personal_token_is_told_what_is_needed(github: GitHub) -> None:
    with pytest.raises(GitHubError, match="as an App") as caught:
        github.checks.put(CHECK)

    assert caught.value.kind is FailureKind.CREDENTIALS


def test_texts_are_cut_to_what_github_takes(fake: FakeGitHub, as_app: GitHub) -> None:
    as_app.checks.put(replace(CHECK, title="t" * 400, summary="s" * 70_000, text="x" * 70_000))

    (entry,) = fake.world.checks.values()
    output = entry.values["output"]
    assert (len(output["title"]), len(output["summary"]), len(output["text"])) == (
        255,
        65_535,
        65_535,
    )
