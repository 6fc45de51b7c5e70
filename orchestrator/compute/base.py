"""The port for compute: start workers somewhere, see what exists, end them, know the offers.

The fleet owns choreography: which instance, when, how often, and what a failure leads to. An engine
owns one place's way of saying things. Nothing here waits for an instance but ``run`` and
``download``: every call submits and returns, and what became of it is read from ``status``, so that
any process can pick up where another was killed. A status only says what to terminate; that an
instance works is said by the ledger's heartbeats.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path, PurePosixPath

    from orchestrator.compute.failures import Failure
    from orchestrator.compute.findings import Finding
    from orchestrator.compute.image import MachineImage
    from orchestrator.compute.job import Job
    from orchestrator.compute.offers import RegionOffers


class Kind(StrEnum):
    """What an instance is. A machine's parts cost money, or block a name, when left behind."""

    MACHINE = "machine"
    NIC = "nic"
    DISK = "disk"
    IP = "ip"
    PROCESS = "process"


class InstanceState(StrEnum):
    """Where an instance stands in its engine's words. Running is not "its worker works"."""

    ACCEPTED = "accepted"  # nothing runs yet: a queue, a pool without nodes
    STARTING = "starting"
    RUNNING = "running"
    ENDED = "ended"  # it could not be made, or is over: it stays, and costs, until terminated
    ENDING = "ending"  # its end was accepted, and it is there still
    GONE = "gone"  # nothing of it is left but its entry
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do beyond what every engine does."""

    spot: bool = False  # instances that are cheaper, and may be taken back
    zones: bool = False
    quotas: bool = False  # its offers tell how much is left
    exec: bool = False  # it has ``run`` and ``download``: it is a ``CommandEngine``
    logs: bool = False
    ports: bool = False  # an instance's ports can be reached from here
    self_terminates: bool = False  # an instance past its job's deadline ends without anybody
    jit_runner: bool = False  # takes a ``RunnerBootstrap``: it is a ``MachineEngine``
    plain_worker: bool = False  # takes a ``WorkerBootstrap``
    lists_per_host: bool = False  # ``status`` asks one host after another


@dataclass(frozen=True, slots=True)
class Instance:
    """One thing that exists in an engine's place, as a listing shows it (listings may lag).

    ``created`` is Unix seconds of the caller's own clock: its age is the engine's to tell, so that
    two clocks that differ are never compared. ``failure`` says why it is ENDED, where that was not
    meant; ``exit_code`` is its process's, negative for a signal. ``id`` is the engine's own
    identifier, and all that ``terminate`` needs beside kind and name.
    """

    kind: Kind
    id: str
    name: str
    region: str
    state: InstanceState
    labels: Mapping[str, str]
    created: float | None = None
    failure: Failure | None = None
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Launched:
    """What became of a launch: the names that were accepted, and why the others were refused.

    A name refused as ``TRANSIENT`` may exist all the same: its reply was lost for good. ``get``
    tells, and so does a repeated launch.
    """

    accepted: tuple[str, ...] = ()
    refused: Mapping[str, Failure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemoteCommand:
    """A program to run where an instance is; its environment is whole, and in no repr."""

    arguments: tuple[str, ...]
    timeout_s: float
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended, and what it wrote."""

    exit_code: int
    output: bytes
    errors: bytes


class Engine(Protocol):
    """One place for this project's workers. Calls may come from several threads.

    Every call raises ``CloudError``, classified, after its own bounded retries.
    """

    @property
    def name(self) -> str:
        """The engine's name, as the registry knows it."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    def check(self, job: Job) -> Sequence[Finding]:
        """Return what is missing for a job, each with its fix. It asks, and changes nothing."""
        ...

    def offers(self, region: str) -> RegionOffers:
        """Return the sizes offered in a region and the quotas there."""
        ...

    def launch(self, job: Job) -> Launched:
        """Submit the create of each name, in order, and return when each is accepted or refused.

        A start is not awaited: what fails after acceptance shows as an ENDED instance with its
        ``failure``. One create makes an instance with all its parts, each labelled, each deleted
        with it. A name that exists with the job's labels is accepted, and nothing is added: neither
        a lost reply nor a repeated launch makes a second one. One that exists with others is
        refused, and left as it is.
        """
        ...

    def status(self, labels: Mapping[str, str]) -> Sequence[Instance]:
        """Return all that costs money or blocks a name and carries all of ``labels`` (none: all).

        It may lag: what it lacks may exist, and what it shows may be gone.
        """
        ...

    def get(self, name: str) -> Instance | None:
        """Return the instance of this name, read by its id; None when it is known to be gone.

        A fact, where ``status`` may lag: what a listing lacks is asked for here before anything
        follows from its absence.
        """
        ...

    def logs(self, instance: Instance, since_s: float | None = None) -> Iterator[bytes]:
        """Yield what an instance has written until now, in parts; nothing without that capability.

        ``since_s`` leaves out what is older than so many seconds, where the engine can tell.
        """
        ...

    def terminate(self, instance: Instance) -> None:
        """Submit one end and return; an instance that is gone already is a success.

        A part still held by a machine fails as transient: end machines first, and look again.
        """
        ...


class MachineEngine(Engine, Protocol):
    """An engine whose instances are machines, made of an image, that can be GitHub's runners."""

    def image(self, image_id: str) -> MachineImage | None:
        """Return the version that an image's id means (a definition's: its newest), or None."""
        ...

    def disk_label(self, image: MachineImage) -> str:
        """Return what an image's further disks can do, in one word for a fingerprint."""
        ...

    def now(self) -> float:
        """Return the engine's own time, Unix seconds, as its replies tell it.

        What is compared by the engine (a key's end, a machine's) is reckoned in it.
        """
        ...

    def ahead_s(self) -> float:
        """Return how many seconds the engine's clock is ahead of this process's."""
        ...


class CommandEngine(Engine, Protocol):
    """An engine that reaches into its instances (``capabilities.exec``). These two calls wait."""

    def run(self, instance: Instance, command: RemoteCommand) -> Completed:
        """Run a command in an instance's directory and return once it has ended.

        Raises:
            CloudError: The instance is not there, or the command cannot be started or did not end
                in time; it is ended then.
        """
        ...

    def download(self, instance: Instance, path: PurePosixPath, to: Path) -> None:
        """Copy a file to ``to``; ``path`` is relative to the instance's directory and stays in it.

        Raises:
            CloudError: It is not there, or lies elsewhere.
        """
        ...
