"""What the model's provider answered, and what that means for a task and for the run.

A status decides; what an exception says of one is ``api_errors``' business. Libraries word the same
refusal in unlike ways (openai 3 says "Error code: 429 - You exceeded your current quota" where
openai 1 printed the JSON body).

In a log two kinds of lines tell: the request lines of httpx and urllib3, and errors as libraries
word them. Windows is spoken to over plain http by urllib3, so of urllib3 only https counts.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestrator.results.api_errors import UNREACHED, status_of, status_worded
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.results.exceptions import Link

_NOTE_LIMIT = 300
_RATE_LIMITED = 429


class ProviderAnswer(StrEnum):
    """What an answer of the provider, or its absence, means."""

    GIVEN = "an answer"
    REFUSED = "a refusal"  # of everybody: credentials, account, model, quota
    REJECTED = "a bad request"  # of this request, unless other tasks meet it too
    UNFIT = "a request that does not fit"  # too large, not processable: this task's own
    LIMITED = "a rate limit"
    ABSENT = "no answer"  # unreachable, overloaded, broken


_STATUSES = {
    400: ProviderAnswer.REJECTED,
    401: ProviderAnswer.REFUSED,
    402: ProviderAnswer.REFUSED,
    403: ProviderAnswer.REFUSED,
    404: ProviderAnswer.REFUSED,  # a model that does not exist (any more)
    408: ProviderAnswer.ABSENT,  # the provider gave up waiting; openai's library tries again
    409: ProviderAnswer.ABSENT,  # a lock was not had in time; tried again by the library as well
    413: ProviderAnswer.UNFIT,
    422: ProviderAnswer.UNFIT,
    425: ProviderAnswer.ABSENT,
    429: ProviderAnswer.LIMITED,
}

# An account without money says so under 400, 402, 403 and 429.
_NO_QUOTA = re.compile(
    r"insufficient[_ ]quota|billing_hard_limit_reached|billing_not_active"
    r"|exceeded your current quota|credit balance is too low|insufficient (?:credits|balance)",
    re.IGNORECASE,
)
# Google calls a rate a quota, but says when to come back.
_COMES_BACK = re.compile(
    r"per[ _-]?(?:minute|second)|retry[ _-]?(?:delay|after|in \d)", re.IGNORECASE
)

# OpenAI answers a request that is larger than a minute's rate with 429: waiting is of no use.
_TOO_LARGE = re.compile(r"request too large|must be reduced", re.IGNORECASE)

_HTTPX = re.compile(r'HTTP Request: POST https?://\S+ "HTTP/[\d.]+ (\d{3})')
_URLLIB3 = re.compile(r'https://\S+ "POST \S+ HTTP/[\d.]+" (\d{3})')
_WORDED = re.compile(r"^(?:[A-Za-z_][\w.]*: )?Error code: (\d{3}) - (.*)", re.MULTILINE)
_REQUESTS_WORDED = re.compile(
    r"^requests\.exceptions\.HTTPError: (\d{3}) (?:Client|Server) Error: .* for url: https://(.*)",
    re.MULTILINE,
)
# "Error code: …" in a library's text is the business of _WORDED.
_RAISED = re.compile(r"^([a-z_]\w*(?:\.\w+)+): (?!Error code: )(.*)", re.MULTILINE)
_BEDROCK = re.compile(
    r"^(An error occurred \(\w+\) when calling the \w+ operation.*)", re.MULTILINE
)
_EMBEDDED = ("Error code: ", "An error occurred (")
_UNREACHED = re.compile(
    r"^(?:httpx2?)\.(?:Connect|Read|Write|Pool)(?:Error|Timeout)\b",
    re.MULTILINE,
)


def meaning(status: int, body: str = "") -> ProviderAnswer:
    """Return what an answer with this HTTP status means; status 0 is that there was none."""
    if status != UNREACHED and _NO_QUOTA.search(body) and not _COMES_BACK.search(body):
        return ProviderAnswer.REFUSED
    if status == _RATE_LIMITED and _TOO_LARGE.search(body):
        return ProviderAnswer.UNFIT
    if status in _STATUSES:
        return _STATUSES[status]
    if status == UNREACHED or status >= 500:
        return ProviderAnswer.ABSENT
    return ProviderAnswer.GIVEN if status < 400 else ProviderAnswer.UNFIT


def answer_of(chain: Sequence[Link]) -> ProviderAnswer | None:
    """Return what the provider answered when an agent raised this chain; None: it is not in it."""
    result = status_of(chain)
    return None if result is None else meaning(*result)


def answers_worded(text: str) -> list[tuple[int, str]]:
    """Return (status, body) of every line of ``text`` that is an error as a library words it."""
    pairs = _WORDED.findall(text) + _REQUESTS_WORDED.findall(text)
    silent = [(str(UNREACHED), "")] * (_UNREACHED.search(text) is not None)
    reported = [(int(status), body) for status, body in (*pairs, *silent)]
    bedrock = [("botocore.exceptions.ClientError", body) for body in _BEDROCK.findall(text)]
    for path, body in (*_RAISED.findall(text), *bedrock):
        status = status_worded(path, body)
        reported += [] if status is None else [(status, body)]
    return reported


class Provider:
    """What the provider said since it last answered or the agent last acted.

    ``throttled`` is whether its last word was a rate limit, ``refusal`` and ``outage`` the last of
    each as one cleaned line (empty when there is none), ``heard`` whether its answers are in this
    log at all, ``answers`` how many it has given, ``limits`` how often it limited the rate since.
    """

    __slots__ = (
        "_requests",
        "_words",
        "answers",
        "heard",
        "limits",
        "outage",
        "refusal",
        "throttled",
    )

    def __init__(self) -> None:
        self.heard = False
        self.answers = 0
        self.answered()

    def answered(self) -> None:
        """Forget refusals, outages and rate limits: an answer came, or the agent acted on one."""
        self.throttled = False
        self.limits = 0
        self.refusal = ""
        self.outage = ""
        self._requests = 0
        self._words = 0

    @property
    def refusals(self) -> int:
        """How many requests were refused. One may be told twice, by its library and the agent."""
        return max(self._requests, self._words)

    def listen(self, message: str, *, believed: bool) -> None:
        """Read a line of a log.

        Args:
            message: The line, without its head.
            believed: Whether it belongs to a warning or an error. Such a record may have an error
                embedded; what was only printed must be nothing else.
        """
        match = _HTTPX.match(message) or _URLLIB3.match(message)
        if match is not None:
            self.heard = True
            refused = self._hear(int(match.group(1)), "", message)
            self._requests += refused
            return
        starts = [at for mark in _EMBEDDED if believed and (at := message.find(mark)) >= 0]
        self._worded(message[min(starts, default=0) :], message)

    def _worded(self, error: str, message: str) -> None:
        for status, body in answers_worded(error):
            refused = self._hear(status, body, message)
            self._words += refused

    def _hear(self, status: int, body: str, message: str) -> bool:
        """Take in one answer; return whether it was a refusal."""
        answer = meaning(status, body)
        note = clean(message, _NOTE_LIMIT)
        if answer is ProviderAnswer.GIVEN:
            self.answers += 1
            self.answered()
        elif answer is ProviderAnswer.REFUSED:
            self.throttled, self.refusal = False, note
        elif answer is ProviderAnswer.ABSENT:
            self.throttled, self.outage = False, note
        elif answer is ProviderAnswer.LIMITED:
            self.throttled, self.outage = True, ""
            self.limits += 1
        else:  # about this request alone: it was answered
            self.throttled, self.outage = False, ""
        return answer is ProviderAnswer.REFUSED
