"""PyGithub clients, one a thread at a time.

A PyGithub requester keeps the call it is about to send on its connection, so two threads that
share one can send each other's. Clients are therefore lent, not shared; tokens, pace and the
cache of replies are common to all of them.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orchestrator.errors import BadInputError, Problem
from orchestrator.github.access import (
    Access,
    AppAccess,
    AppSigner,
    InstallationTokens,
    app_client,
    constant_auth,
    renewed_auth,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from github.Requester import Requester

    from orchestrator.clock import Clock
    from orchestrator.secret import Secret

API_VERSION = "2022-11-28"
"""Served by github.com and by every supported Enterprise Server."""

PUBLIC_API_URL = "https://api.github.com"
_USER_AGENT = "waa-matrix"


@dataclass(frozen=True, slots=True)
class Connection:
    """Where GitHub is and who calls it.

    ``repository`` is ``owner/name``; ``api_url`` is the value of ``GITHUB_API_URL``;
    ``ca_bundle`` a file of certificates for an Enterprise Server with its own authority.
    """

    repository: str
    access: Access
    api_url: str = PUBLIC_API_URL
    ca_bundle: str | None = None
    timeout_s: int = 30
    per_page: int = 100
    api_version: str = API_VERSION

    def problems(self) -> list[Problem]:
        """Return everything that is wrong with these values."""
        result = []
        if len([part for part in self.repository.split("/") if part]) != 2:
            what = f"{self.repository!r} is no owner/name"
            result.append(Problem("GitHub repository", what, "Give owner/name."))
        address = urlsplit(self.api_url)
        if address.scheme not in ("http", "https") or not address.hostname:
            what = f"{self.api_url!r} is no http(s) address"
            result.append(Problem("GitHub API address", what, "See GITHUB_API_URL."))
        if not _secret(self.access):
            what = "the token or private key is empty"
            result.append(Problem("GitHub access", what, "Provide the secret."))
        return result


def _secret(access: Access) -> Secret:
    return access.private_key if isinstance(access, AppAccess) else access.token


class ClientPool:
    """Lends clients; makes as many as threads ask at once.

    Raises:
        BadInputError: the connection's values cannot work.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        if problems := connection.problems():
            raise BadInputError(problems)
        _guard_logs()
        self._options = _options(connection)
        self._lock = threading.Lock()
        self._idle: list[Requester] = []
        self._tokens: InstallationTokens | None = None
        access = connection.access
        if isinstance(access, AppAccess):
            signer = AppSigner(access.private_key)
            self._tokens = InstallationTokens(
                lambda: app_client(access.app_id, signer, self._options),
                connection.repository,
                access.installation_id,
                clock,
            )
            self._auth = renewed_auth(self._tokens)
        else:
            self._auth = constant_auth(access.token)

    @contextmanager
    def lend(self) -> Iterator[Requester]:
        """Yield a client that no other thread uses meanwhile."""
        with self._lock:
            client = self._idle.pop() if self._idle else None
        client = client or self._make()
        try:
            yield client
        finally:
            with self._lock:
                self._idle.append(client)

    def renew(self) -> bool:
        """Fetch a new token for the next call; False when there is only the one given."""
        if self._tokens is not None:
            self._tokens.forget()
        return self._tokens is not None

    def close(self) -> None:
        """Close every connection that is not lent."""
        with self._lock:
            clients, self._idle = self._idle, []
        for client in clients:
            client.close()

    def _make(self) -> Requester:
        from github.Requester import Requester

        return Requester(auth=self._auth, **self._options)


def _options(connection: Connection) -> dict[str, Any]:
    """What every client is made with: no retries and no pauses of PyGithub's own.

    Its retries would send a mint twice, and its pauses know neither other threads nor the clock
    that is passed in; ``retry`` and ``pace`` do both.
    """
    return {
        "base_url": connection.api_url.rstrip("/"),
        "timeout": connection.timeout_s,
        "user_agent": _USER_AGENT,
        "per_page": connection.per_page,
        "verify": connection.ca_bundle or True,
        "retry": 0,
        "pool_size": 1,
        "seconds_between_requests": None,
        "seconds_between_writes": None,
        "api_version": connection.api_version,
    }


class _WithoutQueries(logging.Filter):
    """Cuts the query from addresses: a signed one is as good as a password."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_before_query(value) for value in record.args)
        return True


def _before_query(value: object) -> object:
    return value.partition("?")[0] if isinstance(value, str) else value


_WITHOUT_QUERIES = _WithoutQueries()


def _guard_logs() -> None:
    """Keep secrets out of the libraries' debug logs.

    PyGithub logs whole replies, which hold tokens and runner configurations: it gets a logger
    that says nothing. urllib3 logs the address of every request.
    """
    from github.Requester import Requester

    silent = logging.getLogger(f"{__name__}.replies")
    silent.disabled = True
    Requester.injectLogger(silent)
    logging.getLogger("urllib3.connectionpool").addFilter(_WITHOUT_QUERIES)
