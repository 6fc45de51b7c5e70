"""Takes secrets out of whatever leaves the machine: outcomes, logs and evidence."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from orchestrator.text import masked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHORTEST = 6
"""Characters below which a value is too common to be looked for (``true``, ``1``, ``eu``)."""

_WRAPPED = 12
"""Characters from which a value is also found where a line break was put into it."""

_BREAK = r"(?:[ \t]*(?:\r?\n|(?:\\r)?\\n)[ \t]*)?"
_LOOKED_AT = 8192


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces the values of forwarded variables by their names, and what looks like a secret."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    _patterns: tuple[tuple[re.Pattern[str], str], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Compile the values once: a log has many lines."""
        # The longest first, so that a value that contains another goes whole.
        longest = sorted(self.values.items(), key=lambda pair: -len(pair[1]))
        patterns = (
            (_pattern(value), f"[{name}]") for name, value in longest if len(value) >= _SHORTEST
        )
        object.__setattr__(self, "_patterns", tuple(patterns))

    def text(self, text: str) -> str:
        """Return the text without the secrets."""
        return masked(text, self._patterns)

    def data(self, data: bytes) -> bytes:
        """Return the bytes without the secrets, in whatever file they stood.

        A file that is no text is searched for the known values alone: what only looks like a secret
        in it is a picture's.
        """
        text = data.decode("utf-8", "surrogateescape")
        if b"\0" not in data[:_LOOKED_AT]:
            return self.text(text).encode("utf-8", "surrogateescape")
        for pattern, mask in self._patterns:
            text = pattern.sub(mask, text)
        return text.encode("utf-8", "surrogateescape")


def _pattern(value: str) -> re.Pattern[str]:
    """Return what finds a value in each form that programs write it in."""
    forms = sorted(set(_forms(value)), key=len, reverse=True)
    between = _BREAK if len(value) >= _WRAPPED else ""
    return re.compile("|".join(between.join(map(re.escape, form)) for form in forms))


def _forms(value: str) -> Iterator[str]:
    yield value
    yield quote(value, safe="")
    yield quote(value)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()
