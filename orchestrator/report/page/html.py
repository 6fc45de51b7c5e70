"""``report.html``: a run as one page that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.report.charts import charts, fleet_charts
from orchestrator.report.charts import worker_timeline_chart as lanes
from orchestrator.report.model import phases
from orchestrator.report.page.task_data import page_index, task_blocks
from orchestrator.report.page.template import page_pieces
from orchestrator.report.page.trials import flaky_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.report.model.facts import Evidence
    from orchestrator.report.model.results import Results

SCRIPTS = ("dom.js", "screen.js", "steps.js", "task.js", "grid.js", "page.js")


def render_html(results: Results, evidence: Evidence) -> str:
    """Return the page as one text; see ``html_pieces``."""
    return "".join(html_pieces(results, evidence))


def html_pieces(results: Results, evidence: Evidence) -> Iterator[str]:
    """Return the page, piece by piece.

    Args:
        results: What the run amounts to.
        evidence: What is kept of each task; those without are shown without. Each is asked for
            once, in the order of ``results.tasks``. Links are relative to where the page will
            stand, and anything else is left out.
    """
    matches = phases.attempt_phases(results)
    return page_pieces(
        "report.html.j2",
        SCRIPTS,
        results=results,
        facts=results.facts,
        score=results.score,
        fleet=results.fleet,
        simulated=results.facts.simulated,
        segments=charts.counts_of(results.score),
        counts=charts.counts_bar(results.score),
        ruler=charts.ruler(results.score),
        domains=charts.domains(results) if results.domains else None,
        forecast=charts.forecast(results),
        phases=matches,
        phases_chart=charts.phases(matches),
        timelines=lanes.timelines(results),
        machines=fleet_charts.machines(results.fleet) if results.fleet else None,
        fleet_phases=fleet_charts.phases(results.fleet) if results.fleet else None,
        fleet_phase_rows=fleet_charts.phase_rows(results.fleet) if results.fleet else [],
        trials=any(task.trial for task in results.tasks),
        flaky=flaky_tasks(results),
        index=page_index(results),
        blocks=task_blocks(results, evidence),
    )
