"""The one spelling of a value as JSON, so that the same value is the same bytes."""

from __future__ import annotations

import json
from typing import Any


def canonical(document: Any) -> bytes:
    """Return JSON text that is equal for equal values: sorted keys, no spare white space."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode() + b"\n"
