"""A stand whose ledger is in Blob Storage: a real Azurite over TLS that takes the fake's tokens."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.store import StoreCredentials, open_store
from tests.compute.azurite import running_over_tls
from tests.fakes.azurite import ACCOUNT, KEY
from tests.fleet.stand import ATTEMPT, Stand, standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.store import Store


@dataclass(frozen=True, slots=True)
class BlobStand:
    """``url`` is the account's; ``reach`` are the arguments of a command that uses it."""

    stand: Stand
    url: str
    ca_file: Path

    @property
    def store(self) -> str:
        """The ``--store`` of this account."""
        return f"az://{ACCOUNT}?endpoint={self.url}"

    @property
    def reach(self) -> list[str]:
        """Return the arguments that lead a command here."""
        trusted = str(self.ca_file)
        return ["--store", self.store, "--store-ca", trusted, "--cloud-ca", trusted]

    def opened(self, run: str, *, sas: str = "") -> Store:
        """Open a run's container: with a SAS, or made with the account's own key."""
        key = StoreCredentials(key="" if sas else KEY, sas=sas, root_certificate=str(self.ca_file))
        return open_store(self.store, run, key, timeout_s=20.0, create=not sas)


@contextlib.contextmanager
def blob_standing(directory: Path) -> Iterator[BlobStand]:
    """Serve both sides and the account until the block ends."""
    blobs, ours = directory / "blobs", directory / "stand"
    for path in (blobs, ours):
        path.mkdir()
    with running_over_tls(blobs) as (url, azurite_ca), standing(ours) as stand:
        both = directory / "both.pem"
        both.write_bytes(azurite_ca.read_bytes() + stand.ca_file.read_bytes())
        served = BlobStand(stand, url, both)
        stand.store = served.opened(ATTEMPT.run)
        yield served
