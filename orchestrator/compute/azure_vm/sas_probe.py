"""A container's key, tried at the store itself: what a machine with it can do, and what not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.calls import call
from orchestrator.compute.azure_vm.clients import connection_options
from orchestrator.compute.failures import CloudError, FailureKind
from orchestrator.compute.keys import KeyRefusals
from orchestrator.compute.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.storage.blob import ContainerClient

    from orchestrator.compute.azure_vm.settings import Endpoints
    from orchestrator.compute.keys import ContainerKey

_MISSING = ("ContainerNotFound", "BlobNotFound")
"""Looked for, so not refused."""


def try_key(
    key: ContainerKey, blob: str, endpoints: Endpoints, patience: RetryPolicy | None = None
) -> KeyRefusals:
    """Try to delete ``blob``, and to list a container that is not the key's.

    Both should be refused; a blob that was deleted after all is gone. The other container need not
    exist: a key is judged before what it asks for.

    Raises:
        CloudError: The store could not be asked.
    """
    patience = patience or RetryPolicy()
    other = replace(key, url=f"{key.url}-other")
    return KeyRefusals(
        _refused(patience, key, endpoints, lambda mine: mine.delete_blob(blob)),
        _refused(patience, other, endpoints, lambda theirs: list(theirs.list_blob_names())),
    )


def _refused(
    patience: RetryPolicy,
    key: ContainerKey,
    endpoints: Endpoints,
    action: Callable[[ContainerClient], object],
) -> bool:
    def trial() -> None:
        with _opened(key, endpoints) as container:
            action(container)

    try:
        patience.call(lambda: call("try a container key", trial))
    except CloudError as error:
        if error.failure.code not in _MISSING and error.kind is not FailureKind.CREDENTIALS:
            raise
        return error.kind is FailureKind.CREDENTIALS
    return False


def _opened(key: ContainerKey, endpoints: Endpoints) -> ContainerClient:
    from azure.storage.blob import ContainerClient

    return ContainerClient.from_container_url(
        f"{key.url}?{key.sas}", retry_total=0, **connection_options(endpoints)
    )
