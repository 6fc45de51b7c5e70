"""The run that the checks are about, and the questions that several of them share."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from orchestrator.doctor.diagnosis import Answer, BlockedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.cloud.azure.images import ImageVersion
    from orchestrator.cloud.azure.inspection import Inspection, Subnet, Subscription
    from orchestrator.cloud.azure.settings import Site
    from orchestrator.cloud.port import Cloud, Market
    from orchestrator.fleet.supply import Wish
    from orchestrator.github import GitHub

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
    markets: Mapping[str, Answer[Market]]
    subnets: Mapping[str, Answer[Subnet | None]]
    image: Answer[ImageVersion | None]
    github: Answer[GitHub]


def questions(wanted: Wanted, azure: Inspection, cloud: Cloud, github: GitHub | None) -> Questions:
    """Return the questions about a wanted run; nothing is asked yet. ``github`` None: not given."""
    login = Answer(LOGIN, azure.sign_in)

    def signed_in() -> Subscription | None:
        given(wanted.subscription)
        login.get()
        return azure.subscription()

    subscription = Answer(SUBSCRIPTION, signed_in)

    def behind(ask: Callable[[], T]) -> Callable[[], T]:
        def asked() -> T:
            if subscription.get() is None:
                raise BlockedError(SUBSCRIPTION)
            return ask()

        return asked

    def token() -> GitHub:
        door = given(github)
        door.runners.all()
        return door

    return Questions(
        login,
        subscription,
        {
            region: Answer(f"sizes in {region}", behind(functools.partial(cloud.market, region)))
            for region in wanted.wish.regions
        },
        {
            region: Answer(f"subnet in {region}", behind(_subnet(wanted, azure, region)))
            for region in wanted.wish.regions
        },
        Answer(IMAGE, behind(lambda: azure.image(given(wanted.image)))),
        Answer(TOKEN, token),
    )


def _subnet(wanted: Wanted, azure: Inspection, region: str) -> Callable[[], Subnet | None]:
    return lambda: azure.subnet(given(wanted.sites.get(region)).subnet)


def given(value: T | None) -> T:
    """Return an option's value.

    Raises:
        BlockedError: It was not given.
    """
    if not value:
        raise BlockedError(OPTIONS)
    return value
