"""The schemas describe all that the documents hold, and are those of the structs behind them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from orchestrator.report.schemas.files import committed
from orchestrator.report.schemas.generate import DOCUMENTS, generated
from tests.compat.test_what_9e44b4f_wrote import WRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def objects(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each object that a schema describes, with its place."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield where, node
        for key, part in node.items():
            yield from objects(part, f"{where}/{key}")
    elif isinstance(node, list):
        for index, part in enumerate(node):
            yield from objects(part, f"{where}/{index}")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_committed_schema_is_the_generated_one(name: str) -> None:
    """Else: .venv/bin/python scripts/schemas.py."""
    text = (ROOT / "orchestrator" / "report" / name).read_text(encoding="utf-8")
    assert text == generated(name)
    Draft202012Validator.check_schema(json.loads(text))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_property_is_described_and_the_schema_has_an_id(name: str) -> None:
    schema = committed(name)
    assert schema["$id"] == DOCUMENTS[name][1]
    assert schema["$id"] in (ROOT / "README.md").read_text(encoding="utf-8")
    described = list(objects(schema))
    assert len(described) > 10
    for where, node in described:
        assert node.get("description"), where
        assert node["additionalProperties"] is False, where
        silent = [key for key, part in node["properties"].items() if not part.get("description")]
        assert silent == [], where


def keys(document: Any, schema: dict[str, Any], node: dict[str, Any], where: str) -> Iterator[str]:
    """Yield what a document holds that its schema does not know."""
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    for choice in node.get("anyOf", []):
        if "$ref" in choice and document is not None:
            yield from keys(document, schema, choice, where)
    if isinstance(document, dict) and "properties" in node:
        for key, value in document.items():
            if key not in node["properties"]:
                yield f"{where}.{key}"
            else:
                yield from keys(value, schema, node["properties"][key], f"{where}.{key}")
    if isinstance(document, list) and "items" in node:
        for value in document:
            yield from keys(value, schema, node["items"], f"{where}[]")


def test_what_an_early_version_wrote_is_still_there_under_its_name() -> None:
    document = json.loads((WRITTEN / "results.json").read_bytes())
    schema = committed("results.schema.json")
    assert list(keys(document, schema, schema, "")) == []
    assert list(keys({"run": {"gone": 1}}, schema, schema, "")) == [".run.gone"]
