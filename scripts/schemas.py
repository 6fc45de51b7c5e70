#!/usr/bin/env python3
"""Writes the JSON Schemas of results.json and comparison.json from the structs that these are."""

from __future__ import annotations

from pathlib import Path

from orchestrator.report.schemas.generate import DOCUMENTS, generated

REPORT = Path(__file__).parents[1] / "orchestrator" / "report"

if __name__ == "__main__":
    for name in DOCUMENTS:
        (REPORT / name).write_text(generated(name), encoding="utf-8")
