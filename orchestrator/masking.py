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
_ESCAPED_KEY = r"(?:(?!-----END)[\s\S])*(?:-----END[A-Z0-9 ]*-----)?"


def _shape(hints: str, pattern: str) -> tuple[tuple[str, ...], re.Pattern[str]]:
    """Return a shape, with the words of which one is in every text that has it, in lower case."""
    return tuple(hints.split()), re.compile(pattern)


_SHAPES = (
    # A private key, cut short or with its lines escaped as JSON writes them.
    _shape("-----begin", rf"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----{_ESCAPED_KEY}"),
    # GitHub: personal, OAuth, user-to-server, server-to-server, refresh; fine-grained.
    _shape(
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        rf"{_START}(?:gh[pousr]_|github_pat_)[A-Za-z0-9._%-]{{12,}}",
    ),
    # JSON Web Tokens, and just-in-time configurations: the base64 of a JSON object.
    _shape(
        "eyi eyj", rf"{_START}ey[IJ][A-Za-z0-9_%+/-]{{12,}}={{0,2}}(?:\.[A-Za-z0-9_%-]*){{0,4}}"
    ),
    # OpenAI, Anthropic, Stripe, Hugging Face, xAI, Groq; Google.
    _shape(
        "sk- sk_ pk- pk_ rk- rk_ hf- hf_ xai- xai_",
        rf"{_START}(?i:(?:sk|pk|rk|hf|xai|gsk)[-_])[A-Za-z0-9_-]{{12,}}",
    ),
    _shape("aiza", rf"{_START}AIza[A-Za-z0-9_-]{{12,}}"),
    # Azure: storage keys, the keys of its AI services, client secrets of Entra.
    _shape("== %3d%3d", r"(?:[A-Za-z0-9+/]|%2[BbFf]){86}(?:==|%3[Dd]%3[Dd])"),
    _shape("jqqj9", rf"{_START}[A-Za-z0-9]{{30,60}}JQQJ9[A-Za-z0-9]{{10,60}}"),
    _shape("q~", rf"{_START}[A-Za-z0-9_.~-]{{3}}\dQ~[A-Za-z0-9_.~-]{{25,40}}"),
    # Signatures of storage addresses.
    _shape("sig= sig: sig% sig\\", rf"{_START}(?i:sig{_EQUALS})[^&\s'\"<>]+"),
    # Headers, and user:password in an address.
    _shape("bearer", rf"{_START}(?i:bearer{_SPACE}){_ALPHABET}{{6,}}"),
    _shape("authorization", rf"{_START}(?i:authorization{_IS})(?:[A-Za-z]+\s+)?[^\s'\",}}]+"),
    _shape("@", r"(?<=://)[^/\s:@'\"]+:[^/\s@'\"]+(?=@)"),
    # Whatever is called a secret, where the name may end a longer one: OPENAI_API_KEY.
    _shape(
        "key secret passw config token sharedaccess",
        rf"(?i:(?<![A-Za-z]){_NAMES}{_IS})[^\s'\",;&}}\\]+",
    ),
)
_HINTS = tuple(hint for hints, _ in _SHAPES for hint in hints)
_PRIVATE_KEY = _SHAPES[0][1]
_LONG = 4096
_KEPT = re.compile(
    rf"(?i:sig{_EQUALS}|bearer{_SPACE}|authorization{_IS}(?:[A-Za-z]+\s+)?|{_NAMES}{_IS})"
)


def masked(text: str) -> str:
    """Return text with each secret replaced by ``[…]``; the name that stands before it is kept."""
    return _masked_lines(text) if len(text) > _LONG else _masked(text, text.lower())


def _masked(text: str, lowered: str) -> str:
    for hints, pattern in _SHAPES:
        if any(hint in lowered for hint in hints):
            text = pattern.sub(_replaced, text)
    return text


def _masked_lines(text: str) -> str:
    """Mask a long text where a hint stands: a pattern looks at each character, a hint does not.

    A line is looked at with the next one, for a value may stand below its name.
    """
    if "PRIVATE KEY-----" in text:
        text = _PRIVATE_KEY.sub(_replaced, text)
    lines = text.splitlines(keepends=True)
    safe: list[str] = []
    at = 0
    while at < len(lines):
        lowered = lines[at].lower()
        if not any(hint in lowered for hint in _HINTS):
            safe.append(lines[at])
            at += 1
            continue
        both = "".join(lines[at : at + 2])
        safe.append(_masked(both, both.lower()))
        at += 2
    return "".join(safe)


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
