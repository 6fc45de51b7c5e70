"""The run's ledger as a fleet reaches it: shared by all machines, each with a key of its own."""

from __future__ import annotations

import datetime as dt
import os
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from orchestrator.errors import BadInputError, Problem, bad_input

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.cloud.keys import KeySource
    from orchestrator.secret import Secret
    from orchestrator.store import Store

_OWN_KEY = dt.timedelta(days=6, hours=23)
"""Nearly the longest that there is: a run of several trials on one machine takes days.

It is in this process alone, and dies with the role of whoever signed in.
"""

_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class FleetStore:
    """Where a fleet's ledger is, and how it is opened.

    An ``az://`` store is opened with the account key or SAS in the environment, or else with a SAS
    that the fleet's own login mints; machines always get a minted one.
    """

    url: str
    run: str
    ca_file: str
    shared_path: bool = False

    def check(self) -> None:
        """Check what can be told without asking anybody.

        Raises:
            BadInputError: With every problem.
        """
        from orchestrator.store import check_run_name, check_store_url

        problems: list[Problem] = []
        for check, value in ((check_store_url, self.url), (check_run_name, self.run)):
            try:
                check(value)
            except BadInputError as error:
                problems += error.problems
        if not self.url:
            problems = [Problem("--store", "is missing", "Machines share a store: az://ACCOUNT.")]
        elif not self.on_azure and not self.shared_path:
            fix = "Use az://ACCOUNT, or say --shared-path if every machine has it mounted."
            problems.append(Problem("--store", f"{self.url} is no store that machines share", fix))
        if problems:
            raise BadInputError(problems)

    @property
    def on_azure(self) -> bool:
        """Whether it is in Blob Storage."""
        return self.url.startswith("az://")

    @property
    def account_url(self) -> str:
        """The blob endpoint of an ``az://`` store."""
        parts = urlsplit(self.url)
        endpoint = parse_qs(parts.query).get("endpoint", [""])[0]
        return endpoint or f"https://{parts.netloc}.blob.core.windows.net"

    def opened(self, signed_in: KeySource, *, create: bool = False) -> Store:
        """Open the run's objects.

        Raises:
            BadInputError: The store cannot be used, or the Azure libraries are not installed.
            CloudError: The login may not mint a key.
            StoreError: It cannot be reached.
        """
        from orchestrator.store import (
            StoreCredentials,
            check_store_url,
            credentials_from,
            open_store,
        )

        given = credentials_from(os.environ, self.ca_file)
        if not self.on_azure or given.key or given.sas:
            url = check_store_url(self.url)
            return open_store(url, self.run, given, timeout_s=_TIMEOUT_S, create=create)
        with closing(signed_in.container_keys(self.account_url)) as keys:
            if create:
                keys.create(self.run)
            now = dt.datetime.now(dt.UTC)
            sas = keys.key(self.run, now, now + _OWN_KEY).sas
        credentials = StoreCredentials(sas=sas, root_certificate=self.ca_file)
        return open_store(self.url, self.run, credentials, timeout_s=_TIMEOUT_S)

    def machine_key(self, signed_in: KeySource) -> Callable[[float], Secret]:
        """Return what mints a machine's key, good until the Unix seconds it is given."""
        from orchestrator.secret import Secret

        if not self.on_azure:
            return lambda _expires: Secret("")
        keys = signed_in.container_keys(self.account_url)

        def mint(expires: float) -> Secret:
            until = dt.datetime.fromtimestamp(expires, dt.UTC)
            return Secret(keys.key(self.run, dt.datetime.now(dt.UTC), until).sas)

        return mint


def read_sas(path: str) -> str:
    """Return the SAS in a file that only this user can read.

    Raises:
        BadInputError: It cannot be read, or others can read it too.
    """
    from pathlib import Path

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
