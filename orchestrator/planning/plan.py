"""The plan: which tasks, in which order, under which settings. Frozen, and equal by digest.

``make_plan`` names every problem of its inputs at once. What a plan holds decides what a score
means; what only decides where workers run (their number, machines, sizes) is a session's.
"""

from __future__ import annotations

import hashlib
import math
import re
import shlex
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from orchestrator.encoding import canonical
from orchestrator.errors import BadInputError, Problem
from orchestrator.planning.schedule import Expectations, homes, longest_first
from orchestrator.planning.spelling import did_you_mean
from orchestrator.planning.suite import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.planning.suite import Suite, TaskKey

PLAN_VERSION = 1

SIMULATED_OVERHEAD_S = 5.0
"""Added to every deadline of a sped-up arena: starting a process takes as long as ever."""

LEASE_BEATS = 4
"""A lease is at least this many heartbeats."""

ARENA_KINDS = ("simulated", "winarena")
RESET_POLICIES = ("never", "shard", "task")
CLIENT_PROFILES = ("auto", "waa", "waa-v2")
EVIDENCE_KINDS = ("none", "traj", "screens", "all")

_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}\Z", re.ASCII)

# Flags of the client that the worker sets itself; a user's would fight with them.
OWNED_CLIENT_FLAGS = (
    "--test_all_meta_path",
    "--result_dir",
    "--trial_id",
    "--domain",
    "--worker_id",
    "--num_workers",
    "--model",
    "--agent_name",
    "--agent",
)


@dataclass(frozen=True, slots=True)
class ArenaSettings:
    """The arena every task of the run meets.

    ``image`` and ``golden_digest`` name what a real arena boots; ``seed`` and ``faults`` (a JSON
    text) belong to the simulated one. ``guest_ram_gb`` and ``shm_gb`` are GiB. ``guest_address`` is
    Windows' inside the container (empty: as the image says).
    """

    kind: str = "simulated"
    image: str = ""
    reset: str = "shard"
    guest_cores: int = 8
    guest_ram_gb: int = 8
    shm_gb: int = 16
    seed: int = 0
    faults: str = ""
    guest_address: str = ""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The agent under test. ``client_digest`` is of the client tree (empty: the image's own).

    ``client_profile`` says what its flags are called (``arena.client_profile``).
    """

    name: str = "navi"
    model: str = "gpt-4o"
    client_digest: str = ""
    client_args: tuple[str, ...] = ()
    client_profile: str = "auto"


@dataclass(frozen=True, slots=True)
class Limits:
    """Deadlines in seconds of the arena's time (a simulated arena's runs ``speed`` times ours).

    ``provider_patience_s`` is how long the model's provider may be silent before the run drains.
    """

    arena_start_s: float = 1200.0
    task_s: float = 3600.0
    stall_s: float = 900.0
    shard_s: float = 7 * 86400.0
    provider_patience_s: float = 3600.0


_ADDED: Mapping[str, Mapping[str, object]] = {
    "limits": {"provider_patience_s": Limits().provider_patience_s},
    "arena": {"guest_address": ArenaSettings().guest_address},
    "agent": {"client_profile": AgentSettings().client_profile},
}
"""Settings that plans of earlier versions do not have, with their defaults."""


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task and how long it is expected to take."""

    task: TaskKey
    expected_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is. ``tasks`` are ordered longest expected first.

    ``speed`` is how many seconds of the arena's time pass in one of ours: 1 unless simulated.
    """

    suite_digest: str
    tasks: tuple[PlannedTask, ...]
    trials: int = 1
    arena: ArenaSettings = field(default_factory=ArenaSettings)
    agent: AgentSettings = field(default_factory=AgentSettings)
    limits: Limits = field(default_factory=Limits)
    heartbeat_s: float = 30.0
    lease_s: float = 150.0
    speed: float = 1.0
    version: int = PLAN_VERSION

    @property
    def units(self) -> tuple[Unit, ...]:
        """Every trial of every task: all first trials, then all second ones, and so on."""
        return tuple(Unit(task.task, trial) for trial in range(self.trials) for task in self.tasks)

    @property
    def expected(self) -> tuple[float, ...]:
        """The expected seconds of each of ``units``."""
        return tuple(task.expected_s for _ in range(self.trials) for task in self.tasks)

    @property
    def simulated(self) -> bool:
        """Whether no Windows is involved."""
        return self.arena.kind == "simulated"

    def real_s(self, seconds: float) -> float:
        """Return how long a deadline of so many seconds of the arena's time is on our clock."""
        return seconds if self.speed == 1.0 else seconds / self.speed + SIMULATED_OVERHEAD_S

    def home(self, shard: int, shards: int) -> tuple[Unit, ...]:
        """Return the units that are this shard's own, in the order it works them."""
        return self.homes(shards)[shard]

    def homes(self, shards: int) -> list[tuple[Unit, ...]]:
        """Return the units of each shard, in the order it works them."""
        units = self.units
        return [tuple(units[index] for index in share) for share in homes(self.expected, shards)]

    def to_json(self) -> bytes:
        """Return the canonical text of ``plan.json``.

        A setting that was added later is left out at its default, so that a plan without it has the
        digest that it always had.
        """
        document = asdict(self)
        for section, defaults in _ADDED.items():
            for name, value in defaults.items():
                if document[section][name] == value:
                    del document[section][name]
        return canonical(document)

    @property
    def digest(self) -> str:
        """The sha256 of the canonical text."""
        return hashlib.sha256(self.to_json()).hexdigest()


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """What a user asked for, not yet checked."""

    suite: Suite
    expectations: Expectations = field(default_factory=Expectations)
    trials: int = 1
    arena: ArenaSettings = field(default_factory=ArenaSettings)
    agent: AgentSettings = field(default_factory=AgentSettings)
    limits: Limits = field(default_factory=Limits)
    heartbeat_s: float = 30.0
    lease_s: float = 150.0
    speed: float = 1.0


def make_plan(inputs: PlanInputs) -> Plan:
    """Check the inputs and return the plan.

    Raises:
        BadInputError: With every problem of the inputs.
    """
    if problems := input_problems(inputs):
        raise BadInputError(problems)
    tasks = [PlannedTask(task, inputs.expectations.of(task)) for task in inputs.suite.tasks]
    order = longest_first([task.expected_s for task in tasks])
    return Plan(
        suite_digest=inputs.suite.digest,
        tasks=tuple(tasks[index] for index in order),
        trials=inputs.trials,
        arena=inputs.arena,
        agent=inputs.agent,
        limits=inputs.limits,
        heartbeat_s=inputs.heartbeat_s,
        lease_s=inputs.lease_s,
        speed=inputs.speed,
    )


def input_problems(inputs: PlanInputs) -> list[Problem]:
    """Return everything that is wrong with the inputs, whatever their tasks are."""
    return [*_numbers(inputs), *_arena(inputs), *_client_args(inputs.agent.client_args)]


def _numbers(inputs: PlanInputs) -> list[Problem]:
    limits = asdict(inputs.limits)
    positive: Mapping[str, float] = {
        "--trials": inputs.trials,
        "--heartbeat": inputs.heartbeat_s,
        "--speed": inputs.speed,
        "--provider-patience": limits.pop("provider_patience_s"),
        **{
            "--" + name.removesuffix("_s").replace("_", "-") + "-deadline": value
            for name, value in limits.items()
        },
        "--guest-cores": inputs.arena.guest_cores,
        "--guest-ram": inputs.arena.guest_ram_gb,
        "--shm-size": inputs.arena.shm_gb,
    }
    problems = [
        Problem(flag, f"is {value}", "Give a number above 0.")
        for flag, value in positive.items()
        if not (math.isfinite(value) and value > 0)
    ]
    if inputs.lease_s < LEASE_BEATS * inputs.heartbeat_s:
        problems.append(
            Problem(
                "--lease",
                f"is {inputs.lease_s:g} s, less than {LEASE_BEATS} heartbeats",
                f"Give at least {LEASE_BEATS * inputs.heartbeat_s:g}.",
            )
        )
    return problems


def _arena(inputs: PlanInputs) -> list[Problem]:
    arena = inputs.arena
    problems = []
    if arena.kind not in ARENA_KINDS:
        problems.append(_choice("--arena", arena.kind, ARENA_KINDS))
    if arena.reset not in RESET_POLICIES:
        problems.append(_choice("--reset", arena.reset, RESET_POLICIES))
    if inputs.agent.client_profile not in CLIENT_PROFILES:
        given = inputs.agent.client_profile
        problems.append(_choice("--client-profile", given, CLIENT_PROFILES))
    if arena.guest_address and not _ADDRESS.match(arena.guest_address):
        fix = "Give an IPv4 address, such as 172.30.0.2."
        problems.append(Problem("--guest-address", f"is {arena.guest_address!r}", fix))
    if arena.kind == "winarena" and not arena.image:
        problems.append(
            Problem(
                "--image", "is missing", "Name the winarena image, such as windowsarena/winarena."
            )
        )
    if arena.kind != "simulated" and inputs.speed != 1.0:
        problems.append(
            Problem("--speed", "is for the simulated arena", "Windows has one speed: leave it out.")
        )
    return problems


def _choice(flag: str, value: str, choices: Sequence[str]) -> Problem:
    fix = f"Choose one of {', '.join(choices)}.{did_you_mean(value, choices)}"
    return Problem(flag, f"is {value!r}", fix)


def _client_args(arguments: Sequence[str]) -> list[Problem]:
    given = {argument.split("=", 1)[0] for argument in arguments}
    return [
        Problem(f"--client-args {flag}", "is set by the worker", "Leave it out.")
        for flag in OWNED_CLIENT_FLAGS
        if flag in given
    ]


def split_client_args(text: str) -> tuple[str, ...]:
    """Split ``--client-args`` as a shell would.

    Raises:
        BadInputError: On an unclosed quote.
    """
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        problem = Problem("--client-args", f"cannot be split ({error})", "Close the quote.")
        raise BadInputError([problem]) from error
