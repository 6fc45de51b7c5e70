"""From a folded ledger to Markdown, HTML, JUnit and JSON. Every renderer returns its text."""

from orchestrator.report.document import observations, parse_document, schema, to_document
from orchestrator.report.facts import Evidence, EvidenceStep, RunFacts, TaskEvidence
from orchestrator.report.html import html_pieces, render_html
from orchestrator.report.junit import render_junit
from orchestrator.report.markdown import render_markdown
from orchestrator.report.results import Results
from orchestrator.report.summary import summarize

__all__ = [
    "Evidence",
    "EvidenceStep",
    "Results",
    "RunFacts",
    "TaskEvidence",
    "html_pieces",
    "observations",
    "parse_document",
    "render_html",
    "render_junit",
    "render_markdown",
    "schema",
    "summarize",
    "to_document",
]
