"""The run's container in Blob Storage, and the key to it that a machine is given."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from orchestrator.compute.azure_vm.calls import call
from orchestrator.compute.azure_vm.clients import connection_options
from orchestrator.compute.azure_vm.credentials import SharedCredential, credential
from orchestrator.compute.azure_vm.sas_probe import try_key
from orchestrator.compute.failures import CloudError, Failure, FailureKind
from orchestrator.compute.keys import ContainerKey
from orchestrator.compute.retry import RetryPolicy
from orchestrator.store.extra import require_azure

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.storage.blob import BlobServiceClient, UserDelegationKey

    from orchestrator.compute.azure_vm.credentials import Login
    from orchestrator.compute.azure_vm.settings import Endpoints
    from orchestrator.compute.keys import KeyRefusals

T = TypeVar("T")

KEY_LIFETIME = timedelta(days=7)
"""The longest life of a user delegation key ("Create a user delegation SAS")."""

_CLOCK_SKEW = timedelta(minutes=15)


class RunStorage:
    """One storage account, as ``ContainerKeys``: ``https://NAME.blob.core.windows.net``."""

    def __init__(
        self,
        account_url: str,
        login: Login,
        endpoints: Endpoints,
        patience: RetryPolicy | None = None,
    ) -> None:
        self._account_url = account_url.rstrip("/")
        self._login = login
        self._endpoints = endpoints
        self._patience = patience or RetryPolicy()
        self._lock = threading.RLock()
        self._service: BlobServiceClient | None = None
        self._credential: SharedCredential | None = None
        self._delegation: tuple[datetime, UserDelegationKey] | None = None

    def create(self, container: str) -> bool:
        """Create a container; False when it was there already (a resumed run).

        Raises:
            BadInputError: The Azure libraries are not installed.
            CloudError: As every call to the cloud.
        """
        require_azure()
        from azure.core.exceptions import ResourceExistsError

        def submit() -> bool:
            try:
                self._client().create_container(container)
            except ResourceExistsError as error:
                if str(getattr(error, "error_code", "")).endswith("ContainerAlreadyExists"):
                    return False
                raise
            return True

        return self._call(f"create container {container}", submit)

    def key(self, container: str, now: datetime, expires: datetime) -> ContainerKey:
        """Mint a SAS for one container: read, create, write and list, no delete, https only.

        It is signed with a user delegation key, so it dies with the identity's role and needs no
        account key. ``now`` and ``expires`` are aware datetimes.

        Raises:
            BadInputError: The Azure libraries are not installed.
            CloudError: The account refuses, or ``expires`` is beyond a delegation key's life.
        """
        require_azure()
        from azure.storage.blob import ContainerSasPermissions, generate_container_sas

        if not now < expires <= now + KEY_LIFETIME:
            raise _bad_expiry(expires)
        delegation = self._call("get a delegation key", lambda: self._delegated(now, expires))
        sas = generate_container_sas(
            account_name(self._account_url),
            container,
            user_delegation_key=delegation,
            permission=ContainerSasPermissions(read=True, create=True, write=True, list=True),
            start=now - _CLOCK_SKEW,
            expiry=expires,
            protocol="https",
        )
        return ContainerKey(f"{self._account_url}/{container}", sas, expires)

    def try_key(self, key: ContainerKey, blob: str) -> KeyRefusals:
        """As ``ContainerKeys.try_key``, at the store itself and with the key alone."""
        return try_key(key, blob, self._endpoints, self._patience)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for opened in (self._service, self._credential):
                if opened is not None:
                    opened.close()
            self._service = self._credential = None

    def _call(self, during: str, action: Callable[[], T]) -> T:
        return self._patience.call(lambda: call(during, action))

    def _delegated(self, now: datetime, expires: datetime) -> UserDelegationKey:
        """Return a delegation key good until ``expires``; one serves a whole wave of machines."""
        with self._lock:
            if self._delegation is not None and self._delegation[0] >= expires:
                return self._delegation[1]
            until = min(expires + timedelta(hours=1), now + KEY_LIFETIME)
            start = (now - _CLOCK_SKEW).astimezone(UTC)
            key = self._client().get_user_delegation_key(
                key_start_time=start, key_expiry_time=until.astimezone(UTC)
            )
            self._delegation = (until, key)
            return key

    def _client(self) -> BlobServiceClient:
        from azure.storage.blob import BlobServiceClient

        with self._lock:
            if self._service is None:
                self._credential = credential(self._login, self._endpoints)
                self._service = BlobServiceClient(
                    self._account_url,
                    credential=self._credential,
                    audience=self._endpoints.storage_scope.removesuffix("/.default"),
                    retry_total=0,  # as everywhere here: ``RetryPolicy`` tries again
                    **connection_options(self._endpoints),
                )
            return self._service


def account_name(account_url: str) -> str:
    """Return the account of a blob URL: its first host label, or its path on a host by number."""
    parts = urlsplit(account_url)
    in_path = parts.path.strip("/").split("/")[0]
    return in_path or (parts.hostname or "").split(".")[0]


def _bad_expiry(expires: datetime) -> CloudError:
    failure = Failure(
        FailureKind.CONFIGURATION,
        "InvalidExpiry",
        f"a key until {expires.isoformat()} is not within the next 7 days",
    )
    return CloudError(failure, during="mint a container key")
