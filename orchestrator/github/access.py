"""Who calls GitHub: a token, or an App whose short-lived tokens are fetched anew.

An App's installation token lives one hour, and a run lives longer: a token is replaced five
minutes before it ends, by whichever thread needs it first.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from orchestrator.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from github.Auth import Auth
    from github.GithubIntegration import GithubIntegration
    from jwt.algorithms import AllowedPrivateKeys

    from orchestrator.clock import Clock

_RENEW_BEFORE_S: Final = 300.0
_ALGORITHM: Final = "RS256"


@dataclass(frozen=True, slots=True)
class TokenAccess:
    """A personal access token or a job's ``GITHUB_TOKEN`` (which can never mint runners)."""

    token: Secret


@dataclass(frozen=True, slots=True)
class AppAccess:
    """A GitHub App. Without ``installation_id`` the repository's installation is looked up."""

    app_id: str
    private_key: Secret
    installation_id: int | None = None


Access = TokenAccess | AppAccess


class InstallationTokens:
    """The current token of an App's installation, shared by all threads.

    ``integration`` makes the client that signs as the App; its errors pass through.
    """

    def __init__(
        self,
        integration: Callable[[], GithubIntegration],
        repository: str,
        installation_id: int | None,
        clock: Clock,
    ) -> None:
        self._integration = integration
        self._owner, _, self._name = repository.partition("/")
        self._installation_id = installation_id
        self._clock = clock
        self._lock = threading.Lock()
        self._token = Secret("")
        self._ends_at = 0.0

    def current(self) -> Secret:
        """Return a token that lives at least five minutes more."""
        with self._lock:
            if self._clock.now() > self._ends_at - _RENEW_BEFORE_S:
                self._fetch()
            return self._token

    def forget(self) -> None:
        """Drop the current token, which GitHub does not accept any more."""
        with self._lock:
            self._ends_at = 0.0

    def _fetch(self) -> None:
        client = self._integration()
        try:
            if self._installation_id is None:
                self._installation_id = client.get_repo_installation(self._owner, self._name).id
            granted = client.get_access_token(self._installation_id)
        finally:
            client.requester.close()
        self._token = Secret(granted.token)
        self._ends_at = granted.expires_at.timestamp()


class AppSigner:
    """Signs as an App. Its key is read at the first use and kept: to read it takes much longer."""

    def __init__(self, private_key: Secret) -> None:
        self._private_key = private_key

    def __call__(self, claims: dict[str, Any]) -> str:
        """Return a JSON Web Token. Raises what PyJWT raises of a key that is none."""
        import jwt

        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    @cached_property
    def _key(self) -> AllowedPrivateKeys:
        from jwt import get_algorithm_by_name

        key: AllowedPrivateKeys = get_algorithm_by_name(_ALGORITHM).prepare_key(
            self._private_key.reveal()
        )
        return key


def app_client(app_id: str, signer: AppSigner, options: Mapping[str, Any]) -> GithubIntegration:
    """Return the client that signs as the App; ``options`` are those of every client."""
    from github.Auth import AppAuth
    from github.GithubIntegration import GithubIntegration

    return GithubIntegration(auth=AppAuth(app_id, sign_func=signer), **options)


def constant_auth(token: Secret) -> Auth:
    """Return the authentication of a client that keeps one token."""
    from github.Auth import Token

    return Token(token.reveal())


def renewed_auth(tokens: InstallationTokens) -> Auth:
    """Return the authentication of a client that asks ``tokens`` at every call."""
    from github.Auth import Auth

    class Installation(Auth):
        @property
        def token_type(self) -> str:
            return "token"

        @property
        def token(self) -> str:
            return tokens.current().reveal()

    return Installation()
