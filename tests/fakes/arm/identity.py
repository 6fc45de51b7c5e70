"""The fake's sign-in: a job's token service, and the authority that takes its assertions."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from tests.fakes.arm.reply import Json, RefusalError, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

TENANT = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
CLIENT = "99999999-8888-4777-8666-555555555555"
_AUDIENCE = "api://AzureADTokenExchange"
_LIFETIME_S = 3600
_ASSERTION_S = 300.0


class Identity:
    """Issues assertions and tokens; an assertion is taken once, so it must be fetched anew.

    Tokens live in real time, because the real credential caches them by its own clock. They say
    that they live for ``lifetime_s``, and are refused after ``refused_after_s``.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._unused: dict[str, float] = {}
        self._tokens: dict[str, float] = {}
        self.lifetime_s = _LIFETIME_S
        self.refused_after_s = float(_LIFETIME_S)
        self.tokens = 0
        self.request_token = secrets.token_urlsafe(24)
        self.assertions = 0
        self.subject = "repo:octo/bench:environment:waa-fleet-run"
        self.trusts: set[str] | None = None  # subjects; None: whatever comes
        self.issued: list[str] = []  # every secret ever given out, for tests that look for leaks

    def revoke(self) -> None:
        """Every token given out so far is refused from now on."""
        self._tokens.clear()

    def assertion(self, authorization: str, query: Mapping[str, str]) -> Reply:
        if authorization != f"Bearer {self.request_token}":
            return Reply(401, {"message": "bad credentials"})
        value = self._jwt({"aud": query.get("audience"), "sub": self.subject})
        self.assertions += 1
        self._unused[value] = time.monotonic() + _ASSERTION_S
        return Reply(200, {"value": value})

    def token(self, tenant: str, form: bytes) -> Reply:
        fields = {name: values[0] for name, values in parse_qs(form.decode()).items()}
        assertion = fields.get("client_assertion", "")
        if tenant != TENANT or fields.get("client_id") != CLIENT:
            return _refused("unauthorized_client", "AADSTS700016: Application was not found.")
        valid = self._unused.pop(assertion, 0.0) > time.monotonic()
        if not valid or self._claims(assertion).get("aud") != _AUDIENCE:
            return _refused("invalid_client", "AADSTS700024: Client assertion is not valid.")
        subject = str(self._claims(assertion)["sub"])
        if self.trusts is not None and subject not in self.trusts:
            text = (
                "AADSTS700213: No matching federated identity record found for presented assertion"
                f" subject '{subject}'. Check your federated identity credential Subject, Audience"
                " and Issuer against the presented assertion."
            )
            return _refused("invalid_request", text)
        audience = fields.get("scope", "").split()[0].removesuffix("/.default")
        token = self._jwt({"aud": audience, "tid": tenant, "appid": CLIENT, "oid": CLIENT})
        self._tokens[token] = time.monotonic() + self.refused_after_s
        self.tokens += 1
        life = {"expires_in": self.lifetime_s, "ext_expires_in": self.lifetime_s}
        return Reply(200, {"token_type": "Bearer", "access_token": token, **life})

    def configuration(self, authority: str, tenant: str) -> Reply:
        base = f"{authority}/{tenant}"
        return Reply(
            200,
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            },
        )

    def check(self, authorization: str) -> Json:
        """Admit a request and return its token's claims, or refuse it as Azure does."""
        token = authorization.removeprefix("Bearer ")
        if self._tokens.get(token, 0.0) <= time.monotonic():
            text = "The access token is invalid."
            raise RefusalError(401, "InvalidAuthenticationToken", text)
        return self._claims(token)

    def _jwt(self, claims: Json) -> str:
        now = int(time.time())
        life = {
            "iss": "https://sts.windows.net/x/",
            "iat": now,
            "nbf": now,
            "jti": secrets.token_hex(8),
        }
        body = {**claims, **life, "exp": now + self.lifetime_s}
        signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(body)}"
        signature = hmac.new(self._key, signed.encode(), hashlib.sha256).digest()
        value = f"{signed}.{_text(signature)}"
        self.issued.append(value)
        return value

    def _claims(self, token: str) -> Json:
        body = token.split(".")[1]
        claims: Json = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return claims


def _refused(code: str, text: str) -> Reply:
    return Reply(401, {"error": code, "error_description": text, "error_codes": [700024]})


def _part(value: Json) -> str:
    return _text(json.dumps(value).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
