from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.findings import Answer, BlockedError, Check, CheckStatus, Finding
from orchestrator.compute.keys import KeyRefusals
from orchestrator.doctor.diagnosis import diagnose, exit_code
from orchestrator.doctor.store import refusal_findings
from orchestrator.errors import MatrixError, bad_input

if TYPE_CHECKING:
    from collections.abc import Iterator

FINE = Finding("c", CheckStatus.OK, "seen")


def fails() -> None:
    raise MatrixError("no such thing")


def test_a_check_that_fails_or_breaks_hides_no_other() -> None:
    def broken() -> Iterator[Finding]:
        yield Finding("b", CheckStatus.OK, "seen before")
        raise ZeroDivisionError

    def refused() -> Iterator[Finding]:
        yield from ()
        raise bad_input("--x", "is wrong", "Correct it.")

    findings = diagnose([Check("b", broken), Check("r", refused), Check("c", lambda: [FINE])])
    assert [(finding.check, finding.status) for finding in findings] == [
        ("b", CheckStatus.OK),
        ("b", CheckStatus.FAIL),
        ("r", CheckStatus.FAIL),
        ("c", CheckStatus.OK),
    ]
    assert "ZeroDivisionError" in findings[1].what
    assert (findings[2].what, findings[2].fix, findings[2].input) == (
        "--x: is wrong",
        "Correct it.",
        True,
    )


def test_an_answer_is_asked_for_once_and_its_owner_says_why_there_is_none() -> None:
    asked = []

    def ask() -> None:
        asked.append(1)
        fails()

    answer = Answer("login", ask)

    def owner() -> Iterator[Finding]:
        answer.own()
        yield FINE

    def other() -> Iterator[Finding]:
        answer.get()
        yield FINE

    findings = diagnose([Check("a", other), Check("login", owner, "Log in."), Check("b", other)])
    assert [finding.status for finding in findings] == [
        CheckStatus.SKIPPED,
        CheckStatus.FAIL,
        CheckStatus.SKIPPED,
    ]
    assert (findings[1].what, findings[1].fix) == ("no such thing", "Log in.")
    assert "'login'" in findings[0].what
    assert asked == [1]


def test_what_blocks_a_question_is_named_and_not_the_question() -> None:
    login = Answer("login", fails)
    group = Answer("group", login.get)
    with pytest.raises(BlockedError) as caught:
        group.get()
    assert caught.value.by == "login"


def test_checks_are_made_side_by_side() -> None:
    together = threading.Barrier(8, timeout=60)

    def look() -> list[Finding]:
        together.wait()  # passes only once all eight have come here
        return [FINE]

    findings = diagnose([Check(str(number), look) for number in range(8)])
    assert findings == [FINE] * 8


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([], 0),
        ([CheckStatus.OK, CheckStatus.WARN, CheckStatus.SKIPPED], 0),
        ([CheckStatus.OK, CheckStatus.FAIL], 4),
    ],
)
def test_only_a_failure_has_an_exit_code(findings: list[CheckStatus], code: int) -> None:
    assert exit_code(Finding("c", status, "") for status in findings) == code


def test_wrong_input_counts_more_than_what_is_wrong_elsewhere() -> None:
    wrong = Finding("options", CheckStatus.FAIL, "", input=True)
    assert exit_code([Finding("c", CheckStatus.FAIL, ""), wrong]) == 2


@pytest.mark.parametrize(
    ("refusals", "let_through"),
    [
        (KeyRefusals(delete=True, other_container=True), []),
        (KeyRefusals(delete=False, other_container=True), ["a delete"]),
        (KeyRefusals(delete=True, other_container=False), ["another run's container"]),
    ],
)
def test_a_key_that_opens_too_much_is_a_failure(
    refusals: KeyRefusals, let_through: list[str]
) -> None:
    failed = [
        finding for finding in refusal_findings(refusals) if finding.status is CheckStatus.FAIL
    ]
    assert len(failed) == len(let_through)
    assert all(
        finding.what.startswith(words) for finding, words in zip(failed, let_through, strict=True)
    )
    assert all(finding.fix for finding in failed)
