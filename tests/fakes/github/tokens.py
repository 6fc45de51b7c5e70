"""Who may call: personal tokens, a job's token, and an App that signs for its own."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from orchestrator.clock import Clock

TOKEN_LIFE_S = 3600.0
ALL = frozenset(
    {
        *("administration", "actions", "checks", "pull_requests", "metadata"),
        *("variables", "environments"),
    }
)
JOB = ALL - {"administration", "variables", "environments"}
"""A job's GITHUB_TOKEN: none of these is among the rights that a workflow can give it."""


@dataclass(frozen=True, slots=True)
class App:
    """A registered App, installed on the repository."""

    app_id: str
    installation_id: int
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    permissions: frozenset[str]
    login: str
    ends_at: float = float("inf")


class Tokens:
    """Every token that was given out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._grants: dict[str, Grant] = {}
        self.life_s = self.refused_after_s = TOKEN_LIFE_S
        self.installations = 0
        self.app = App("4242", 7, _shared_key())

    def personal(self, permissions: frozenset[str] = ALL, login: str = "octocat") -> str:
        return self._grant("ghp_", Grant(permissions, login))

    def job(self) -> str:
        return self._grant("ghs_job", Grant(JOB, "github-actions[bot]"))

    def installation(self) -> tuple[str, float]:
        """Return a new installation token and when it says that it ends."""
        self.installations += 1
        now = self._clock.now()
        token = self._grant("ghs_", Grant(ALL, "waa-matrix[bot]", now + self.refused_after_s))
        return token, now + self.life_s

    def given(self) -> list[str]:
        """Every token that is known, for tests that look for leaks."""
        with self._lock:
            return list(self._grants)

    def revoke_all(self) -> None:
        with self._lock:
            self._grants.clear()

    def grant(self, authorization: str) -> Grant | None:
        """Return what a header's token may do; None for a token nobody knows, or that ended."""
        token = authorization.partition(" ")[2]
        with self._lock:
            result = self._grants.get(token)
        return result if result and result.ends_at > self._clock.now() else None

    def is_app(self, authorization: str) -> bool:
        """Whether the header holds a JWT that the App signed, for at most ten minutes."""
        public = _public_key(self.app.private_key)
        options: dict[str, object] = {"require": ["iat", "exp", "iss"]}
        try:
            claims = jwt.decode(
                authorization.partition(" ")[2],
                public,
                algorithms=["RS256"],
                issuer=self.app.app_id,
                options=options,  # type: ignore[arg-type]
            )
        except jwt.InvalidTokenError:
            return False
        return bool(claims["exp"] - claims["iat"] <= 660)  # iat is set back a minute for skew

    def _grant(self, prefix: str, grant: Grant) -> str:
        token = prefix + secrets.token_hex(18)
        with self._lock:
            self._grants[token] = grant
        return token


def new_private_key() -> str:
    """Return an App's key as GitHub hands it out."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode()


@lru_cache(maxsize=4)
def _public_key(private_key: str) -> rsa.RSAPublicKey:
    public = serialization.load_pem_private_key(private_key.encode(), None).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    return public


@lru_cache(maxsize=1)
def _shared_key() -> str:
    """One key for all fakes of a process: making one takes a while."""
    return new_private_key()
