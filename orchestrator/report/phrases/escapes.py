"""Makes cleaned text inert in a format that has a syntax of its own, and links."""

from __future__ import annotations

import re
from urllib.parse import quote

from orchestrator.text import NAME_LIMIT, clean


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


# Left as they are: what means nothing inside a line. A colon means something only before more text.
_MARKDOWN = re.compile(
    r"[^A-Za-z0-9 ,._/%;=()'\"?!+:\u0080-\U0010ffff-]"
    r"|:(?! |\Z)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|\A[^A-Za-z0-9\u0080-\U0010ffff]"
)
_WWW = re.compile(r"www\.", re.IGNORECASE)


def markdown_text(text: str, limit: int = NAME_LIMIT) -> str:
    """Return text as inert Markdown: every character with a meaning becomes an entity."""
    safe = _MARKDOWN.sub(lambda match: f"&#{ord(match.group())};", clean(text, limit))
    return _WWW.sub(lambda match: match.group()[:3] + "&#46;", safe)


def markdown_code(text: str, limit: int = NAME_LIMIT) -> str:
    """Return text as inline code, where GitHub links no @names and no #numbers."""
    return f"<code>{markdown_text(text, limit)}</code>" if text else ""


def mermaid_label(text: str, limit: int = 40) -> str:
    """Return text that no Mermaid grammar reads as syntax."""
    return re.sub(r"[^A-Za-z0-9 ._/-]+", " ", clean(text, limit)).strip() or "unnamed"
