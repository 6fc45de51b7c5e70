"""A real Azurite over TLS, taking the fake authority's tokens."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import trustme

from tests.fakes.azurite import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def running_over_tls(directory: Path, host: str = "127.0.0.1") -> Iterator[tuple[str, Path]]:
    """Yield the account's URL and the file of the authority that signed its certificate."""
    authority = trustme.CA()
    issued = authority.issue_cert(host)
    ca_file, key, chain = directory / "az-ca.pem", directory / "az.key", directory / "az.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    issued.private_key_pem.write_to_path(str(key))
    chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    tls = ["--oauth", "basic", "--cert", str(chain), "--key", str(key)]
    with running(directory, *tls, host=host) as server:
        yield server.endpoint.replace("http://", "https://"), ca_file
