"""What an engine without an account brings: nobody signs in, nothing is checked before a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compute.findings import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.compute.findings import Check
    from orchestrator.compute.image import MachineImage
    from orchestrator.compute.offers import Quota, RegionOffers


class NoChecks:
    """``EngineChecks`` of an engine that has nothing to look at before a job is known."""

    def __init__(self) -> None:
        self._login: Answer[None] = Answer("credential", lambda: None)
        self._machine_image: Answer[MachineImage | None] = Answer("machine image", lambda: None)

    @property
    def login(self) -> Answer[None]:
        """As ``EngineChecks.login``: nobody has to sign in."""
        return self._login

    @property
    def machine_image(self) -> Answer[MachineImage | None]:
        """As ``EngineChecks.machine_image``: there is none."""
        return self._machine_image

    @property
    def offers(self) -> Mapping[str, Answer[RegionOffers]]:
        """As ``EngineChecks.offers``: there is nothing to choose."""
        return {}

    @property
    def roles_fix(self) -> str:
        """As ``EngineChecks.roles_fix``: nothing is refused."""
        return ""

    def account(self) -> Sequence[Check]:
        """As ``EngineChecks.account``."""
        return ()

    def region(self, region: str) -> Sequence[Check]:
        """As ``EngineChecks.region``."""
        del region
        return ()

    def image(self) -> Sequence[Check]:
        """As ``EngineChecks.image``."""
        return ()

    def identity(self) -> Sequence[Check]:
        """As ``EngineChecks.identity``."""
        return ()

    def sweeper(self) -> Sequence[Check]:
        """As ``EngineChecks.sweeper``."""
        return ()

    def size_fix(self, size: str, region: str) -> str:
        """As ``EngineChecks.size_fix``."""
        return f"There is no {size} in {region}"

    def quota_fix(self, quota: Quota, cores: int, region: str) -> str:
        """As ``EngineChecks.quota_fix``."""
        return f"There are no {cores} cores of {quota.name} in {region}"
