from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.fleet.identity import Fleet, expiry, run_of_labels, run_of_tags


@given(st.integers(1, 10**18))
def test_a_fleet_is_known_by_its_tags_and_by_its_label(run: int) -> None:
    fleet = Fleet("octo/bench", run)
    assert run_of_tags(fleet.tags) == run
    assert run_of_labels([fleet.label, "linux"]) == run


@pytest.mark.parametrize("text", ["", "0", "-1", "12a", "1e3", " 12", "1" * 30, "\uff11\uff12"])
def test_what_is_no_run_id_is_none(text: str) -> None:
    assert run_of_tags({"waa-github-run": text}) is None
    assert run_of_labels([f"waa-{text}"]) is None


def test_two_runs_labels_are_nobodys() -> None:
    assert run_of_labels(["waa-1", "waa-2"]) is None


@pytest.mark.parametrize(("text", "result"), [("1800000000", 1.8e9), ("", None), ("soon", None)])
def test_an_expiry_is_unix_seconds_or_nothing(text: str, result: float | None) -> None:
    assert expiry({"waa-expires-at": text}) == result
