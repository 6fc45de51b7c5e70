"""All checks of an Azure account, as ``EngineChecks``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.checks.account import ROLES_FIX, account_checks
from orchestrator.compute.azure_vm.checks.image import image_checks
from orchestrator.compute.azure_vm.checks.questions import IMAGE, questions
from orchestrator.compute.azure_vm.checks.regions import region_checks
from orchestrator.compute.azure_vm.checks.subjects import subject_checks
from orchestrator.compute.azure_vm.checks.sweeper import sweeper_checks
from orchestrator.compute.findings import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.compute.azure_vm.inspection import Inspection
    from orchestrator.compute.azure_vm.options import AzureOptions
    from orchestrator.compute.base import MachineEngine
    from orchestrator.compute.findings import Check
    from orchestrator.compute.image import MachineImage
    from orchestrator.compute.kit import CheckRequest
    from orchestrator.compute.offers import Quota, RegionOffers


class AzureChecks:
    """The checks of one account, for one run that is wanted."""

    def __init__(
        self, request: CheckRequest, options: AzureOptions, azure: Inspection, cloud: MachineEngine
    ) -> None:
        self._request, self._options, self._azure = request, options, azure
        self._asked = questions(request, options, azure, cloud)
        self._machine_image = Answer(IMAGE, self._read_machine_image)

    @property
    def login(self) -> Answer[None]:
        """As ``EngineChecks.login``."""
        return self._asked.login

    @property
    def machine_image(self) -> Answer[MachineImage | None]:
        """As ``EngineChecks.machine_image``."""
        return self._machine_image

    @property
    def offers(self) -> Mapping[str, Answer[RegionOffers]]:
        """As ``EngineChecks.offers``."""
        return self._asked.offers

    @property
    def roles_fix(self) -> str:
        """As ``EngineChecks.roles_fix``."""
        return ROLES_FIX

    def account(self) -> Sequence[Check]:
        """As ``EngineChecks.account``."""
        return account_checks(self._options, self._asked, self._azure)

    def region(self, region: str) -> Sequence[Check]:
        """As ``EngineChecks.region``."""
        return region_checks(region, self._request, self._asked)

    def image(self) -> Sequence[Check]:
        """As ``EngineChecks.image``."""
        return image_checks(self._request, self._asked)

    def identity(self) -> Sequence[Check]:
        """As ``EngineChecks.identity``."""
        return subject_checks(self._request, self._asked, self._azure)

    def sweeper(self) -> Sequence[Check]:
        """As ``EngineChecks.sweeper``."""
        return sweeper_checks(self._options, self._asked, self._azure, self._request.now)

    def size_fix(self, size: str, region: str) -> str:
        """As ``EngineChecks.size_fix``."""
        return f"Ask Azure's support to open {size} in {region}"

    def quota_fix(self, quota: Quota, cores: int, region: str) -> str:
        """As ``EngineChecks.quota_fix``."""
        return f"Ask for {cores} cores of {quota.name} in {region} (portal: Quotas)"

    def _read_machine_image(self) -> MachineImage | None:
        version = self._asked.image.get()
        return version.machine if version else None
