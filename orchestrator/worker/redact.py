"""Takes secrets out of whatever leaves the machine: outcomes, logs and evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHORTEST = 6
"""Characters below which a value is too common to be looked for (``true``, ``1``, ``eu``)."""


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces the values of forwarded variables by their names."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    def text(self, text: str) -> str:
        """Return the text without the secrets."""
        for name, value in self._secrets():
            text = text.replace(value, f"[{name}]")
        return text

    def data(self, data: bytes) -> bytes:
        """Return the bytes without the secrets, in whatever file they stood."""
        for name, value in self._secrets():
            data = data.replace(value.encode(), f"[{name}]".encode())
        return data

    def _secrets(self) -> list[tuple[str, str]]:
        # The longest first, so that a value that contains another goes whole.
        return sorted(
            ((name, value) for name, value in self.values.items() if len(value) >= _SHORTEST),
            key=lambda pair: -len(pair[1]),
        )
