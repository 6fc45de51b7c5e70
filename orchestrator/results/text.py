"""Makes text of an agent, a guest or a provider safe to keep: bounded, printable, no secrets."""

from __future__ import annotations

import re
import unicodedata

from orchestrator.masking import CUT_ALLOWANCE, masked_head

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_LOOK_AHEAD = 4
_SPACES = re.compile(r"\s+")


def clean(text: str, limit: int) -> str:
    """Return one printable line of at most ``limit`` characters, secrets replaced by ``[…]``."""
    return _SPACES.sub(" ", clean_block(text, limit)).strip()


def clean_block(text: str, limit: int) -> str:
    """Return printable text of at most ``limit`` characters that keeps its line breaks."""
    text = masked_head(_ANSI.sub("", text[: _LOOK_AHEAD * limit + CUT_ALLOWANCE]), limit)
    text = "".join(char if _printable(char) else " " for char in text[:limit])
    return text.strip()


def _printable(char: str) -> bool:
    """Whether a character is neither a control, a surrogate nor an invisible format character."""
    return char in "\n\t" or unicodedata.category(char)[0] != "C"


def plain(line: bytes) -> str:
    """Return a log line as text without its colours."""
    return _ANSI.sub("", line.decode("utf-8", "replace")).rstrip("\r\n")
