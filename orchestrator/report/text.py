"""Makes foreign text safe to show: one line, bounded, and inert in each format.

An agent, a guest or a ledger wrote it. ``clean`` is applied once, when results are summarized; the
escapes below are each renderer's own, and do not rely on it.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from orchestrator.ledger.records import plausible_time
from orchestrator.masking import masked, masked_head, masked_tail

NONE = "—"
"""Stands where a value is not known."""

TEXT_LIMIT = 500
NAME_LIMIT = 200

# Terminal sequences: CSI, OSC, and two-character escapes.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
# What XML forbids, what no terminal should print, and what turns or hides neighbouring text.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\ud800-\udfff\ufffe\uffff]"
)
_PLAIN = re.compile(r"[!-~]*(?: [!-~]+)*")
_REPLACEMENT = "\ufffd"


def clean_block(text: str, limit: int) -> str:
    """Return text without terminal sequences and unprintable characters; lines are kept.

    Of a longer text the last ``limit`` characters are kept: a log says why at its end.
    """
    shown = _ANSI.sub("", masked_tail(text, limit)).replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub(_REPLACEMENT, shown)


def clean(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return text as one printable line of at most ``limit`` characters."""
    if len(text) <= limit and _PLAIN.fullmatch(text) and masked(text) == text:
        return text  # nearly every text; kept as the object it is
    head = masked_head(text, 4 * limit)
    line = " ".join(clean_block(head, len(head)).split())
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: limit - 1] + "…"


def relative_link(path: str) -> str:
    """Return a percent-encoded link to a file near the page, or "" for anything else.

    Refused are schemes, absolute paths, other hosts, and a way up that does not stand first: the
    caller's own directory may lie beside the page's, a name within it may not lead out again.
    """
    parts = path.split("/")
    while parts and parts[0] == "..":
        parts.pop(0)
    if not parts or not parts[0] or "\\" in path or ".." in parts or ":" in parts[0]:
        return ""
    try:
        return quote(path, safe="/")
    except UnicodeEncodeError:  # a lone surrogate
        return ""


def without_secrets(url: str) -> str:
    """Return a store's address without what may carry a key: its user, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return clean(parts._replace(netloc=host, query="", fragment="").geturl())


# Left as they are: what means nothing inside a line. A colon means something only before more text.
_MARKDOWN = re.compile(
    r"[^A-Za-z0-9 ,._/%;=()'\"?!+:\u0080-\U0010ffff-]"
    r"|:(?! |\Z)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|\A[^A-Za-z0-9\u0080-\U0010ffff]"
)
_WWW = re.compile(r"www\.", re.IGNORECASE)


def markdown_text(text: str, limit: int = NAME_LIMIT) -> str:
    """Return text as inert Markdown: every character with a meaning becomes an entity."""
    safe = _MARKDOWN.sub(lambda found: f"&#{ord(found.group())};", clean(text, limit))
    return _WWW.sub(lambda found: found.group()[:3] + "&#46;", safe)


def markdown_code(text: str, limit: int = NAME_LIMIT) -> str:
    """Return text as inline code, where GitHub links no @names and no #numbers."""
    return f"<code>{markdown_text(text, limit)}</code>" if text else ""


def mermaid_label(text: str, limit: int = 40) -> str:
    """Return text that no Mermaid grammar reads as syntax."""
    return re.sub(r"[^A-Za-z0-9 ._/-]+", " ", clean(text, limit)).strip() or "unnamed"


def moment(unix: float) -> str:
    """Return Unix seconds as ``2024-05-01 12:34:56 UTC``, or a dash."""
    if not plausible_time(unix):
        return NONE
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def span_of_time(seconds: float | None) -> str:
    """Return a duration as ``1 h 05 min``, ``6 min 04 s`` or ``12.3 s``; a dash for none."""
    if seconds is None or not 0 <= seconds < 1e9:
        return NONE
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction as a percentage, or a dash."""
    return NONE if value is None else f"{100 * value:.{digits}f}%"


def dollars(value: float | None) -> str:
    """Return US dollars with cents; of less than ten cents two digits that tell; or a dash."""
    if value is None:
        return NONE
    digits = 1 - math.floor(math.log10(value)) if 1e-9 < value < 0.095 else 2
    return f"${value:,.{digits}f}"
