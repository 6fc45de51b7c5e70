"""Takes what has a secret's shape out of text: the one place that knows those shapes.

Known values are replaced by whoever knows them (``worker.redact``). This catches the rest: what a
provider, an agent or a client library put into a message. GitHub's installation tokens hold dots
since 2026 (``ghs_APPID_JWT``), so a token is masked up to where no token can go on. A percent sign
belongs to each alphabet, for in an address the others may be encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = "[…]"
CUT_ALLOWANCE = 4096
"""Characters that a text is looked at beyond where it is cut: longer than any token."""

# Where a word begins: after what is no letter, or after one that is written as an escape.
_HEX = "[0-9A-Fa-f]"
_ESCAPED = rf"(?<=%{_HEX}{_HEX})|(?<=\\[nrt])|(?<=\\u{_HEX}{_HEX}{_HEX}{_HEX})"
_BEGINS = rf"(?:(?<![A-Za-z0-9])|{_ESCAPED})"
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
# A workflow's permission, which our own messages name, is called a token and is no secret.
_VALUE = r"(?!(?<=id-token: )(?:write|read|none)(?![^\s'\",;.&}\\]))[^\s'\",;&}\\]+"


@dataclass(frozen=True, slots=True)
class _Shape:
    """A secret's shape, looked for where one of its ``hints`` stands: most text has none.

    A match begins at most ``lead`` characters before the hint, and ends at most ``reach`` after the
    hint's first (None: wherever it ends). ``gate`` has to match there before that is looked at.
    """

    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    lead: int = 0
    reach: int = 0
    gate: re.Pattern[str] | None = None

    def match(self, text: str, at: int) -> re.Match[str] | None:
        """Return the secret that the hint at a position belongs to."""
        if not self.lead:
            return self.pattern.match(text, at)
        end = at + self.reach
        if self.gate is not None:
            passed = self.gate.match(text, at)
            if passed is None:
                return None
            end = passed.end()
        match = self.pattern.search(text, max(0, at - self.lead), end)
        while match is not None and match.end() < at:  # another one, which stands before this
            match = self.pattern.search(text, match.end(), end)
        return match if match is not None and match.start() <= at else None


def _shape(hints: str, pattern: str, lead: int = 0, reach: int = 0, gate: str = "") -> _Shape:
    opened = re.compile(gate) if gate else None
    return _Shape(tuple(hints.split()), re.compile(pattern), lead, reach, opened)


_SHAPES = (
    # A private key, cut short or with its lines escaped as JSON writes them.
    _shape(
        "-----begin",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:(?!-----END)[\s\S])*(?:-----END[A-Z0-9 ]*-----)?",
    ),
    # GitHub: personal, OAuth, user-to-server, server-to-server, refresh; fine-grained.
    _shape(
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", rf"{_BEGINS}[a-z]+_(?:pat_)?[A-Za-z0-9._%-]{{12,}}"
    ),
    # JSON Web Tokens, and just-in-time configurations: the base64 of a JSON object.
    _shape(
        "eyi eyj", rf"{_BEGINS}ey[IJ][A-Za-z0-9_%+/-]{{12,}}={{0,2}}(?:\.[A-Za-z0-9_%-]*){{0,4}}"
    ),
    # OpenAI, Anthropic, Stripe, Hugging Face, xAI, Groq; Google.
    _shape(
        "sk- sk_ pk- pk_ rk- rk_ hf- hf_ xai- xai_ gsk- gsk_",
        rf"{_BEGINS}[A-Za-z]+[-_][A-Za-z0-9_-]{{12,}}",
    ),
    _shape("aiza", rf"{_BEGINS}AIza[A-Za-z0-9_-]{{12,}}"),
    # Azure: storage keys, the keys of its AI services, client secrets of Entra.
    _shape(
        "== %3d%3d",
        rf"(?:(?<![A-Za-z0-9+/])|{_ESCAPED})(?:[A-Za-z0-9+/]|%2[BbFf]){{86}}(?:==|%3[Dd]%3[Dd])",
        lead=3 * 86,
        reach=6,
    ),
    _shape("jqqj9", rf"{_BEGINS}[A-Za-z0-9]{{30,60}}JQQJ9[A-Za-z0-9]{{10,60}}", 60, 65),
    _shape("q~", rf"{_BEGINS}[A-Za-z0-9_.~-]{{3}}\dQ~[A-Za-z0-9_.~-]{{25,40}}", 4, 42),
    # Signatures of storage addresses.
    _shape("sig= sig: sig% sig\\", rf"{_BEGINS}(?i:sig{_EQUALS})[^&\s'\"<>]+"),
    # Headers, and user:password in an address.
    _shape("bearer", rf"{_BEGINS}(?i:bearer{_SPACE}){_ALPHABET}{{6,}}"),
    _shape("authorization", rf"{_BEGINS}(?i:authorization{_IS})(?:[A-Za-z]+\s+)?[^\s'\",}}]+"),
    _shape("@", r"(?<=://)[^/\s:@'\"]+:[^/\s@'\"]+(?=@)", 1024, 1),
    # Whatever is called a secret, where the name may end a longer one: OPENAI_API_KEY.
    _shape(
        "key secret passw config token signature",
        rf"(?i:{_NAMES}{_IS}){_VALUE}",
        lead=32,
        gate=rf"(?i:[a-z]+(?:[-_]key)?{_IS}){_VALUE}",
    ),
)
_KEPT = re.compile(
    rf"(?i:sig{_EQUALS}|bearer{_SPACE}|authorization{_IS}(?:[A-Za-z]+\s+)?|{_NAMES}{_IS})"
)


def masked(text: str) -> str:
    """Return text with each secret replaced by ``[…]``; the name that stands before it is kept."""
    lowered = text.lower()
    for shape in _SHAPES:
        if any(hint in lowered for hint in shape.hints):
            text = _masked(text, lowered, shape)
            lowered = text.lower()
    return text


def _masked(text: str, lowered: str, shape: _Shape) -> str:
    if len(lowered) != len(text):  # a letter whose small form is two: positions would not agree
        return shape.pattern.sub(_replaced, text)
    matches = sorted(_matches(text, lowered, shape), key=lambda match: match.span())
    safe: list[str] = []
    end = 0
    for match in matches:
        if match.start() >= end:
            safe += [text[end : match.start()], _replaced(match)]
            end = match.end()
    return "".join([*safe, text[end:]])


def _matches(text: str, lowered: str, shape: _Shape) -> Iterator[re.Match[str]]:
    for hint in shape.hints:
        at = lowered.find(hint)
        while at >= 0:
            match = shape.match(text, at)
            if match is not None:
                yield match
            at = lowered.find(hint, at + 1 if match is None else max(at + 1, match.end()))


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
