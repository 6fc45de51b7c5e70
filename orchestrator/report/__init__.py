"""From a folded ledger to Markdown, HTML, JUnit and JSON. Every renderer returns its text."""

from orchestrator.report.document import observations, parse_document, schema, to_document
from orchestrator.report.facts import Evidence, EvidenceStep, RunFacts, TaskEvidence
from orchestrator.report.results import Results
from orchestrator.report.summary import summarize

__all__ = [
    "Evidence",
    "EvidenceStep",
    "Results",
    "RunFacts",
    "TaskEvidence",
    "observations",
    "parse_document",
    "schema",
    "summarize",
    "to_document",
]
