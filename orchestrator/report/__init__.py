"""From a folded ledger to Markdown, HTML, JUnit and JSON. Every renderer returns its text."""

from orchestrator.report.formats.document import observations, parse_document, schema, to_document
from orchestrator.report.formats.junit import render_junit
from orchestrator.report.formats.markdown import render_markdown
from orchestrator.report.model.facts import Evidence, EvidenceStep, RunFacts, TaskEvidence
from orchestrator.report.model.results import Results
from orchestrator.report.model.summary import summarize
from orchestrator.report.page.html import html_pieces, render_html

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
