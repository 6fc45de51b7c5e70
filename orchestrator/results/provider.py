"""What the model's provider answered, and what that means for a task and for the run.

A status decides where one is known, else the name of the exception's class: libraries word the same
refusal in unlike ways (openai 3 says "Error code: 429 - You exceeded your current quota" where
openai 1 printed the JSON body). Names are those of openai 0.28 to 3 (``openai._exceptions``),
anthropic, litellm, google-genai, google-api-core, httpx, requests, urllib3 and aiohttp.

In a log two kinds of lines tell: the request lines of httpx and urllib3, and errors as libraries
word them. Windows is spoken to over plain http by urllib3, so of urllib3 only https counts.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestrator.results.exceptions import CONNECTION_NAMES
from orchestrator.results.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.results.exceptions import Link

_NOTE_LIMIT = 300
_RATE_LIMITED = 429


class Answer(StrEnum):
    """What an answer of the provider, or its absence, means."""

    GIVEN = "an answer"
    REFUSED = "a refusal"  # of everybody: credentials, account, model, quota
    REJECTED = "a bad request"  # of this request, unless other tasks meet it too
    UNFIT = "a request that does not fit"  # too large, not processable: this task's own
    LIMITED = "a rate limit"
    ABSENT = "no answer"  # unreachable, overloaded, broken


_STATUSES = {
    400: Answer.REJECTED,
    401: Answer.REFUSED,
    402: Answer.REFUSED,
    403: Answer.REFUSED,
    404: Answer.REFUSED,  # a model that does not exist (any more)
    408: Answer.ABSENT,  # the provider gave up waiting; openai's library tries it again itself
    409: Answer.ABSENT,  # a lock was not had in time; tried again by the library as well
    413: Answer.UNFIT,
    422: Answer.UNFIT,
    425: Answer.ABSENT,
    429: Answer.LIMITED,
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

_UNREACHABLE = 0
_CLASSES = {
    "BadRequestError": 400,
    "InvalidRequestError": 400,
    "ContentPolicyViolationError": 400,
    "ContextWindowExceededError": 400,
    "InvalidArgument": 400,
    "AuthenticationError": 401,
    "Unauthenticated": 401,
    "PermissionDeniedError": 403,
    "PermissionError": 403,
    "PermissionDenied": 403,
    "NotFoundError": 404,
    "NotFound": 404,
    "ConflictError": 409,
    "RequestTooLargeError": 413,
    "UnprocessableEntityError": 422,
    "RateLimitError": 429,
    "ResourceExhausted": 429,
    "TooManyRequests": 429,
    "InternalServerError": 500,
    "ServerError": 500,
    "ServiceUnavailableError": 503,
    "ServiceUnavailable": 503,
    "DeadlineExceededError": 504,
    "DeadlineExceeded": 504,
    "OverloadedError": 529,
    "APIConnectionError": _UNREACHABLE,
    "APITimeoutError": _UNREACHABLE,
    "Timeout": _UNREACHABLE,
}
_PROVIDERS = frozenset({"openai", "anthropic", "litellm", "google", "groq", "mistralai", "cohere"})
_TRANSPORTS = frozenset(
    {"httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3", "aiohttp"}
)

_CODE = re.compile(r"Error code: (\d{3})\b")
_REQUESTS = re.compile(r"^(\d{3}) (?:Client|Server) Error: .* for url: (\S*)")
_GOOGLE = re.compile(r"^(\d{3})\b")
_RETRIED = re.compile(r"\bstate=finished raised (\w+)>")
# The guest's own ports: its server, its browsers' debugging port, QEMU's monitor.
_GUEST = re.compile(r"\bport=(?:5000|9222|7200)\b|:(?:5000|9222|7200)(?:/|\b)")

_HTTPX = re.compile(r'HTTP Request: POST https?://\S+ "HTTP/[\d.]+ (\d{3})')
_URLLIB3 = re.compile(r'https://\S+ "POST \S+ HTTP/[\d.]+" (\d{3})')
_WORDED = re.compile(r"^(?:[A-Za-z_][\w.]*: )?Error code: (\d{3}) - (.*)", re.MULTILINE)
_REQUESTS_WORDED = re.compile(
    r"^requests\.exceptions\.HTTPError: (\d{3}) (?:Client|Server) Error: .* for url: https://(.*)",
    re.MULTILINE,
)
_UNREACHED = re.compile(
    r"^(?:openai|anthropic)\.(?:APIConnectionError|APITimeoutError)\b"
    r"|^(?:httpx2?)\.(?:Connect|Read|Write|Pool)(?:Error|Timeout)\b",
    re.MULTILINE,
)


def meaning(status: int, body: str = "") -> Answer:
    """Return what an answer with this HTTP status means; status 0 is that there was none."""
    if status != _UNREACHABLE and _NO_QUOTA.search(body) and not _COMES_BACK.search(body):
        return Answer.REFUSED
    if status == _RATE_LIMITED and _TOO_LARGE.search(body):
        return Answer.UNFIT
    if status in _STATUSES:
        return _STATUSES[status]
    if status == _UNREACHABLE or status >= 500:
        return Answer.ABSENT
    return Answer.GIVEN if status < 400 else Answer.UNFIT


def answer_of(chain: Sequence[Link]) -> Answer | None:
    """Return what the provider answered when an agent raised this chain; None: it is not in it.

    Of several that tell, the outermost does: what lies below is how its library put it together.
    A retry's own summary ("RetryError[… raised RateLimitError]") tells where nothing else does.
    """
    for link in reversed(chain):
        found = _of_link(link)
        if found is not None:
            return found
    for link in reversed(chain):
        match = _RETRIED.search(link.message)
        if match is not None and match.group(1) in _CLASSES:
            return meaning(_CLASSES[match.group(1)])
    return None


def _of_link(link: Link) -> Answer | None:
    code = _CODE.search(link.message)
    if code is not None:
        return meaning(int(code.group(1)), link.message)
    if link.root in _PROVIDERS:
        return _of_provider(link)
    if link.root not in _TRANSPORTS or _GUEST.search(link.message):
        return None
    http = _REQUESTS.match(link.message)
    if http is not None:
        return meaning(int(http.group(1)), link.message)
    return Answer.ABSENT if link.name in CONNECTION_NAMES else None


def _of_provider(link: Link) -> Answer | None:
    leading = _GOOGLE.match(link.message) if link.root == "google" else None
    if leading is not None:
        return meaning(int(leading.group(1)), link.message)
    status = _CLASSES.get(link.name)
    return None if status is None else meaning(status, link.message)


def answers_worded(text: str) -> list[tuple[int, str]]:
    """Return (status, body) of every line of ``text`` that is an error as a library words it."""
    pairs = _WORDED.findall(text) + _REQUESTS_WORDED.findall(text)
    silent = [(str(_UNREACHABLE), "")] * (_UNREACHED.search(text) is not None)
    return [(int(status), body) for status, body in (*pairs, *silent)]


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
        elif "Error code: " in message:
            start = message.index("Error code: ") if believed else 0
            self._worded(message[start:], message)
        else:
            self._worded(message, message)

    def _worded(self, error: str, message: str) -> None:
        for status, body in answers_worded(error):
            refused = self._hear(status, body, message)
            self._words += refused

    def _hear(self, status: int, body: str, message: str) -> bool:
        """Take in one answer; return whether it was a refusal."""
        answer = meaning(status, body)
        note = clean(message, _NOTE_LIMIT)
        if answer is Answer.GIVEN:
            self.answers += 1
            self.answered()
        elif answer is Answer.REFUSED:
            self.throttled, self.refusal = False, note
        elif answer is Answer.ABSENT:
            self.throttled, self.outage = False, note
        elif answer is Answer.LIMITED:
            self.throttled, self.outage = True, ""
            self.limits += 1
        else:  # about this request alone: it was answered
            self.throttled, self.outage = False, ""
        return answer is Answer.REFUSED
