"""Generates the JSON Schemas of the documents; ``scripts/schemas`` writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from orchestrator.report.schemas.comparison import ComparisonDocument
from orchestrator.report.schemas.results import ResultsDocument

if TYPE_CHECKING:
    from orchestrator.report.schemas.value import Value

DOCUMENTS: dict[str, tuple[type[Value], str, str]] = {
    "results.schema.json": (ResultsDocument, "urn:waa-matrix:results:2", "WAA Matrix results"),
    "comparison.schema.json": (
        ComparisonDocument,
        "urn:waa-matrix:comparison:1",
        "WAA Matrix comparison",
    ),
}
"""By the schema's file: the document, what identifies its schema, and its title."""


def generated(name: str) -> str:
    """Return the text of a schema (JSON Schema, draft 2020-12), as it is committed."""
    document, identity, title = DOCUMENTS[name]
    _, parts = msgspec.json.schema_components([document])
    root = parts.pop(document.__name__)
    for part in (root, *parts.values()):
        del part["title"]  # its own name once more
        part["description"] = " ".join(part["description"].split())
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": identity,
        "title": title,
        **root,
        "$defs": parts,
    }
    text = json.dumps(schema, indent=1, ensure_ascii=False)
    return text + "\n"
