"""Writes a run's report: the four files, from a fold and what only the caller knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orchestrator.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
    from orchestrator.report.html import html_pieces
    from orchestrator.report.junit import render_junit
    from orchestrator.report.markdown import render_markdown
    from orchestrator.report.summary import summarize

    results = summarize(plan, folded, facts, told)
    texts: tuple[Iterable[str], ...] = (
        html_pieces(results, evidence),
        (json.dumps(to_document(results), indent=1), "\n"),
        (render_markdown(results),),
        (render_junit(results),),
    )
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, pieces in zip(FILES, texts, strict=True):
            with (out / name).open("w", encoding="utf-8") as file:
                file.writelines(pieces)
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


def collect_evidence(
    folded: Folded, roots: Sequence[Path | None], page: Path, *, inline: bool = False
) -> Evidence:
    """Return what the counted attempts left, for a page in the directory ``page``.

    Each is taken from the first of the ``roots`` that has it. Screenshots are links to the files,
    or ``inline`` in the page, downscaled.
    """
    from orchestrator.report.evidence import DirectoryEvidence

    directories: dict[Unit, Path] = {}
    for root in (root for root in roots if root is not None):
        for result in folded.results:
            counted = result.counted
            if counted is not None and result.unit not in directories:
                kept = root / str(result.unit) / f"{counted.attempt}-{counted.worker}"
                if kept.is_dir():
                    directories[result.unit] = kept
    return DirectoryEvidence(directories, page, inline=inline)


def tree_evidence(folded: Folded, tree: Path, page: Path, *, inline: bool = False) -> Evidence:
    """Return what a client's tree holds of the tasks that were counted from it."""
    from orchestrator.report.evidence import DirectoryEvidence
    from orchestrator.results.tree import find_task_directories

    found = find_task_directories(tree)
    directories = {
        result.unit: found[result.unit.task]
        for result in folded.results
        if result.counted is not None and result.unit.task in found
    }
    return DirectoryEvidence(directories, page, inline=inline)
