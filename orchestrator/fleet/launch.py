"""Launches one machine: a placement, a bootstrap made for it alone, a create, or the reasons.

The name and the labels are decided before the create is sent, so that a machine whose reply was
lost is found all the same. One bootstrap is for one machine and one try: a refused create takes its
runner's entry with it, and the next try has a new name.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchestrator.compute.failures import Action, CloudError, Failure, FailureKind
from orchestrator.compute.job import Job, MachineNeeds
from orchestrator.errors import StoreError
from orchestrator.fleet.bootstrap import SAS_FILE
from orchestrator.fleet.identity import EXPIRES_TAG, ROLE_TAG, SIZE_TAG, SPOT_TAG, ZONE_TAG, Role
from orchestrator.fleet.refusals import FleetStop, Refusals
from orchestrator.github import FailureKind as GitHubKind
from orchestrator.github import GitHubError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.clock import Clock
    from orchestrator.compute.base import MachineEngine
    from orchestrator.compute.image import MachineImage
    from orchestrator.compute.job import Bootstrap
    from orchestrator.compute.offers import Placement
    from orchestrator.fleet.bootstrap import FirstBoot, FirstBoots
    from orchestrator.fleet.capacity import CapacityPool
    from orchestrator.fleet.event_log import EventLog
    from orchestrator.fleet.identity import WorkflowAttempt
    from orchestrator.ledger.events import Fact
    from orchestrator.secret import Secret

TRIES = 12
"""Creates that may be refused for one machine before it is given up."""

_THROTTLED_TRIES = 3
_LONGEST_THROTTLE_S = 60.0
_STOPS = frozenset({GitHubKind.CONFIGURATION, GitHubKind.CREDENTIALS, GitHubKind.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Build:
    """What every machine of a run is made of.

    ``ttl_s`` is how long a machine may exist. ``facts`` are told to each machine beside its own
    (see ``custom_data``), with ``disk``, which says in words what their image's disks can do.
    ``os_disk_gb`` and ``local_os_disk`` are as ``MachineNeeds`` has them.
    """

    image: MachineImage
    ttl_s: float
    facts: Mapping[str, str] = field(default_factory=dict)
    os_disk_gb: int | None = None
    local_os_disk: bool = True
    disk: str = ""
    public_ip: bool = False


@dataclass(frozen=True, slots=True)
class LaunchedMachine:
    """A machine whose create was accepted. ``at`` is Unix seconds."""

    name: str
    placement: Placement
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

    attempt: WorkflowAttempt
    build: Build
    bootstraps: FirstBoots
    cloud: MachineEngine
    journal: EventLog
    clock: Clock
    closing: Callable[[], bool]
    store_key: Callable[[float], Secret]
    token: Callable[[], str]
    usd_hour: Callable[[Job], float | None] = lambda _job: None
    refusals: Mapping[Role, Refusals] = field(
        default_factory=lambda: {role: Refusals() for role in Role}
    )

    @property
    def halt(self) -> FleetStop:
        """What stops the launches of machines with an arena, in every thread."""
        return self.refusals[Role.ARENA].halt

    def launch(
        self, number: int, capacity: CapacityPool, role: Role
    ) -> LaunchedMachine | NotLaunched:
        """Launch machine ``number``, by whichever placement is granted first."""
        reasons: list[str] = []
        halt = self.refusals[role].halt
        for _ in range(TRIES):
            if halt.stopped:
                reasons.append(halt.reason)
                break
            placement = capacity.take(number)
            if placement is None:
                reasons.append("no size, zone or region is left to try")
                break
            try:
                return self._try(number, placement, capacity, role)
            except _RefusedError as refused:
                reasons.append(str(refused))
                if refused.final:
                    return NotLaunched(number, tuple(reasons), refused.unclear)
        return NotLaunched(number, tuple(reasons))

    def _try(
        self, number: int, placement: Placement, capacity: CapacityPool, role: Role
    ) -> LaunchedMachine:
        name = self.attempt.machine_name(number, self.token())
        expires = self.cloud.now() + self.build.ttl_s
        try:
            self._ask_whether_closing(role)
            key = self.store_key(expires)
        except (StoreError, CloudError) as error:
            capacity.refused(placement, _UNTRIED)
            raise _RefusedError(str(error), final=True) from error
        job, first_boot = self._job(name, placement, role, expires, key)
        try:
            self._create(job, number, placement, capacity, first_boot)
        except GitHubError as error:
            capacity.refused(placement, _UNTRIED)
            raise self._not_minted(name, error, role) from error
        self.refusals[role].accepted = True
        capacity.accepted(placement)
        return LaunchedMachine(name, placement, role, self.clock.now())

    def _ask_whether_closing(self, role: Role) -> None:
        if self.closing():
            halt = self.refusals[role].halt
            halt.stop("the run is being torn down: nothing is launched any more", fatal=False)
            raise StoreError(halt.reason)

    def _not_minted(self, name: str, error: GitHubError, role: Role) -> _RefusedError:
        """Note a refused configuration: one tells of this machine, several of the token."""
        if error.kind in _STOPS:
            refusals = self.refusals[role]
            failure = Failure(FailureKind.UNKNOWN, f"GitHub {error.status}", str(error))
            hope = refusals.accepted or refusals.up
            refusals.met(failure, str(error), name, "", (), hope=hope)
        # An entry whose reply was lost holds the name, and listings do not show it yet: the
        # next try has a new name, and the entry is found by its label later.
        return _RefusedError(str(error), final=error.kind is not GitHubKind.CONFLICT)

    def _job(
        self, name: str, placement: Placement, role: Role, expires: float, key: Secret
    ) -> tuple[Job, FirstBoot]:
        """Return a job of one machine, and the first boot that its bootstrap is made of."""
        offer, build = placement.offer, self.build
        labels = {
            **self.attempt.tags(name, expires),
            ROLE_TAG: role,
            SIZE_TAG: offer.size,
            SPOT_TAG: str(placement.spot).lower(),
            **({ZONE_TAG: placement.zone} if placement.zone else {}),
        }
        needs = MachineNeeds(
            os_disk_gb=build.os_disk_gb,
            local_os_disk=build.local_os_disk,
            spot=placement.spot,
            regions=(offer.region,),
            public_ip=build.public_ip,
        )
        facts = {**build.facts, **self._facts(name, placement, role, expires)}
        disk = f"{build.disk},os={needs.local_disk_at(placement) or 'managed'}"
        facts["WAA_MATRIX_WORKER_DISK"] = disk.lstrip(",")
        first_boot = self.bootstraps.of(name, key, facts)
        job = Job(
            (name,),
            lambda _name: first_boot.bootstrap(),
            labels,
            needs,
            build.image,
            placement,
            expires,
        )
        return job, first_boot

    def _facts(self, name: str, placement: Placement, role: Role, expires: float) -> dict[str, str]:
        return {
            "WAA_MATRIX_WORKER_MACHINE": name,
            "WAA_MATRIX_WORKER_ROLE": role,
            "WAA_MATRIX_WORKER_REGION": placement.offer.region,
            "WAA_MATRIX_WORKER_SIZE": placement.offer.size,
            "WAA_MATRIX_WORKER_STORE_SAS_FILE": SAS_FILE,
            "WAA_ROLE": role,
            "WAA_DEADLINE": str(int(expires)),
            "WAA_SESSION": self.attempt.session,
            "WAA_LABEL": self.attempt.fleet.label,
        }

    def _create(
        self,
        job: Job,
        number: int,
        placement: Placement,
        capacity: CapacityPool,
        first_boot: FirstBoot,
    ) -> None:
        for tried in range(1, _THROTTLED_TRIES + 1):
            try:
                self._submit(job, placement)
            except CloudError as error:
                if error.kind is FailureKind.THROTTLED and tried < _THROTTLED_TRIES:
                    self.clock.sleep(min(error.failure.retry_after_s or 5.0, _LONGEST_THROTTLE_S))
                    continue
                if error.kind is FailureKind.TRANSIENT and self._is_there(first_boot.name):
                    return  # only the reply was lost
                raise self._refused(error, number, job, placement, capacity, first_boot) from error
            return

    def _submit(self, job: Job, placement: Placement) -> None:
        """Launch a job of one machine; its create is noted once its bootstrap is made.

        Raises:
            CloudError: It was refused.
        """
        [name] = job.names
        with ExitStack() as steps:

            def bootstrap(_name: str) -> Bootstrap:
                made = job.bootstrap(name)
                facts = self._launch_facts(job, placement)
                steps.enter_context(self.journal.step("create", name, str(placement), facts))
                return made

            launched = self.cloud.launch(replace(job, bootstrap=bootstrap))
            if name in launched.refused:
                raise CloudError(launched.refused[name], during=f"create {name}")

    def _launch_facts(self, job: Job, placement: Placement) -> dict[str, Fact]:
        """Return what a report wants of a machine; the expiry bounds what it can cost."""
        return {
            "size": placement.offer.size,
            "region": placement.offer.region,
            "zone": placement.zone,
            "spot": placement.spot,
            "role": job.labels[ROLE_TAG],
            "expires": float(job.labels[EXPIRES_TAG]),
            "usd_hour": self.usd_hour(job),
        }

    def _refused(  # everything that a try was made of
        self,
        error: CloudError,
        number: int,
        job: Job,
        placement: Placement,
        capacity: CapacityPool,
        first_boot: FirstBoot,
    ) -> _RefusedError:
        """Take back what was done for a refused create, learn from it, and return the reason."""
        reason = f"{placement}: {error}"
        if error.kind is FailureKind.TRANSIENT:
            # It may exist: its runner stays, and whoever lists the machines finds it by its tags.
            return _RefusedError(reason, final=True, unclear=first_boot.name)
        refusals = self.refusals[Role(job.labels[ROLE_TAG])]
        failure = refusals.judged(error.failure)
        capacity.refused(placement, failure)
        first_boot.forget()
        machine, regions = f"machine {number}", capacity.wish.regions
        hope = refusals.accepted or refusals.up
        refusals.met(failure, reason, machine, placement.offer.region, regions, hope=hope)
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


_UNTRIED = Failure(FailureKind.TRANSIENT, "NotTried", "nothing was asked of the cloud")
