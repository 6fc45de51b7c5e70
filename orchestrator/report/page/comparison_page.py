"""``comparison.html``: what can be decided between runs, as one page that needs nothing else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from orchestrator.report.charts import comparison_charts
from orchestrator.report.page.template import page_pieces
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCRIPTS = ("dom.js", "comparison.js")

VERDICTS = {
    "better": "Better",
    "worse": "Worse",
    "not-distinguishable": "Not distinguishable",
    "underpowered": "Underpowered",
    "none": "No verdict",
}
"""What each verdict is called."""

KINDS = {
    "lost": "lost",
    "gained": "gained",
    "rate-down": "succeeds less often",
    "rate-up": "succeeds more often",
    "undecided": "not both scored",
}
"""What each kind of unlike task is called."""


def render_comparison_html(document: Mapping[str, Any]) -> str:
    """Return the page of a comparison.

    Args:
        document: A ``comparison.json`` (``waa-matrix/comparison/1``) as JSON values; every text in
            it is foreign.
    """
    shown = _clean(document)
    pieces = page_pieces(
        "comparison.html.j2",
        SCRIPTS,
        simulated=bool(shown["simulated"]),
        comparison=shown,
        baseline=shown["baseline"],
        sides=comparison_charts.sides(shown),
        candidates=[_candidate(entry) for entry in shown["candidates"]],
        VERDICTS=VERDICTS,
        KINDS=KINDS,
        points=points,
        p_value=p_value,
        between=between,
    )
    return "".join(pieces)


def _candidate(candidate: dict[str, Any]) -> dict[str, Any]:
    return {
        **candidate,
        "rates": paired_rates(candidate["domains"]),
        "pairs": comparison_charts.pairs(candidate["paired"]),
        "difference": comparison_charts.difference(candidate["paired"]),
        "by_domain": comparison_charts.by_domain(candidate["domains"]),
    }


def paired_rates(domains: Sequence[Mapping[str, Any]]) -> tuple[float | None, float | None]:
    """Return both sides' success rates over the paired tasks alone: their difference is paired.

    A side's own rate is over all that it scored, and tells another difference.
    """
    known = [domain for domain in domains if domain["difference"] is not None]
    tasks = sum(entry["tasks"] for entry in known)
    if not tasks:
        return None, None
    first, second = (
        math.fsum(entry["tasks"] * entry[side] for entry in known) / tasks
        for side in ("baseline_rate", "candidate_rate")
    )
    return first, second


def _clean(value: Any) -> Any:
    """Return a JSON value with every text in it, keys included, made printable."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): _clean(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(entry) for entry in value]
    return value


def points(difference: float | None) -> str:
    """Return a difference of shares in points with its sign, or a dash."""
    if difference is None:
        return "—"
    return f"{100 * difference:+.1f} points"


def between(interval: Mapping[str, float] | None) -> str:
    """Return an interval of differences in points, or a dash."""
    if interval is None:
        return "—"
    return f"{100 * interval['low']:+.1f} to {100 * interval['high']:+.1f}"


def p_value(value: float | None) -> str:
    """Return a p-value with what can be read of it, or a dash."""
    if value is None:
        return "—"
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"
