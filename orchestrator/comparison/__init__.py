"""Runs against each other, against a pooled baseline, and against published numbers."""

from orchestrator.comparison.compare import Candidate, Comparison, compare
from orchestrator.comparison.flips import Branch
from orchestrator.comparison.inputs import is_same_run, repeated
from orchestrator.comparison.published import KNOWN, Published, against, parse_published
from orchestrator.comparison.record import RunRecord, read_record
from orchestrator.comparison.sides import Side, side_of

__all__ = [
    "KNOWN",
    "Branch",
    "Candidate",
    "Comparison",
    "Published",
    "RunRecord",
    "Side",
    "against",
    "compare",
    "is_same_run",
    "parse_published",
    "read_record",
    "repeated",
    "side_of",
]
