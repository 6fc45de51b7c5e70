"""The run that the checks are about, and the questions that several of them share."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from orchestrator.cloud.failures import CloudError
from orchestrator.doctor.diagnosis import Answer, BlockedError, NotGivenError
from orchestrator.extra import require_azure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.cloud.azure.images import ImageVersion
    from orchestrator.cloud.azure.inspection import Inspection, Subnet, Subscription
    from orchestrator.cloud.azure.settings import Site
    from orchestrator.cloud.offers import RegionOffers
    from orchestrator.cloud.port import MachineEngine
    from orchestrator.fleet.supply import Wish
    from orchestrator.github import About, GitHub

T = TypeVar("T")

OPTIONS = "options"
"""The check that reports what is missing or wrong among the options."""

LOGIN, SUBSCRIPTION, IMAGE, TOKEN = "credential", "subscription", "machine image", "GitHub token"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The run that is wanted; what is empty was not given, and ``options`` says so.

    ``now`` is Unix seconds. ``golden`` says that the image must hold a golden Windows image.
    ``sweeper`` is the Logic App's name, ``reaper`` the workflow's file.
    """

    workers: int
    least: int
    subscription: str
    group: str
    wish: Wish
    sites: Mapping[str, Site]
    image: str
    golden: bool
    public_ip: bool
    repository: str
    runner_group: int
    environments: tuple[str, ...]
    reaper: str
    sweeper: str
    now: float


@dataclass(frozen=True, slots=True)
class Questions:
    """What several checks need, each asked at most once. Markets and subnets are by region."""

    login: Answer[None]
    subscription: Answer[Subscription | None]
    markets: Mapping[str, Answer[RegionOffers]]
    subnets: Mapping[str, Answer[Subnet | None]]
    image: Answer[ImageVersion | None]
    about: Answer[About]
    github: Answer[GitHub]


def questions(
    wanted: Wanted, azure: Inspection, cloud: MachineEngine, github: GitHub | None
) -> Questions:
    """Return the questions about a wanted run; nothing is asked yet. ``github`` None: not given."""

    def sign_in() -> None:
        require_azure()
        azure.sign_in()

    login = Answer(LOGIN, sign_in)

    def signed_in() -> Subscription | None:
        given(wanted.subscription, "--subscription")
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

    def known() -> About:
        return given(github, "a token").repository.about()

    about = Answer(TOKEN, known)

    def opened() -> GitHub:
        about.get()
        return given(github, "a token")

    return Questions(
        login,
        subscription,
        {
            region: Answer(f"sizes in {region}", behind(functools.partial(cloud.offers, region)))
            for region in wanted.wish.regions
        },
        {
            region: Answer(f"subnet in {region}", behind_login(_subnet(wanted, azure, region)))
            for region in wanted.wish.regions
        },
        Answer(IMAGE, behind(lambda: azure.image(given(wanted.image, "--machine-image")))),
        about,
        Answer(TOKEN, opened),
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


def _subnet(wanted: Wanted, azure: Inspection, region: str) -> Callable[[], Subnet | None]:
    return lambda: azure.subnet(given(wanted.sites.get(region), f"--subnet {region}=ID").subnet)


def given(value: T | None, name: str) -> T:
    """Return the value of the option that is called ``name``.

    Raises:
        NotGivenError: It was not given.
    """
    if not value:
        raise NotGivenError(name)
    return value
