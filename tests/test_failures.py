"""One taxonomy of failures for a cloud, GitHub and a store."""

from __future__ import annotations

import pytest

from orchestrator import github
from orchestrator.compute import failures as cloud
from orchestrator.errors import StoreError, StoreRefusedError
from orchestrator.failures import RETRIED, STOPS_THE_RUN, Action, FailureKind, action_for


def test_every_side_speaks_of_the_same_kinds() -> None:
    assert github.FailureKind is cloud.FailureKind is FailureKind


@pytest.mark.parametrize("kind", FailureKind)
def test_a_cloud_has_a_word_of_advice_for_every_kind(kind: FailureKind) -> None:
    text = str(cloud.Failure(kind, "ACode", "it said so"))
    assert text.startswith("ACode: it said so. ")
    assert text.endswith(".")


@pytest.mark.parametrize("kind", FailureKind)
def test_only_what_may_pass_is_repeated_and_only_what_nothing_escapes_stops_a_run(
    kind: FailureKind,
) -> None:
    assert (action_for(kind) is Action.REPEAT) == (kind in RETRIED)
    assert (action_for(kind) is Action.STOP) == (kind in STOPS_THE_RUN)


@pytest.mark.parametrize("kind", [FailureKind.NOT_FOUND, FailureKind.CONFLICT])
def test_what_is_said_of_one_thing_is_for_its_caller_to_judge(kind: FailureKind) -> None:
    assert action_for(kind) is Action.JUDGE


def test_a_stores_outage_may_pass_and_its_refusal_stands() -> None:
    assert action_for(StoreError.kind) is Action.REPEAT
    assert action_for(StoreRefusedError.kind) is Action.STOP
