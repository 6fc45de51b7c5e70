"""The phrases of what describes a difference and decides nothing, shared by every surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.report.formats.comparison_phrases import (
    DIRECTIONS,
    TESTS,
    p_is,
    p_of,
    point_range,
    points,
)

if TYPE_CHECKING:
    from orchestrator.comparison.compare import Paired


def scores(paired: Paired) -> str:
    """Return what describes the difference of the scores, and decides nothing by itself."""
    return (
        f"scores {points(paired.score_difference)} (95%: {point_range(paired.score_interval)}), "
        f"{permuted(paired)}{ranks(paired)} (describes, does not decide)"
    )


def permuted(paired: Paired) -> str:
    """Return the scores' permutation test with a comma after it; "" where all are 0 or 1."""
    finding = paired.described.score_test
    if finding is None:
        return ""
    method, direction = finding.method, DIRECTIONS[finding.direction]
    return f"{TESTS[method]} {p_of(finding.p, method)} ({direction}), "


def by_application(paired: Paired) -> str:
    """Return the difference's interval if an application's tasks go together; "" without one."""
    described = paired.described
    if described.clustered_interval is None:
        return ""
    return (
        f"by application {points(paired.difference)} (95%: "
        f"{point_range(described.clustered_interval)}; CR2, t over {described.clusters}"
        " applications, too few and too unlike in size to be more than indicative)"
    )


def ranks(paired: Paired) -> str:
    """Return the signed rank test's p, with the direction of the ranks: not always the mean's."""
    if paired.wilcoxon is None:
        return "no score differs"
    return f"Wilcoxon {p_is(paired.wilcoxon.p)} (ranks for {DIRECTIONS[paired.wilcoxon.direction]})"
