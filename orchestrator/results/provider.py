"""What the model's provider answered, read from the lines that tell.

Two kinds of lines do: the request lines of httpx and urllib3, and errors as the openai and
anthropic libraries word them ("Error code: 401 - {…}"). Windows is spoken to over plain http, so of
urllib3 only https counts.
"""

from __future__ import annotations

import re

from orchestrator.results.text import clean

_NOTE_LIMIT = 300
_RATE_LIMITED = 429
_OK = range(200, 300)

# 404 is a model that does not exist (any more), 402 an account that cannot pay.
_REFUSED = frozenset({400, 401, 402, 403, 404})

_HTTPX = re.compile(r'HTTP Request: POST https?://\S+ "HTTP/[\d.]+ (\d{3})')
_URLLIB3 = re.compile(r'https://\S+ "POST \S+ HTTP/[\d.]+" (\d{3})')

_WORDED = re.compile(r"^(?:[A-Za-z_][\w.]*: )?Error code: (\d{3}) - (.*)", re.MULTILINE)
_REQUESTS = re.compile(
    r"^requests\.exceptions\.HTTPError: (\d{3}) Client Error: .* for url: https://(.*)",
    re.MULTILINE,
)
_NO_QUOTA = re.compile(r"insufficient_quota|billing_hard_limit_reached|billing_not_active")


def refused(status: int, body: str = "") -> bool:
    """Whether an answer means no: credentials, a bad request, no such model, or no quota left.

    A 429 is a rate limit, except where the body says that the account's quota is used up.
    """
    return status in _REFUSED or (status == _RATE_LIMITED and _NO_QUOTA.search(body) is not None)


def answers_worded(text: str) -> list[tuple[int, str]]:
    """Return (status, body) of every line of ``text`` that is an error as a library words it."""
    found = _WORDED.findall(text) + _REQUESTS.findall(text)
    return [(int(status), body) for status, body in found]


def refuses(text: str) -> bool:
    """Whether a line of ``text`` is a provider's refusal."""
    return any(refused(status, body) for status, body in answers_worded(text))


class Provider:
    """What the provider said since it last answered or the agent last acted.

    ``throttled`` is whether its last word was a rate limit, ``refusal`` the last refusal as one
    cleaned line (empty when there is none), ``heard`` whether its answers are in this log at all.
    """

    __slots__ = ("_requests", "_words", "heard", "refusal", "throttled")

    def __init__(self) -> None:
        self.heard = False
        self.answered()

    def answered(self) -> None:
        """Forget refusals and rate limits: an answer came, or the agent acted on one."""
        self.throttled = False
        self.refusal = ""
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
            self._status(int(match.group(1)), message)
        elif "Error code: " in message:
            start = message.index("Error code: ") if believed else 0
            self._worded(message[start:], message)

    def _status(self, status: int, message: str) -> None:
        self.heard = True
        if status in _OK:
            self.answered()
        elif refused(status):
            self._requests += 1
            self._refuse(message)
        else:
            self.throttled = self.throttled or status == _RATE_LIMITED

    def _worded(self, error: str, message: str) -> None:
        for status, body in answers_worded(error):
            if refused(status, body):
                self._words += 1
                self._refuse(message)
            else:
                self.throttled = self.throttled or status == _RATE_LIMITED

    def _refuse(self, message: str) -> None:
        self.throttled = False
        self.refusal = clean(message, _NOTE_LIMIT)
