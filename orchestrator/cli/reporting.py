"""Writes a run's report: the four files, from a fold and what only the caller knows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orchestrator.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.ledger.fold import Folded
    from orchestrator.ledger.paths import Unit
    from orchestrator.plan import Plan
    from orchestrator.report.facts import Evidence, RunFacts
    from orchestrator.report.fleet import FleetEvents
    from orchestrator.report.results import Results

FILES = ("report.html", "results.json", "summary.md", "junit.xml")


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
    from orchestrator.report.document import to_document
    from orchestrator.report.html import render_html
    from orchestrator.report.junit import render_junit
    from orchestrator.report.markdown import render_markdown
    from orchestrator.report.summary import summarize

    results = summarize(plan, folded, facts, told)
    texts = (
        render_html(results, evidence),
        json.dumps(to_document(results), indent=1) + "\n",
        render_markdown(results),
        render_junit(results),
    )
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in zip(FILES, texts, strict=True):
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{out}: the report cannot be written ({error.strerror}). Nothing is lost: make room, "
            "then run waa-matrix report again."
        ) from error
    return results


def evidence_root(store_url: str) -> Path | None:
    """Return the directory that holds a ``file://`` ledger's evidence, None for other stores."""
    parts = urlsplit(store_url)
    return Path(parts.path) / "evidence" if parts.scheme == "file" else None


def collect_evidence(folded: Folded, root: Path | None, page: Path) -> Evidence:
    """Return what the counted attempts left, as links relative to the directory ``page``."""
    if root is None or not root.is_dir():
        return {}
    directories = {
        result.unit: root / str(result.unit) / f"{result.counted.attempt}-{result.counted.worker}"
        for result in folded.results
        if result.counted is not None
    }
    return _evidence_in(directories, page)


def tree_evidence(folded: Folded, tree: Path, page: Path) -> Evidence:
    """Return what a client's tree holds of the tasks that were counted from it."""
    from orchestrator.results.tree import find_task_directories

    found = find_task_directories(tree)
    directories = {
        result.unit: found[result.unit.task]
        for result in folded.results
        if result.counted is not None and result.unit.task in found
    }
    return _evidence_in(directories, page)


def _evidence_in(directories: Mapping[Unit, Path], page: Path) -> Evidence:
    from orchestrator.report.facts import EvidenceStep, TaskEvidence
    from orchestrator.results.trajectory import steps_of

    found: dict[Unit, TaskEvidence] = {}
    for unit, directory in directories.items():
        if not directory.is_dir():
            continue
        link = _relative(directory, page)
        steps = tuple(
            EvidenceStep(
                number=step.number,
                action=step.action,
                at=step.at,
                screenshot=f"{link}/{step.screenshot}" if step.screenshot else "",
            )
            for step in steps_of(directory)
        )
        found[unit] = TaskEvidence(link=link, steps=steps)
    return found


def _relative(directory: Path, page: Path) -> str:
    return os.path.relpath(directory, page)
