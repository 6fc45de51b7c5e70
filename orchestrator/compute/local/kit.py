"""This machine as an engine that is registered: it has no account, and charges nothing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.clock import SystemClock
from orchestrator.compute.kit import setting, settings_of
from orchestrator.compute.local.engine import LocalEngine
from orchestrator.compute.plain import NoChecks
from orchestrator.errors import bad_input
from orchestrator.planning.prices import NoCharge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.clock import Clock
    from orchestrator.compute.base import Engine
    from orchestrator.compute.findings import Program
    from orchestrator.compute.keys import ContainerKeys
    from orchestrator.compute.kit import CheckRequest, EngineAccount, EngineChecks, Setting, Site
    from orchestrator.compute.retry import RetryPolicy
    from orchestrator.errors import Problem
    from orchestrator.planning.prices import PriceList


@dataclass(frozen=True, slots=True)
class LocalEngineOptions:
    """Where the workers live."""

    directory: str = setting("waa-workers", "Directory of the workers, one below it each.")


@dataclass(frozen=True, slots=True)
class LocalAccount:
    """This machine, as an ``EngineAccount``: whoever calls is whoever the workers run as."""

    options: LocalEngineOptions

    @property
    def programs(self) -> tuple[Program, ...]:
        """As ``EngineAccount.programs``: none."""
        return ()

    @contextmanager
    def open(
        self,
        sites: Mapping[str, Site],
        patience: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> Iterator[Engine]:
        """As ``EngineAccount.open``; leaving the context ends no worker."""
        del sites, patience  # a process has no network of its own, and nothing is asked twice
        yield LocalEngine(Path(self.options.directory), (clock or SystemClock()).now)

    @contextmanager
    def checks(self, request: CheckRequest, patience: RetryPolicy) -> Iterator[EngineChecks]:
        """As ``EngineAccount.checks``: there are none before a job is known."""
        del request, patience
        yield NoChecks()

    def container_keys(
        self, account_url: str, patience: RetryPolicy | None = None
    ) -> ContainerKeys:
        """As ``KeySource.container_keys``.

        Raises:
            BadInputError: Nobody is signed in anywhere, so that no key can be minted.
        """
        del patience
        fix = "Use a store in a directory, or give a key to it in the environment."
        raise bad_input(f"--store {account_url}", "takes a login, and engine local has none", fix)


@dataclass(frozen=True, slots=True)
class LocalKit:
    """What this machine brings beside the engine: an ``EngineKit``."""

    settings: Sequence[Setting] = settings_of(LocalEngineOptions)
    prices: PriceList = field(default_factory=NoCharge)

    def missing(self) -> list[Problem]:
        """As ``EngineKit.missing``: nothing."""
        return []

    def account(
        self,
        values: Mapping[str, object],
        environment: Mapping[str, str],
        ca_file: str | None = None,
    ) -> EngineAccount:
        """As ``EngineKit.account``."""
        del environment, ca_file
        directory = values.get("directory")
        return LocalAccount(
            LocalEngineOptions(str(directory)) if directory else LocalEngineOptions()
        )


KIT = LocalKit()
