"""Writes a run's report: the four files, from a fold and what only the caller knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from orchestrator.ledger.fold import Folded
    from orchestrator.planning.plan import Plan
    from orchestrator.report.model.facts import Evidence, RunFacts
    from orchestrator.report.model.fleet import FleetEvents
    from orchestrator.report.model.results import Results


def write_report(
    out: Path,
    plan: Plan,
    folded: Folded,
    facts: RunFacts,
    evidence: AbstractContextManager[Evidence],
    events: FleetEvents | None = None,
) -> Results:
    """Fold into results and write the report's files into ``out``; return the results.

    ``evidence`` is entered for the page alone, which is last: fetching it may take minutes or fail,
    and what programs read does not depend on it.

    Raises:
        StoreError: The directory cannot be written to.
    """
    from orchestrator.report.formats.document import document_pieces
    from orchestrator.report.formats.junit import render_junit
    from orchestrator.report.formats.markdown import render_markdown
    from orchestrator.report.model.summary import summarize
    from orchestrator.report.page.html import html_pieces

    results = summarize(plan, folded, facts, events)
    try:
        out.mkdir(parents=True, exist_ok=True)
        # One after the other: no two of these texts are in memory together.
        _write(out / "results.json", document_pieces(results))
        _write(out / "summary.md", (render_markdown(results),))
        _write(out / "junit.xml", (render_junit(results),))
        with evidence as kept:
            _write(out / "report.html", html_pieces(results, kept))
    except OSError as error:
        raise StoreError(
            f"{out}: the report cannot be written ({error.strerror}). Nothing is lost: make room, "
            "then run waa-matrix report again."
        ) from error
    return results


def _write(path: Path, pieces: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(pieces)
