"""What opens a store for a command: a SAS file that was named, the environment, or signing in."""

from __future__ import annotations

import datetime as dt
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from orchestrator.errors import bad_input
from orchestrator.store import CALL_TIMEOUT_S, StoreAccess, StoreCredentials, credentials_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.compute.keys import KeySource
    from orchestrator.store import SignIn

_OWN_KEY = dt.timedelta(days=6, hours=23)
"""Nearly the longest that there is: a run of several trials on one machine takes days.

It is in this process alone, and dies with the role of whoever signed in.
"""


def store_access(
    store_ca: str,
    sign_in: SignIn | None = None,
    *,
    sas_file: str = "",
    timeout_s: float = CALL_TIMEOUT_S,
) -> StoreAccess:
    """Return how this command opens its store: the one chain of credentials, and the time limit.

    Raises:
        BadInputError: The SAS file cannot be used.
    """
    sas = read_sas(sas_file) if sas_file else ""
    return StoreAccess(credentials_from(os.environ, store_ca, sas), sign_in, timeout_s)


def signs_in_by(signed_in: Callable[[], KeySource], store_ca: str) -> SignIn:
    """Return how a login opens an ``az://`` store: with a key to the run that it mints.

    ``signed_in`` is called only where nothing else opens the store.
    """

    def sign_in(url: str, run: str, *, create: bool) -> StoreCredentials:
        with closing(signed_in().container_keys(account_url(url))) as keys:
            if create:
                keys.create(run)
            now = dt.datetime.now(dt.UTC)
            sas = keys.key(run, now, now + _OWN_KEY).sas
        return StoreCredentials(sas=sas, root_certificate=store_ca)

    return sign_in


def account_url(url: str) -> str:
    """Return the blob endpoint of an ``az://`` store."""
    parts = urlsplit(url)
    endpoint = parse_qs(parts.query).get("endpoint", [""])[0]
    return endpoint or f"https://{parts.netloc}.blob.core.windows.net"


def read_sas(path: str) -> str:
    """Return the SAS in a file that only this user can read.

    Raises:
        BadInputError: It cannot be read, or others can read it too.
    """
    file = Path(path)
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(
            f"--store-sas-file {path}", f"cannot be read ({error})", "Check the machine's set-up."
        ) from error
    if mode & 0o077:
        fix = f"Run chmod 0400 {path}."
        raise bad_input(f"--store-sas-file {path}", "can be read by others", fix)
    return text.removeprefix("?")
