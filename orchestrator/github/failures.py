"""What a refused or lost call to GitHub means, decided in one place.

The kinds are everybody's (``orchestrator.failures``): throttled and transient calls are worth
another try, configuration and credentials stop the whole run at once. ``not-found`` and
``conflict`` are for the caller to judge: a missing runner is a success when deleting it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import MatrixError
from orchestrator.failures import FailureKind
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FailureKind", "GitHubError", "JudgedReply", "judge"]

SECONDARY_LIMIT_WAIT_S = 60.0
"""Wait after a limit that names no time of its own ("Rate limits for the REST API")."""

_LIMIT_WORDS = re.compile(
    r"rate limit|abuse detection|wait a few minutes before|temporarily blocked"
    r"|retry your request again later|submitted too quickly",
    re.IGNORECASE,
)
"""What limits say of themselves, older wordings too (octokit.net#638, PyGithub#810,
nf-core/tools#970), where they come without a header of their own."""

_LIMIT_PAGES = re.compile(r"#(abuse-|secondary-)?rate-limit", re.IGNORECASE)
_LIMIT_STATUSES = (403, 422)

_READ_LIMIT = 20_000
_MESSAGE_LIMIT = 300


_ADVICE: Mapping[FailureKind, str] = {
    FailureKind.THROTTLED: "A rate limit of GitHub's. Try again later or poll less often.",
    FailureKind.TRANSIENT: "GitHub or the way to it failed. See githubstatus.com and try again.",
    FailureKind.CONFIGURATION: "The request itself is wrong: correct it, a retry cannot help.",
    FailureKind.CREDENTIALS: "The token is invalid, expired, or lacks the permission.",
    FailureKind.NOT_FOUND: "It is gone, or the token may not see it.",
    FailureKind.CONFLICT: "It is in another state than the call needs.",
}


class GitHubError(MatrixError):
    """A call to GitHub failed for good, after the retries that its kind allows.

    ``status`` is None when no reply came; ``wait_s`` is what GitHub asked to wait, when it did.
    ``detail`` is GitHub's own message, bounded and printable; it holds no header and no request.
    """

    def __init__(  # the fields of one failure, each set by name
        self,
        kind: FailureKind,
        operation: str,
        *,
        status: int | None = None,
        detail: str = "",
        wait_s: float | None = None,
        needs: str = "",
    ) -> None:
        self.kind = kind
        self.operation = operation
        self.status = status
        self.detail = detail
        self.wait_s = wait_s
        answer = f"GitHub answered {status} to" if status else "no usable answer from GitHub to"
        said = f": {detail}" if detail else ""
        permission = f" Needs: {needs}." if needs and kind in _PERMISSION_KINDS else ""
        super().__init__(f"{answer} {operation}{said}. {_ADVICE[kind]}{permission}")


_PERMISSION_KINDS = frozenset({FailureKind.CREDENTIALS, FailureKind.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class JudgedReply:
    """A failed reply, judged. ``wait_s`` is set for throttled replies only."""

    kind: FailureKind
    detail: str
    wait_s: float | None = None


def judge(status: int, headers: Mapping[str, str], body: str, now: float) -> JudgedReply:
    """Judge a reply of 400 or above.

    ``headers`` has lower-case names; ``now`` is Unix seconds, for limits that give a reset time.
    """
    detail = _message(body)
    limited = status in _LIMIT_STATUSES and _is_limit(status, headers, body)
    if status == 429 or limited:
        return JudgedReply(FailureKind.THROTTLED, detail, _wait(headers, now))
    return JudgedReply(_kind(status, detail), detail)


def _kind(status: int, detail: str) -> FailureKind:
    if status in (401, 403):
        return FailureKind.CREDENTIALS
    if status in (404, 410):
        return FailureKind.NOT_FOUND
    if status == 409 or (status == 422 and "running a job" in detail.lower()):
        return FailureKind.CONFLICT
    if status == 408 or status >= 500:
        return FailureKind.TRANSIENT
    return FailureKind.CONFIGURATION


def _is_limit(status: int, headers: Mapping[str, str], body: str) -> bool:
    """Whether a refusal is a limit's: by its headers, the page it names, or its words.

    The headers count on a 403 alone: they stand on every reply.
    """
    reported = status == 403 and (
        "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    )
    return reported or bool(
        _LIMIT_PAGES.search(_page(body)) or _LIMIT_WORDS.search(body[:_READ_LIMIT])
    )


def _wait(headers: Mapping[str, str], now: float) -> float:
    """Retry-After first, else the reset time, else a minute (GitHub's own order)."""
    asked = _number(headers.get("retry-after"))
    if asked is not None:
        return asked
    reset = _number(headers.get("x-ratelimit-reset"))
    if reset is not None and headers.get("x-ratelimit-remaining") == "0":
        return max(reset - now, 0.0) + 1.0  # the reset falls somewhere within its second
    return SECONDARY_LIMIT_WAIT_S


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and re.fullmatch(r"\d{1,12}", text) else None


def _page(body: str) -> str:
    """Return the page of the documentation that an error names."""
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    return str(document.get("documentation_url", "")) if isinstance(document, dict) else ""


def _message(body: str) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return _line(body)
    if not isinstance(document, dict):
        return ""
    errors = document.get("errors")
    parts = [document.get("message"), *(errors if isinstance(errors, list) else [])]
    return _line("; ".join(_said(part) for part in parts if part))


def _said(part: object) -> str:
    if isinstance(part, dict):
        return str(part.get("message") or " ".join(str(value) for value in part.values()))
    return str(part)


def _line(text: str) -> str:
    return clean(text, _MESSAGE_LIMIT).rstrip(".")
