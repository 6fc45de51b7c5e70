"""One call to GitHub: paced, retried, conditional, classified.

Every part of the adapter calls through ``Wire``. Replies to reads are kept with their ETag and
asked for again conditionally: a 304 does not count against the hourly limit ("Best practices for
using the REST API").
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from orchestrator.github.failures import FailureKind, GitHubError, judge
from orchestrator.github.rate_limiter import READ_POINTS, WRITE_POINTS, PointsLimiter
from orchestrator.github.retry import GitHubRetryPolicy, retrying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from orchestrator.clock import Clock
    from orchestrator.github.clients import ClientPool

T = TypeVar("T")

_KEPT_REPLIES = 512
_PAGES_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply below 400. ``headers`` has lower-case names; ``body`` is decoded JSON or None."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls sent so far, and how many of them count against the hourly limit (not the 304s)."""

    sent: int = 0
    counted: int = 0


class Wire:
    """Calls on behalf of one repository; safe to share between threads."""

    def __init__(
        self,
        clients: ClientPool,
        repository: str,
        clock: Clock,
        pace: PointsLimiter,
        policy: GitHubRetryPolicy,
        *,
        per_page: int,
    ) -> None:
        self.root = f"/repos/{repository}"
        self.clock = clock
        self.policy = policy
        self._clients = clients
        self._pace = pace
        self._per_page = per_page
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Reply] = OrderedDict()
        self._usage = Usage()
        self._ahead = 0.0

    @property
    def usage(self) -> Usage:
        """What was sent through this wire."""
        return self._usage

    def server_now(self) -> float:
        """Return GitHub's time, Unix seconds: ours, until a reply has told its own."""
        return self.clock.now() + self._ahead

    def get(
        self,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        needs: str = "",
        root: str | None = None,
    ) -> Any:
        """Return the decoded reply to a conditional read of ``path``.

        The path is below ``root``, by default the repository.

        Raises:
            GitHubError: of any kind.
        """
        return self._read(_address((root or self.root) + path, query), needs).body

    def pages(
        self, path: str, key: str | None, query: Mapping[str, Any] | None = None, *, needs: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Yield the items of every page; ``key`` names the list within a page, None is the page.

        Pages are not a snapshot: while items come and go one may be missed or seen twice.
        """
        url: str | None = _address(self.root + path, {"per_page": self._per_page, **(query or {})})
        for _ in range(_PAGES_LIMIT):
            if url is None:
                return
            reply = self._read(url, needs)
            yield from reply.body if key is None else reply.body[key]
            url = _next_page(reply.headers.get("link", ""))

    def send(
        self,
        verb: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        needs: str = "",
        idempotent: bool = True,
    ) -> Reply:
        """Send a write (or a read that must not be kept) and return its reply.

        With ``idempotent=False`` a call that may have taken effect is not sent again: the
        transient failure is raised, and the caller looks before it repeats.
        """
        return self.retrying(
            lambda: self._attempt(verb, self.root + path, body=body, needs=needs),
            idempotent=idempotent,
        )

    def retrying(self, call: Callable[[], T], *, idempotent: bool = True) -> T:
        """Return what ``call`` returns under the one retry policy."""
        return retrying(
            call, policy=self.policy, clock=self.clock, pace=self._pace, idempotent=idempotent
        )

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._clients.close()

    def _read(self, url: str, needs: str) -> Reply:
        with self._lock:
            kept = self._kept.get(url)
        headers = {"If-None-Match": kept.headers["etag"]} if kept else {}
        reply = self.retrying(lambda: self._attempt("GET", url, headers=headers, needs=needs))
        if reply.status == 304 and kept is not None:
            return kept
        if "etag" in reply.headers:
            self._keep(url, reply)
        return reply

    def _keep(self, url: str, reply: Reply) -> None:
        with self._lock:
            self._kept[url] = reply
            self._kept.move_to_end(url)
            if len(self._kept) > _KEPT_REPLIES:
                self._kept.popitem(last=False)

    def _attempt(
        self,
        verb: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        needs: str = "",
    ) -> Reply:
        try:
            return self._once(verb, url, body, headers, needs)
        except GitHubError as error:
            if error.status != 401 or not self._clients.renew():
                raise
        return self._once(verb, url, body, headers, needs)

    def _once(
        self,
        verb: str,
        url: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        needs: str,
    ) -> Reply:
        operation = f"{verb} {url.partition('?')[0]}"
        self._pace.admit(READ_POINTS if verb == "GET" else WRITE_POINTS)
        status, fields, text = self._exchange(operation, verb, url, body, headers)
        self._count(status)
        self._hear(fields)
        if status >= 400:
            verdict = judge(status, fields, text, self.server_now())
            raise GitHubError(
                verdict.kind,
                operation,
                status=status,
                detail=verdict.detail,
                wait_s=verdict.wait_s,
                needs=needs,
            )
        return Reply(status, fields, _decoded(text, operation, status))

    def _exchange(
        self,
        operation: str,
        verb: str,
        url: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
    ) -> tuple[int, Mapping[str, str], str]:
        import requests
        from github.GithubException import GithubException

        try:
            with self._clients.lend() as client:
                return client.requestJson(verb, url, headers=dict(headers or {}), input=body)
        except GithubException as error:  # an App's token was refused while authenticating
            return error.status, error.headers or {}, json.dumps(error.data)
        except requests.exceptions.SSLError as error:
            detail = "the server's certificate is not trusted; is ca_bundle needed"
            raise GitHubError(FailureKind.CONFIGURATION, operation, detail=detail) from error
        except requests.exceptions.RequestException as error:
            raise GitHubError(
                FailureKind.TRANSIENT, operation, detail=type(error).__name__
            ) from error

    def _hear(self, fields: Mapping[str, str]) -> None:
        """Learn GitHub's time: a limit's reset is told in it, and a hosted clock may be off."""
        try:
            said = parsedate_to_datetime(fields["date"]).timestamp()
        except (KeyError, ValueError):
            return
        self._ahead = said - self.clock.now()

    def _count(self, status: int) -> None:
        with self._lock:
            counted = self._usage.counted + (status != 304)
            self._usage = Usage(self._usage.sent + 1, counted)


def _decoded(text: str, operation: str, status: int) -> Any:
    """Decode a good reply; one that was cut short is as good as none."""
    if not text or status == 302:
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise GitHubError(
            FailureKind.TRANSIENT, operation, status=status, detail="the reply is no JSON"
        ) from None


def _address(path: str, query: Mapping[str, Any] | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _next_page(link: str) -> str | None:
    """Return the address that a Link header calls next."""
    from requests.utils import parse_header_links

    for entry in parse_header_links(link) if link else []:
        if entry.get("rel") == "next":
            return str(entry["url"])
    return None
