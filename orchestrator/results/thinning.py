"""A trajectory that is too long to keep, made short: every line stays, its long values are cut.

Clients that write their screens into it make lines of megabytes. To keep the file's end alone
would lose steps, and the task's own words with them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from orchestrator.results.trajectory import documents

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LONGEST = (16_384, 2_048, 256)
"""Characters of a value that are kept: the first of these with which the whole fits."""


def thinned(path: Path, limit: int, redacted: Callable[[bytes], bytes]) -> bytes | None:
    """Return a trajectory in at most ``limit`` bytes; None when it cannot be, or is none.

    ``redacted`` takes the secrets out of a line before anything of it is cut. What a value lost is
    said in its place.
    """
    for longest in _LONGEST:
        kept = _within(path, limit, longest, redacted)
        if kept is not None:
            return kept or None
    return None


def _within(
    path: Path, limit: int, longest: int, redacted: Callable[[bytes], bytes]
) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    for document in documents(path, redacted):
        line = json.dumps(_cut(document, longest)).encode() + b"\n"
        size += len(line)
        if size > limit:
            return None
        parts.append(line)
    return b"".join(parts)


def _cut(value: Any, longest: int) -> Any:
    if isinstance(value, str) and len(value) > longest:
        return f"{value[:longest]}… ({len(value) - longest} characters are left out)"
    if isinstance(value, dict):
        return {_cut(name, longest): _cut(inner, longest) for name, inner in value.items()}
    if isinstance(value, list):
        return [_cut(inner, longest) for inner in value]
    return value
