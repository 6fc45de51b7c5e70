"""What a misspelled word was probably meant to be. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_CLOSE = 0.6


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean …?`` with the nearest known word, or "" when none is near."""
    import difflib  # every command would wait for it, and few words are misspelled

    by_lower = {entry.lower(): entry for entry in known}
    near = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=_CLOSE)
    return f" Did you mean {by_lower[near[0]]}?" if near else ""
