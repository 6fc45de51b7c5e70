"""Who signs in to Azure: a workflow's own identity, or whoever is logged in on this machine."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from orchestrator.compute.failures import CloudError, Failure, FailureKind

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

    from orchestrator.compute.azure_vm.settings import Endpoints

_AUDIENCE = "api://AzureADTokenExchange"
_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Federated:
    """A workflow's identity: a short-lived assertion is fetched anew for every token.

    ``request_url`` and ``request_token`` are what GitHub gives a job with ``id-token: write``
    ("OpenID Connect reference": ``ACTIONS_ID_TOKEN_REQUEST_URL`` and ``…_TOKEN``).
    """

    tenant: str
    client: str
    request_url: str
    request_token: str = field(repr=False)
    audience: str = _AUDIENCE
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Ambient:
    """The usual chain: environment, workload or managed identity, then command-line logins."""

    tenant: str | None = None


Login = Federated | Ambient


class SharedCredential:
    """A credential asked by many threads at once: one of them signs in, the others wait for it.

    The SDK's own would fetch a token for each thread that finds its cache empty.
    """

    def __init__(self, inner: TokenCredential) -> None:
        self._inner = inner
        self._lock = threading.Lock()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """As ``TokenCredential.get_token``."""
        with self._lock:
            return self._inner.get_token(*scopes, **options)

    def close(self) -> None:
        """Close the credential's connections."""
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()


def credential(login: Login, endpoints: Endpoints) -> SharedCredential:
    """Return the SDK's credential for a login. Nothing is requested yet."""
    # It logs what its errors say, and with no handler anywhere that goes to standard error.
    logging.getLogger("azure.identity").addHandler(logging.NullHandler())
    if isinstance(login, Ambient):
        return SharedCredential(_ambient(login, endpoints))
    return SharedCredential(_job(login, endpoints))


def _job(login: Federated, endpoints: Endpoints) -> TokenCredential:
    from azure.identity import ClientAssertionCredential

    return ClientAssertionCredential(
        login.tenant,
        login.client,
        lambda: assertion(login),
        authority=endpoints.authority,
        disable_instance_discovery=endpoints.known_authority,
        connection_verify=endpoints.ca_file or True,
        retry_total=0,
    )


def _ambient(login: Ambient, endpoints: Endpoints) -> TokenCredential:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(
        authority=endpoints.authority,
        disable_instance_discovery=endpoints.known_authority,
        connection_verify=endpoints.ca_file or True,
        exclude_interactive_browser_credential=True,
        **({"additionally_allowed_tenants": [login.tenant]} if login.tenant else {}),
    )


def assertion(login: Federated) -> str:
    """Fetch a fresh assertion from the job's token service.

    Raises:
        CloudError: Credentials when the service refuses; transient when it cannot be reached.
    """
    try:
        reply = requests.get(
            login.request_url,
            params={"audience": login.audience},
            headers={"Authorization": f"Bearer {login.request_token}"},
            timeout=_TIMEOUT_S,
            verify=login.ca_file or True,
        )
    except requests.RequestException as error:
        raise _refused(FailureKind.TRANSIENT, type(error).__name__) from None
    if reply.status_code == 429 or reply.status_code >= 500:
        raise _refused(FailureKind.TRANSIENT, f"HTTP {reply.status_code}")
    return _value(reply)


def _value(reply: requests.Response) -> str:
    try:
        value = reply.json()["value"] if reply.ok else None
    except (ValueError, KeyError, TypeError):
        value = None
    if not isinstance(value, str) or not value:
        raise _refused(FailureKind.CREDENTIALS, f"HTTP {reply.status_code}")
    return value


def _refused(kind: FailureKind, code: str) -> CloudError:
    message = "the job's identity token could not be fetched; the job needs id-token: write"
    return CloudError(Failure(kind, code, message), during="sign in to Azure")


def throwaway_public_key() -> str:
    """Return an OpenSSH public key whose private half exists nowhere: Azure asks for one.

    RSA, the one kind that every Linux image and API version takes, as short as Azure allows: a
    longer one takes every launch a while to make, and guards nothing.
    """
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")
