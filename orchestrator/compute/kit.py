"""What an engine brings beside itself: its settings, sign-in, checks, prices, and keys to a store.

A command line goes by these alone: it makes options of the ``settings``, hands their values back,
and gets an ``EngineAccount``, from which everything else comes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Protocol, TypeVar, cast, runtime_checkable

from orchestrator.compute.keys import KeySource
from orchestrator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from _typeshed import DataclassInstance

    from orchestrator.clock import Clock
    from orchestrator.compute.base import Engine, MachineEngine
    from orchestrator.compute.findings import Answer, Check, Program
    from orchestrator.compute.image import MachineImage
    from orchestrator.compute.offers import Quota, RegionOffers
    from orchestrator.compute.retry import RetryPolicy
    from orchestrator.errors import Problem
    from orchestrator.github import About, GitHub
    from orchestrator.planning.prices import PriceList

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that an engine is set up by, as a command's option documents it.

    ``name`` is a Python name, and the option's with hyphens; ``text`` is its help. ``variable`` is
    an environment variable that the engine's field knows it by; a ``shared`` setting is read from
    this project's own variable, which a repository's variables are named after. ``shown`` says that
    the help shows the default. ``checks``: only the checks of a set-up need it.
    """

    name: str
    text: str
    default: str | None = ""
    variable: str = ""
    shared: bool = False
    shown: bool = False
    required: bool = False
    checks: bool = False

    @property
    def flag(self) -> str:
        """The option, as a user writes it."""
        return f"--{self.name.replace('_', '-')}"


def setting(
    default: T,
    text: str,
    *,
    variable: str = "",
    shared: bool = False,
    shown: bool = False,
    required: bool = False,
    checks: bool = False,
) -> T:
    """Return a field of an engine's options, a dataclass, which is documented as a ``Setting``."""
    documented = {
        "text": text,
        "default": default,
        "variable": variable,
        "shared": shared,
        "shown": shown,
        "required": required,
        "checks": checks,
    }
    return field(default=default, metadata=documented)


def settings_of(options: type[DataclassInstance]) -> tuple[Setting, ...]:
    """Return the settings that the fields of an engine's options document."""
    return tuple(Setting(item.name, **item.metadata) for item in fields(options) if item.metadata)


@dataclass(frozen=True, slots=True)
class Site:
    """One region's subnet, with a way out, and a security group if the subnet has none."""

    subnet: str
    security_group: str | None = None


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """The run whose set-up is checked; what is empty was not given, and a check says so.

    ``golden`` says that the machine image must hold a golden Windows image. ``least`` is with how
    many of the ``workers`` the run would still start. ``reaper`` is the workflow's file. ``now`` is
    Unix seconds. ``about`` and ``github`` are the repository's, for what is compared with it.
    """

    workers: int
    least: int
    regions: tuple[str, ...]
    sites: Mapping[str, Site]
    machine_image: str
    golden: bool
    public_ip: bool
    repository: str
    runner_group: int
    environments: tuple[str, ...]
    reaper: str
    now: float
    about: Answer[About]
    github: Answer[GitHub]


class EngineChecks(Protocol):
    """What an engine's account is looked at for; nothing is asked before a check is made.

    ``roles_fix`` is what to do where the login may not look at something.
    """

    @property
    def login(self) -> Answer[None]:
        """That the login works, which a check of ``account`` reports on."""
        ...

    @property
    def machine_image(self) -> Answer[MachineImage | None]:
        """What the machine image asks of machines, which a check of ``image`` reports on."""
        ...

    @property
    def offers(self) -> Mapping[str, Answer[RegionOffers]]:
        """What each region offers; the general checks of sizes and quotas report on it."""
        ...

    @property
    def roles_fix(self) -> str:
        """What to do where the login may not look at something."""
        ...

    def account(self) -> Sequence[Check]:
        """Return the checks of the login and of what it signs in to."""
        ...

    def region(self, region: str) -> Sequence[Check]:
        """Return the checks of a region, but those of sizes and quotas."""
        ...

    def image(self) -> Sequence[Check]:
        """Return the checks of the machine image."""
        ...

    def identity(self) -> Sequence[Check]:
        """Return the checks of what a workflow's jobs sign in by."""
        ...

    def sweeper(self) -> Sequence[Check]:
        """Return the checks of what deletes lost machines from inside the engine."""
        ...

    def size_fix(self, size: str, region: str) -> str:
        """Return how a size is asked for that this account may not use in a region."""
        ...

    def quota_fix(self, quota: Quota, cores: int, region: str) -> str:
        """Return how a quota of ``cores`` is asked for, as the beginning of a sentence."""
        ...


class EngineAccount(KeySource, Protocol):
    """An engine by the values of its settings: nothing is open yet, and nobody is signed in."""

    @property
    def programs(self) -> tuple[Program, ...]:
        """The programs by which somebody signs in here; none where no person does."""
        ...

    def open(
        self,
        sites: Mapping[str, Site],
        patience: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> AbstractContextManager[Engine]:
        """Return the engine; leaving the context closes its connections."""
        ...

    def checks(
        self, request: CheckRequest, patience: RetryPolicy
    ) -> AbstractContextManager[EngineChecks]:
        """Return the checks of this account; leaving the context closes what they looked through.

        They can be made where settings are missing as well: each names those that it needs.
        """
        ...


@runtime_checkable
class EngineKit(Protocol):
    """What is registered under an engine's name."""

    @property
    def settings(self) -> Sequence[Setting]:
        """The values that it is set up by, in the order in which a help shows them."""
        ...

    @property
    def prices(self) -> PriceList:
        """What its machines cost."""
        ...

    def missing(self) -> list[Problem]:
        """Return what has to be installed before it can be used; nothing is imported."""
        ...

    def account(
        self,
        values: Mapping[str, object],
        environment: Mapping[str, str],
        ca_file: str | None = None,
    ) -> EngineAccount:
        """Return the engine as values of its ``settings``, by name, describe it.

        Other names are left alone, and what is not given is at its default. Who signs in is read
        from ``environment`` where a workflow's job has an identity. ``ca_file`` is of the
        certificate authorities (PEM) to trust, instead of the usual ones.
        """
        ...


def machines_of(engine: Engine) -> MachineEngine:
    """Return an engine whose instances can be GitHub's runners.

    Raises:
        BadInputError: Its capabilities say that they cannot.
    """
    if not engine.capabilities.jit_runner:
        what = "has no machines that could be GitHub's runners"
        raise bad_input(f"engine {engine.name}", what, "Name another engine.")
    return cast("MachineEngine", engine)  # what the capability promises
