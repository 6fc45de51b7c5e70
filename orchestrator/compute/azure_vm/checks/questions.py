"""The questions to an Azure account that several of its checks share, each asked at most once."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from orchestrator.compute.failures import CloudError
from orchestrator.compute.findings import Answer, BlockedError, NotGivenError, given
from orchestrator.store.extra import require_azure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.compute.azure_vm.images import ImageVersion
    from orchestrator.compute.azure_vm.inspection import Inspection, Subnet, Subscription
    from orchestrator.compute.azure_vm.options import AzureOptions
    from orchestrator.compute.base import MachineEngine
    from orchestrator.compute.kit import CheckRequest
    from orchestrator.compute.offers import RegionOffers

T = TypeVar("T")

LOGIN, SUBSCRIPTION, IMAGE = "credential", "subscription", "machine image"


@dataclass(frozen=True, slots=True)
class Questions:
    """What several checks need. Offers and subnets are by region."""

    login: Answer[None]
    subscription: Answer[Subscription | None]
    offers: Mapping[str, Answer[RegionOffers]]
    subnets: Mapping[str, Answer[Subnet | None]]
    image: Answer[ImageVersion | None]


def questions(
    request: CheckRequest, options: AzureOptions, azure: Inspection, cloud: MachineEngine
) -> Questions:
    """Return the questions about a wanted run; nothing is asked yet."""

    def sign_in() -> None:
        require_azure()
        azure.sign_in()

    login = Answer(LOGIN, sign_in)

    def signed_in() -> Subscription | None:
        given(options.subscription, "--subscription")
        login.get()
        return azure.subscription()

    subscription = Answer(SUBSCRIPTION, signed_in)

    def behind(ask: Callable[[], T]) -> Callable[[], T]:
        def asked() -> T:
            behind_subscription(subscription)
            return ask()

        return asked

    def behind_login(ask: Callable[[], T]) -> Callable[[], T]:
        def asked() -> T:
            login.get()
            with contextlib.suppress(NotGivenError):  # its id says which subscription is meant
                behind_subscription(subscription)
            return ask()

        return asked

    return Questions(
        login,
        subscription,
        {
            region: Answer(f"sizes in {region}", behind(functools.partial(cloud.offers, region)))
            for region in request.regions
        },
        {
            region: Answer(f"subnet in {region}", behind_login(_subnet(request, azure, region)))
            for region in request.regions
        },
        Answer(IMAGE, behind(lambda: azure.image(given(request.machine_image, "--machine-image")))),
    )


def behind_subscription(subscription: Answer[Subscription | None]) -> None:
    """Return where a subscription may be asked about what is in it.

    A login that may not read the subscription itself may well read what is in it.

    Raises:
        BlockedError: There is no login, none was given, or it does not exist.
    """
    try:
        if subscription.own() is None:
            raise BlockedError(SUBSCRIPTION)
    except CloudError:
        return


def _subnet(request: CheckRequest, azure: Inspection, region: str) -> Callable[[], Subnet | None]:
    return lambda: azure.subnet(given(request.sites.get(region), f"--subnet {region}=ID").subnet)
