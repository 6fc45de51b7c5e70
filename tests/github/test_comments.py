from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import BadInputError
from orchestrator.github import open_github
from tests.fakes.github import Fault, Wound

if TYPE_CHECKING:
    from orchestrator.github import GitHub
    from tests.fakes.github import FakeGitHub

POST = "POST /issues/3/comments"


def bodies(fake: FakeGitHub) -> list[str]:
    return [comment.body for comment in fake.world.comments.values()]


def test_a_comment_is_written_once_and_then_updated(fake: FakeGitHub, github: GitHub) -> None:
    first = github.comments.put(3, "result", "running")
    second = github.comments.put(3, "result", "done")

    assert first.created
    assert not second.created
    assert first.id == second.id
    (body,) = bodies(fake)
    assert body.startswith("<!-- waa-matrix:result -->\n")
    assert body.endswith("done")


def test_each_key_and_each_pull_request_has_its_own(github: GitHub) -> None:
    written = {
        github.comments.put(number, key, "text").id for number in (3, 4) for key in ("a", "a.b")
    }

    assert len(written) == 4


def test_it_is_found_behind_many_others(fake: FakeGitHub, github: GitHub) -> None:
    for number in range(150):
        fake.add_comment(3, f"chat {number}")
    first = github.comments.put(3, "result", "one")

    assert github.comments.put(3, "result", "two").id == first.id


def test_a_quoted_marker_is_no_marker(fake: FakeGitHub, github: GitHub) -> None:
    fake.add_comment(3, "look:\n<!-- waa-matrix:result -->")

    assert github.comments.put(3, "result", "text").created


def test_a_marker_planted_by_another_account_is_passed_over(fake: FakeGitHub) -> None:
    planted = fake.add_comment(3, "<!-- waa-matrix:result -->\nmine", login="mallory")
    with open_github(fake.connection(fake.tokens.job()), clock=fake.clock) as github:
        first = github.comments.put(3, "result", "one", author="github-actions[bot]")
        second = github.comments.put(3, "result", "two", author="github-actions[bot]")

    assert first.id == second.id != planted.id
    assert fake.world.comments[planted.id].body.endswith("mine")


@pytest.mark.parametrize("wound", [Wound.DROP_AFTER, Wound.CUT, Wound.REFUSE_AFTER])
def test_a_create_whose_reply_was_lost_is_not_repeated(
    fake: FakeGitHub, github: GitHub, wound: Wound
) -> None:
    fake.faults.add(Fault(POST, wound))

    github.comments.put(3, "result", "text")

    assert len(bodies(fake)) == 1


def test_a_comment_deleted_between_look_and_update_is_written_anew(
    fake: FakeGitHub, github: GitHub
) -> None:
    first = github.comments.put(3, "result", "one")

    def delete(_number: int, call: str, when: str) -> None:
        if call.startswith("PATCH") and when == "before":
            fake.world.comments.pop(first.id, None)

    fake.faults.on_request = delete
    assert github.comments.put(3, "result", "two").created


def test_a_long_body_is_cut_and_says_so(fake: FakeGitHub, github: GitHub) -> None:
    github.comments.put(3, "result", "é" * 100_000)

    (body,) = bodies(fake)
    assert len(body) == 65_536
    assert "Shortened" in body


@pytest.mark.parametrize("key", ["", "Result", "a b", "-->", "a" * 65])
def test_a_key_that_would_break_the_marker_is_refused(github: GitHub, key: str) -> None:
    with pytest.raises(BadInputError, match="comment key"):
        github.comments.put(3, key, "text")
