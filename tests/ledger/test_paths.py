from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause
from orchestrator.ledger.paths import ClaimPath, OutcomePath, UnscoredPath
from orchestrator.planning.suite import TaskKey, Unit
from tests.records import NAMES, UNITS

A = Unit(TaskKey("chrome", "a-1.x"), 0)


@given(UNITS, st.integers(1, 10**6))
def test_a_claims_path_says_what_it_was_made_of(unit: Unit, attempt: int) -> None:
    assert paths.parse_claim(paths.claim(unit, attempt)) == ClaimPath(unit, attempt)
    assert paths.claim(unit, attempt).startswith(paths.claims_of(unit))


@given(UNITS, st.integers(1, 10**6), NAMES)
def test_an_outcomes_path_says_what_it_was_made_of(unit: Unit, attempt: int, worker: str) -> None:
    path = paths.outcome(unit, attempt, worker)
    assert paths.parse_outcome(path) == OutcomePath(unit, attempt, worker)


@given(UNITS, st.integers(1, 99), NAMES, NAMES, st.sampled_from(Cause))
def test_a_marks_path_says_what_it_was_made_of(
    unit: Unit, attempt: int, worker: str, session: str, cause: Cause
) -> None:
    mark = UnscoredPath(unit, attempt, worker, session, cause)
    assert paths.parse_unscored(paths.unscored(mark)) == mark


@given(NAMES)
def test_owned_paths_name_their_owner(name: str) -> None:
    for path in (paths.worker(name), paths.left(name), paths.session(name)):
        assert paths.parse_owned(path) == name


@given(st.text(max_size=60))
def test_arbitrary_paths_are_nothing_and_never_raise(path: str) -> None:
    for parse in (paths.parse_claim, paths.parse_outcome, paths.parse_unscored, paths.parse_owned):
        assert parse(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "claims/chrome/a/0/1.json\n",
        "claims/chrome/a/0/01.json",
        "claims/chrome/a/-1/1.json",
        "claims/../a/0/1.json",
        "claims/chrome/a/0/1.json.bak",
        "claims/chrome/a/b/0/1.json",
        "claims/chrome/.hidden/0/1.json",
        "claims/chrome/a/0/9999999999.json",
        "xclaims/chrome/a/0/1.json",
    ],
)
def test_what_only_looks_like_a_claim_is_none(path: str) -> None:
    assert paths.parse_claim(path) is None


def test_attempts_are_integers_and_not_text() -> None:
    results = [paths.parse_claim(paths.claim(A, number)) for number in (2, 10)]
    assert sorted(path.attempt for path in results if path) == [2, 10]
