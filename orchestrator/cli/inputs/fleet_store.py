"""The run's ledger as a fleet reaches it: shared by all machines, each with a key of its own."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.cli.inputs.store_access import account_url, signs_in_by, store_access
from orchestrator.errors import BadInputError, Problem
from orchestrator.store import check_run_name, check_store_url, open_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.compute.keys import KeySource
    from orchestrator.secret import Secret
    from orchestrator.store import Store


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
        problems: list[Problem] = []
        for check, value in ((check_store_url, self.url), (check_run_name, self.run)):
            try:
                check(value)
            except BadInputError as error:
                problems += error.problems
        if not self.url:
            problems = [Problem("--store", "is missing", "Machines share a store: az://ACCOUNT.")]
        elif self.url.startswith("s3://"):
            what = f"{self.url.partition('?')[0]} is no store that machines get a key to"
            problems.append(Problem("--store", what, "Use az://ACCOUNT."))
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
        return account_url(self.url)

    def opened(self, signed_in: KeySource, *, create: bool = False) -> Store:
        """Open the run's objects.

        Raises:
            BadInputError: The store cannot be used, or the Azure libraries are not installed.
            CloudError: The login may not mint a key.
            StoreError: It cannot be reached.
        """
        access = store_access(self.ca_file, signs_in_by(lambda: signed_in, self.ca_file))
        return open_run(self.url, self.run, access, create=create)

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
