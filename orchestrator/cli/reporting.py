"""Writes a run's report: the four files, from a fold and what only the caller knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from orchestrator.ledger.fold import Folded
    from orchestrator.plan import Plan
    from orchestrator.report.facts import Evidence, RunFacts
    from orchestrator.report.fleet import FleetEvents
    from orchestrator.report.results import Results


def write_report(
    out: Path,
    plan: Plan,
    folded: Folded,
    facts: RunFacts,
    evidence: Evidence,
    told: FleetEvents | None = None,
) -> Results:
    """Fold into results and write the report's files into ``out``; return the results.

    Raises:
        StoreError: The directory cannot be written to.
    """
    from orchestrator.report.document import document_pieces
    from orchestrator.report.html import html_pieces
    from orchestrator.report.junit import render_junit
    from orchestrator.report.markdown import render_markdown
    from orchestrator.report.summary import summarize

    results = summarize(plan, folded, facts, told)
    # The page is last: it is the largest, and what programs read does not depend on it. Each text
    # is made when its turn comes, so that no two are in memory together.
    texts: dict[str, Callable[[], Iterable[str]]] = {
        "results.json": lambda: document_pieces(results),
        "summary.md": lambda: (render_markdown(results),),
        "junit.xml": lambda: (render_junit(results),),
        "report.html": lambda: html_pieces(results, evidence),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, pieces in texts.items():
            with (out / name).open("w", encoding="utf-8") as file:
                file.writelines(pieces())
    except OSError as error:
        raise StoreError(
            f"{out}: the report cannot be written ({error.strerror}). Nothing is lost: make room, "
            "then run waa-matrix report again."
        ) from error
    return results
