"""Takes what has a secret's shape out of text: the one place that knows those shapes.

Known values are replaced by whoever knows them (``worker.redact``). This catches the rest: what a
provider, an agent or a client library put into a message. GitHub's installation tokens hold dots
since 2026 (``ghs_APPID_JWT``), so a token is masked up to where no token can go on. A percent sign
belongs to each alphabet, for in an address the others may be encoded.
"""

from __future__ import annotations

import re

MASK = "[…]"
CUT_ALLOWANCE = 4096
"""Characters that a text is looked at beyond where it is cut: longer than any token."""

# Where a word begins: after what is no letter, or after one that is written as an escape.
_START = (
    r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f][0-9A-Fa-f])|(?<=\\[nrt])"
    r"|(?<=\\u[0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f]))"
)
_ALPHABET = r"[A-Za-z0-9._%~+/=-]"
_EQUALS = r"(?:=|:|%3[ADad]|%253[ADad]|\\u003[ad])"
_IS = rf"(?:\\?[\"'])?\s*{_EQUALS}\s*(?:\\?[\"'])?"
_SPACE = r"(?:\s|%20|\+)+"
_NAMES = (
    r"(?:api[-_ ]?key|x-api-key|ocp-apim-subscription-key|account[-_]?key"
    r"|sharedaccess(?:key|signature)|client[-_]?secret|secret(?:[-_]key)?|private[-_]key"
    r"|passw(?:or)?d|(?:encoded[-_])?jit[-_]?config"
    r"|(?:access|refresh|id|auth|installation|registration|bearer|github)[-_]?token)"
)
_SHAPES = (
    # A private key, cut short or with its lines escaped as JSON writes them.
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:(?!-----END)[\s\S])*(?:-----END[A-Z0-9 ]*-----)?",
    # GitHub: personal, OAuth, user-to-server, server-to-server, refresh; fine-grained.
    rf"{_START}(?:gh[a-z]_|github_pat_)[A-Za-z0-9._%-]{{12,}}",
    # JSON Web Tokens, and just-in-time configurations: the base64 of a JSON object.
    rf"{_START}ey[IJ][A-Za-z0-9_%+/-]{{12,}}={{0,2}}(?:\.[A-Za-z0-9_%-]*){{0,4}}",
    # OpenAI, Anthropic, Stripe, Hugging Face, xAI, Groq; Google.
    rf"{_START}(?i:(?:sk|pk|rk|hf|xai|gsk)[-_])[A-Za-z0-9_-]{{12,}}",
    rf"{_START}AIza[A-Za-z0-9_-]{{12,}}",
    # Azure: storage keys, the keys of its AI services, client secrets of Entra.
    r"(?:[A-Za-z0-9+/]|%2[BbFf]){86}(?:==|%3[Dd]%3[Dd])",
    rf"{_START}[A-Za-z0-9]{{30,60}}JQQJ9[A-Za-z0-9]{{10,60}}",
    rf"{_START}[A-Za-z0-9_.~-]{{3}}\dQ~[A-Za-z0-9_.~-]{{25,40}}",
    # Signatures of storage addresses.
    rf"{_START}(?i:sig{_EQUALS})[^&\s'\"<>]+",
    # Headers, and user:password in an address.
    rf"{_START}(?i:bearer{_SPACE}){_ALPHABET}{{6,}}",
    rf"{_START}(?i:authorization{_IS})(?:[A-Za-z]+\s+)?[^\s'\",}}]+",
    r"(?<=://)[^/\s:@'\"]+:[^/\s@'\"]+(?=@)",
    # Whatever is called a secret, where the name may end a longer one: OPENAI_API_KEY.
    rf"(?i:(?<![A-Za-z]){_NAMES}{_IS})[^\s'\",;&}}\\]+",
)
_SECRET = re.compile("|".join(f"(?:{shape})" for shape in _SHAPES))
_KEPT = re.compile(
    rf"(?i:sig{_EQUALS}|bearer{_SPACE}|authorization{_IS}(?:[A-Za-z]+\s+)?|{_NAMES}{_IS})"
)


def masked(text: str) -> str:
    """Return text with each secret replaced by ``[…]``; the name that stands before it is kept."""
    return _SECRET.sub(_replaced, text)


def masked_head(text: str, limit: int) -> str:
    """Return the first ``limit`` characters or more of a text that may be much longer, masked.

    What was cut off lies behind them: the caller cuts again after it. A secret that the cut would
    have halved, and so hidden from its shape, is left out.
    """
    head = text[: limit + CUT_ALLOWANCE]
    if len(head) == len(text):
        return masked(text)
    whole, *halved = head[limit:].rsplit(None, 1)
    return masked(head[:limit] + (whole if halved else ""))


def masked_tail(text: str, limit: int) -> str:
    """Return the last ``limit`` characters of a text, masked."""
    tail = text[-(limit + CUT_ALLOWANCE) :]
    if len(tail) < len(text):
        _, *whole = tail[:-limit].split(None, 1)
        tail = f"{whole[0] if whole else ''}{tail[-limit:]}"
    return masked(tail)[-limit:]


def _replaced(match: re.Match[str]) -> str:
    name = _KEPT.match(match.group())
    return f"{name.group() if name else ''}{MASK}"
