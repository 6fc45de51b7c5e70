"""What a pull request is told of a run: step summary, comment, check."""

from orchestrator.report.publication.absent import (
    no_run_texts,
    unprovisioned_texts,
    unprovisioned_title,
)
from orchestrator.report.publication.run_stats import RunStats, read_run_stats
from orchestrator.report.publication.sections import Publication
from orchestrator.report.publication.texts import (
    SUMMARY_LIMIT,
    CheckText,
    Remark,
    check_of,
    comment_of,
    failed_texts,
    summary_of,
)

__all__ = [
    "SUMMARY_LIMIT",
    "CheckText",
    "Publication",
    "Remark",
    "RunStats",
    "check_of",
    "comment_of",
    "failed_texts",
    "no_run_texts",
    "read_run_stats",
    "summary_of",
    "unprovisioned_texts",
    "unprovisioned_title",
]
