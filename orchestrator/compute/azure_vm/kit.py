"""Azure's virtual machines as an engine that is registered: its settings, and what they open."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.adapter import AzureCloud
from orchestrator.compute.azure_vm.checks.account import AZ
from orchestrator.compute.azure_vm.checks.diagnosis import AzureChecks
from orchestrator.compute.azure_vm.credentials import Ambient
from orchestrator.compute.azure_vm.inspection import Inspection
from orchestrator.compute.azure_vm.options import SETTINGS, AzureOptions
from orchestrator.compute.azure_vm.prices import AzurePrices
from orchestrator.compute.azure_vm.storage import RunStorage
from orchestrator.compute.retry import silence_retry_logs
from orchestrator.store.extra import azure_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.clock import Clock
    from orchestrator.compute.azure_vm.credentials import Login
    from orchestrator.compute.base import MachineEngine
    from orchestrator.compute.findings import Program
    from orchestrator.compute.kit import CheckRequest, EngineAccount, EngineChecks, Setting, Site
    from orchestrator.compute.retry import RetryPolicy
    from orchestrator.errors import Problem
    from orchestrator.planning.prices import PriceList


@dataclass(frozen=True, slots=True)
class AzureAccount:
    """One account, as options name it, and who signs in to it: an ``EngineAccount``."""

    options: AzureOptions
    login: Login = field(repr=False)

    @property
    def programs(self) -> tuple[Program, ...]:
        """As ``EngineAccount.programs``: az, but in a workflow's job."""
        return (AZ,) if isinstance(self.login, Ambient) else ()

    @contextmanager
    def open(
        self,
        sites: Mapping[str, Site],
        patience: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> Iterator[MachineEngine]:
        """As ``EngineAccount.open``."""
        with closing(
            AzureCloud(self.options.settings(sites), self.login, patience, clock)
        ) as cloud:
            yield cloud

    @contextmanager
    def checks(self, request: CheckRequest, patience: RetryPolicy) -> Iterator[EngineChecks]:
        """As ``EngineAccount.checks``."""
        with ExitStack() as opened:
            settings = self.options.settings(request.sites)
            azure = opened.enter_context(closing(Inspection(settings, self.login, patience)))
            cloud = opened.enter_context(self.open(request.sites, patience))
            yield AzureChecks(request, self.options, azure, cloud)

    def container_keys(self, account_url: str, patience: RetryPolicy | None = None) -> RunStorage:
        """As ``KeySource.container_keys``, of a storage account that is named by its blob URL."""
        return RunStorage(account_url, self.login, self.options.endpoints, patience)


@dataclass(frozen=True, slots=True)
class AzureKit:
    """What Azure brings beside the engine: an ``EngineKit``."""

    settings: Sequence[Setting] = SETTINGS
    prices: PriceList = field(default_factory=AzurePrices)

    def missing(self) -> list[Problem]:
        """As ``EngineKit.missing``: the Azure libraries, where they are."""
        return azure_problems()

    def account(
        self,
        values: Mapping[str, object],
        environment: Mapping[str, str],
        ca_file: str | None = None,
    ) -> EngineAccount:
        """As ``EngineKit.account``; what it opens retries without a word of the library's own."""
        silence_retry_logs()
        options = AzureOptions.of(values, ca_file)
        return AzureAccount(options, options.login(environment))


KIT = AzureKit()
