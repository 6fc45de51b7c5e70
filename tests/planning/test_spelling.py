from __future__ import annotations

from orchestrator.planning.spelling import did_you_mean


def test_the_nearest_word_is_suggested_whatever_its_case() -> None:
    assert did_you_mean("Chrme", ["chrome", "clock"]) == " Did you mean chrome?"
    assert did_you_mean("zzz", ["chrome", "clock"]) == ""
