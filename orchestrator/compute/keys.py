"""Keys to a run's container: what mints them, and what one of them must not be able to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.compute.retry import RetryPolicy


@dataclass(frozen=True, slots=True)
class ContainerKey:
    """What opens one container until ``expires``: a URL, and a SAS that no repr shows."""

    url: str
    sas: str = field(repr=False)
    expires: datetime


@dataclass(frozen=True, slots=True)
class KeyRefusals:
    """Whether the store refused what a machine's key must not be able to do."""

    delete: bool
    other_container: bool


class ContainerKeys(Protocol):
    """One storage account, in which a login makes containers and mints a key to each.

    Every call raises ``CloudError``, classified, after its own bounded retries.
    """

    def create(self, container: str) -> bool:
        """Create a container; False when it was there already (a resumed run)."""
        ...

    def key(self, container: str, now: datetime, expires: datetime) -> ContainerKey:
        """Mint a key for one container: read, create, write and list, no delete.

        ``now`` and ``expires`` are aware datetimes.
        """
        ...

    def try_key(self, key: ContainerKey, blob: str) -> KeyRefusals:
        """Try to delete ``blob``, and to list a container that is not the key's."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


class KeySource(Protocol):
    """Whoever signs in somewhere, and so can mint keys to the containers there."""

    def container_keys(
        self, account_url: str, patience: RetryPolicy | None = None
    ) -> ContainerKeys:
        """Return what mints keys of the account at ``account_url``; nothing is asked yet."""
        ...
