"""Launches one machine: a choice, a configuration minted for it alone, a create, or the reasons.

The name and the tags are decided before the create is sent, so that a machine whose reply was lost
is found all the same. One configuration is for one machine and one try: a refused create takes its
runner's entry with it, and the next try has a new name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from orchestrator.cloud.failures import Action, CloudError, Failure, FailureKind
from orchestrator.cloud.port import DataDisk, MachineRequest
from orchestrator.errors import StoreError
from orchestrator.fleet.custom_data import SAS_FILE, checked_facts
from orchestrator.fleet.identity import (
    EXPIRES_TAG,
    ROLE_TAG,
    RUNNER_TAG,
    SIZE_TAG,
    SPOT_TAG,
    ZONE_TAG,
    Role,
)
from orchestrator.fleet.refusals import Halt, Refusals
from orchestrator.github import FailureKind as GitHubKind
from orchestrator.github import GitHubError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.clock import Clock
    from orchestrator.cloud.port import Cloud
    from orchestrator.fleet.custom_data import Template
    from orchestrator.fleet.identity import Attempt
    from orchestrator.fleet.journal import Journal
    from orchestrator.fleet.supply import Choice, Supply
    from orchestrator.github import JitRunner
    from orchestrator.ledger.events import Fact
    from orchestrator.secret import Secret

TRIES = 12
"""Creates that may be refused for one machine before it is given up."""

_THROTTLED_TRIES = 3
_LONGEST_THROTTLE_S = 60.0
_STOPS = frozenset({GitHubKind.CONFIGURATION, GitHubKind.CREDENTIALS, GitHubKind.NOT_FOUND})


class RunnerMint(Protocol):
    """What is needed of GitHub here."""

    def mint(self, name: str, labels: Sequence[str], *, group: int = 1) -> JitRunner:
        """Register a runner and return its configuration."""
        ...

    def delete(self, runner_id: int) -> bool:
        """Delete a runner; a missing one is a success."""
        ...


@dataclass(frozen=True, slots=True)
class Build:
    """What every machine of a run is made of.

    ``image`` is the cloud's identifier of the machine image, ``data_disks`` all of its disks: a
    create that leaves one out is refused. ``ttl_s`` is how long a machine may exist. ``facts`` are
    told to each machine beside its own (see ``custom_data``), with ``disk``, which says in words
    what their disks can do. ``runner_group`` is 1 for the only one that a repository has.
    """

    image: str
    ttl_s: float
    facts: Mapping[str, str] = field(default_factory=dict)
    os_disk_gb: int | None = None
    local_os_disk: bool = True
    data_disks: tuple[DataDisk, ...] = (DataDisk(0),)
    disk: str = ""
    public_ip: bool = False
    runner_group: int = 1


@dataclass(frozen=True, slots=True)
class Launched:
    """A machine whose create was accepted. ``at`` is Unix seconds."""

    name: str
    choice: Choice
    role: Role
    at: float


@dataclass(frozen=True, slots=True)
class NotLaunched:
    """A machine that could not be had, and why; one line for each try.

    ``unclear`` names a machine that may exist all the same: the reply was lost for good.
    """

    number: int
    reasons: tuple[str, ...]
    unclear: str = ""


class _RefusedError(Exception):
    """This try came to nothing; the message is the reason. ``final`` ones are the last."""

    def __init__(self, reason: str, *, final: bool, unclear: str = "") -> None:
        self.final, self.unclear = final, unclear
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Launcher:
    """Launches machines of one attempt, from any thread.

    ``closing`` says whether the attempt is being torn down; it is asked before every create.
    ``store_key`` returns the SAS that a machine gets, good until the given Unix seconds. ``token``
    makes names new. ``usd_hour`` prices a machine, for its event. ``refusals`` are kept by role:
    what a drain machine is refused says nothing of one with an arena.
    """

    attempt: Attempt
    build: Build
    template: Template
    cloud: Cloud
    runners: RunnerMint
    journal: Journal
    clock: Clock
    closing: Callable[[], bool]
    store_key: Callable[[float], Secret]
    token: Callable[[], str]
    usd_hour: Callable[[MachineRequest], float | None] = lambda _request: None
    refusals: Mapping[Role, Refusals] = field(
        default_factory=lambda: {role: Refusals() for role in Role}
    )

    @property
    def halt(self) -> Halt:
        """What stops the launches of machines with an arena, in every thread."""
        return self.refusals[Role.ARENA].halt

    def launch(self, number: int, supply: Supply, role: Role) -> Launched | NotLaunched:
        """Launch machine ``number``, by whichever choice the cloud grants first."""
        reasons: list[str] = []
        halt = self.refusals[role].halt
        for _ in range(TRIES):
            if halt.stopped:
                reasons.append(halt.reason)
                break
            choice = supply.take(number)
            if choice is None:
                reasons.append("no size, zone or region is left to try")
                break
            try:
                return self._try(number, choice, supply, role)
            except _RefusedError as refused:
                reasons.append(str(refused))
                if refused.final:
                    return NotLaunched(number, tuple(reasons), refused.unclear)
        return NotLaunched(number, tuple(reasons))

    def _try(self, number: int, choice: Choice, supply: Supply, role: Role) -> Launched:
        name = self.attempt.machine_name(number, self.token())
        expires = self.cloud.now() + self.build.ttl_s
        try:
            self._ask_whether_closing(role)
            key = self.store_key(expires)
        except (StoreError, CloudError) as error:
            supply.refused(choice, _UNTRIED)
            raise _RefusedError(str(error), final=True) from error
        minted = self._mint(name, choice, supply, role)
        request = self._request(name, choice, role, expires, minted, key)
        self._create(request, number, choice, supply, minted)
        self.refusals[role].accepted = True
        supply.accepted(choice)
        return Launched(name, choice, role, self.clock.now())

    def _ask_whether_closing(self, role: Role) -> None:
        if self.closing():
            halt = self.refusals[role].halt
            halt.stop("the run is being torn down: nothing is launched any more", fatal=False)
            raise StoreError(halt.reason)

    def _mint(self, name: str, choice: Choice, supply: Supply, role: Role) -> JitRunner:
        labels = [self.attempt.fleet.label]
        try:
            with self.journal.step("mint", name):
                return self.runners.mint(name, labels, group=self.build.runner_group)
        except GitHubError as error:
            supply.refused(choice, _UNTRIED)
            if error.kind in _STOPS:
                self._not_minted(name, error, role)
            # An entry whose reply was lost holds the name, and listings do not show it yet: the
            # next try has a new name, and the entry is found by its label later.
            again = error.kind is GitHubKind.CONFLICT
            raise _RefusedError(str(error), final=not again) from error

    def _not_minted(self, name: str, error: GitHubError, role: Role) -> None:
        """Note a refused configuration: one tells of this machine, several of the token."""
        refusals = self.refusals[role]
        failure = Failure(FailureKind.UNKNOWN, f"GitHub {error.status}", str(error))
        hope = refusals.accepted or refusals.up
        refusals.met(failure, str(error), name, "", (), hope=hope)

    def _request(  # the parts of one machine, named at the only call
        self,
        name: str,
        choice: Choice,
        role: Role,
        expires: float,
        minted: JitRunner,
        key: Secret,
    ) -> MachineRequest:
        offer, build = choice.offer, self.build
        wants_local = build.local_os_disk and build.os_disk_gb
        place = offer.place_for(build.os_disk_gb or 0) if wants_local else None
        facts = {**build.facts, **self._facts(name, choice, role, expires)}
        facts["WAA_MATRIX_WORKER_DISK"] = f"{build.disk},os={place or 'managed'}".lstrip(",")
        tags = {
            **self.attempt.tags(name, expires),
            ROLE_TAG: role,
            SIZE_TAG: offer.size,
            SPOT_TAG: str(choice.spot).lower(),
            **({ZONE_TAG: choice.zone} if choice.zone else {}),
            RUNNER_TAG: str(minted.runner.id),
        }
        return MachineRequest(
            name=name,
            region=offer.region,
            size=offer.size,
            image=build.image,
            custom_data=self.template.render(minted.config, key, checked_facts(facts)),
            tags=tags,
            zone=choice.zone,
            spot=choice.spot,
            os_disk_gb=build.os_disk_gb,
            ephemeral=place,
            data_disks=build.data_disks,
            public_ip=build.public_ip,
            nvme=offer.nvme_only,
        )

    def _facts(self, name: str, choice: Choice, role: Role, expires: float) -> dict[str, str]:
        return {
            "WAA_MATRIX_WORKER_MACHINE": name,
            "WAA_MATRIX_WORKER_ROLE": role,
            "WAA_MATRIX_WORKER_REGION": choice.offer.region,
            "WAA_MATRIX_WORKER_SIZE": choice.offer.size,
            "WAA_MATRIX_WORKER_STORE_SAS_FILE": SAS_FILE,
            "WAA_ROLE": role,
            "WAA_DEADLINE": str(int(expires)),
            "WAA_SESSION": self.attempt.session,
            "WAA_LABEL": self.attempt.fleet.label,
        }

    def _create(
        self,
        request: MachineRequest,
        number: int,
        choice: Choice,
        supply: Supply,
        minted: JitRunner,
    ) -> None:
        for tried in range(1, _THROTTLED_TRIES + 1):
            try:
                with self.journal.step("create", request.name, str(choice), self._told(request)):
                    self.cloud.launch(request)
            except CloudError as error:
                if error.kind is FailureKind.THROTTLED and tried < _THROTTLED_TRIES:
                    self.clock.sleep(min(error.failure.retry_after_s or 5.0, _LONGEST_THROTTLE_S))
                    continue
                if error.kind is FailureKind.TRANSIENT and self._is_there(request.name):
                    return  # only the reply was lost
                raise self._refused(error, number, request, choice, supply, minted) from error
            return

    def _told(self, request: MachineRequest) -> dict[str, Fact]:
        """Return what a report wants of a machine; the expiry bounds what it can cost."""
        return {
            "size": request.size,
            "region": request.region,
            "zone": request.zone,
            "spot": request.spot,
            "role": request.tags[ROLE_TAG],
            "expires": float(request.tags[EXPIRES_TAG]),
            "usd_hour": self.usd_hour(request),
        }

    def _refused(  # everything that a try was made of
        self,
        error: CloudError,
        number: int,
        request: MachineRequest,
        choice: Choice,
        supply: Supply,
        minted: JitRunner,
    ) -> _RefusedError:
        """Take back what was done for a refused create, learn from it, and return the reason."""
        reason = f"{choice}: {error}"
        if error.kind is FailureKind.TRANSIENT:
            # It may exist: its runner stays, and whoever lists the machines finds it by its tags.
            return _RefusedError(reason, final=True, unclear=request.name)
        refusals = self.refusals[Role(request.tags[ROLE_TAG])]
        failure = refusals.judged(error.failure)
        supply.refused(choice, failure)
        self._forget(minted)
        machine, regions = f"machine {number}", supply.wish.regions
        hope = refusals.accepted or refusals.up
        refusals.met(failure, reason, machine, request.region, regions, hope=hope)
        again = failure.action in (Action.ELSEWHERE, Action.REPLACE)
        return _RefusedError(reason, final=not again)

    def _is_there(self, name: str) -> bool:
        """Whether a machine whose create was not answered exists: read by its id."""
        try:
            there = self.cloud.get(name)
        except CloudError:
            return False
        if there is not None:
            self.journal.note("create", "done", name, "its reply was lost, and it is there")
        return there is not None

    def _forget(self, minted: JitRunner) -> None:
        name = minted.runner.name
        try:
            with self.journal.step("forget runner", name):
                self.runners.delete(minted.runner.id)
        except GitHubError:
            return  # said in the journal; the supervisor and the sweeper find it by its label


_UNTRIED = Failure(FailureKind.TRANSIENT, "NotTried", "nothing was asked of the cloud")
