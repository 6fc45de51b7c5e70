"""The schemas as they ship, beside the reports."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def committed(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a document by the name of its file."""
    text = files("orchestrator.report").joinpath(name).read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
