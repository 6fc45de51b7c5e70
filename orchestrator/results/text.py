"""Makes text of an agent, a guest or a provider safe to keep: bounded, printable, no secrets."""

from __future__ import annotations

import re
import unicodedata

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_SPACES = re.compile(r"\s+")

# Keys as the providers spell them, and signatures of storage addresses. Providers mask a key in
# their own messages; an agent's exception may not.
_SECRETS = re.compile(
    r"\b(?:sk|pk|rk|ghp|gho|ghs|github_pat|hf|xai|gsk|AIza)[-_]?[A-Za-z0-9_-]{16,}"
    r"|(?<=Bearer )\S+|(?<=[?&]sig=)[^&\s'\"]+"
    r"|(?<=\bapi[-_]key[=:])\s*['\"]?[^\s'\",}]+",
    re.IGNORECASE,
)
# A message is looked at this many times its limit before it is cut, so that a secret which the cut
# would halve is still recognised.
_LOOK_AHEAD = 4


def clean(text: str, limit: int) -> str:
    """Return one printable line of at most ``limit`` characters, secrets replaced by ``[…]``."""
    return _SPACES.sub(" ", clean_block(text, limit)).strip()


def clean_block(text: str, limit: int) -> str:
    """Return printable text of at most ``limit`` characters that keeps its line breaks."""
    text = _SECRETS.sub("[…]", _ANSI.sub("", text[: limit * _LOOK_AHEAD]))
    text = "".join(char if _printable(char) else " " for char in text[:limit])
    return text.strip()


def _printable(char: str) -> bool:
    """Whether a character is neither a control, a surrogate nor an invisible format character."""
    return char in "\n\t" or unicodedata.category(char)[0] != "C"


def plain(line: bytes) -> str:
    """Return a log line as text without its colours."""
    return _ANSI.sub("", line.decode("utf-8", "replace")).rstrip("\r\n")
