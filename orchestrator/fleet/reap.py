"""Finds what runs of this repository left behind, and deletes it: the last line of defence.

It needs nothing of the runs but the tags on what they made. It looks twice before it deletes,
because listings lag, and it takes no run for over that GitHub merely does not know. Of a run that
goes on it takes the machines that its supervise job left behind when that ended; and it ends such a
run once all that is left of it waits for machines that nobody brings: who would have brought them
could not, and the run's report comes with its end. That takes *Actions: write*, which the App has
(a job's GITHUB_TOKEN is not used here); without it GitHub ends the run after a day.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from orchestrator.compute.base import Kind
from orchestrator.fleet.abandoned import Abandoned, abandoned
from orchestrator.fleet.cleanup import Cleaner, Cleared, PollPolicy, Remains, see
from orchestrator.fleet.identity import (
    REPO_TAG,
    Fleet,
    expiry,
    run_of_labels,
    run_of_tags,
    runner_of_tags,
)
from orchestrator.github import GitHubError, Runner, WorkflowRun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.compute.base import Instance
    from orchestrator.github import WorkflowJob

BETWEEN_LOOKS_S = 60.0
"""Between the two looks: longer than listings were seen to lag."""

_LOOKS_LIMIT = 4


class RunStore(Protocol):
    """What is needed of GitHub here."""

    def find(self, run_id: int) -> WorkflowRun | None:
        """Return the newest attempt of a run, or None when GitHub does not know it."""
        ...

    def jobs(self, run_id: int, attempt: int) -> list[WorkflowJob]:
        """Return the jobs of one attempt."""
        ...

    def job(self, job_id: int) -> WorkflowJob | None:
        """Return a job, read by its id."""
        ...

    def cancel(self, run_id: int) -> bool:
        """Ask a run to end; False when it has ended."""
        ...

    def now(self) -> float:
        """Return GitHub's own time, Unix seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something has to go: what it is, as a person calls it, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Removable:
    """What is to go, each with the reason, and what nothing can be said of.

    ``reasons`` are by id: a resource's own, a runner's and a run's as ``runner/7`` and ``run/500``.
    ``hopeless`` are runs of which nothing is left but jobs that wait for machines nobody brings.
    """

    remains: Remains
    reasons: Mapping[str, Reason]
    unjudged: tuple[str, ...] = ()
    hopeless: tuple[int, ...] = ()


@dataclass(slots=True)
class Reaper:
    """Judges what it sees of a repository. What it learnt of a run holds for one pass."""

    repository: str
    cleaner: Cleaner
    runs: RunStore
    between_s: float = BETWEEN_LOOKS_S
    _over: dict[int, bool] = field(default_factory=dict)
    _unknown: set[int] = field(default_factory=set)
    _unjudged: dict[int, str] = field(default_factory=dict)
    _abandoned: dict[int, Abandoned | None] = field(default_factory=dict)

    def reap(self, patience: PollPolicy | None = None, *, dry_run: bool = False) -> Reaped:
        """Look until two looks agree, delete what both condemn, and look until it is gone.

        With ``dry_run`` nothing is deleted; ``removable`` says what would be.
        """
        removable, looks = self._agreed()
        if not dry_run:
            removable = self._end_runs(removable)
        if dry_run or removable.remains.empty:
            left = removable.remains.blind
            cleared = Cleared((), left, looks, proved=not left and not dry_run)
            return Reaped(removable, cleared)
        self.cleaner.submit(removable.remains)
        names = {instance.id for instance in removable.remains.resources}
        runners = {runner.id for runner in removable.remains.runners}
        cleared = self.cleaner.until_gone(
            lambda: _only(self._see(), names, runners), patience or PollPolicy()
        )
        return Reaped(removable, _as_far_as_seen(cleared, removable.remains.blind))

    def _agreed(self) -> tuple[Removable, int]:
        """Return what two looks in a row condemn, and how many looks that took.

        A look that condemns more than the one before it is followed by another: what was made
        just before the first, and was not listed yet, need not wait for the next sweep. So is one
        that could not see everything.
        """
        now, looks = self.removable(), 1
        while True:
            self.cleaner.clock.sleep(self.between_s)
            self._forget_runs()
            before, now = now, self.removable()
            looks += 1
            agreed = _both(before, now)
            same = (agreed.remains, agreed.hopeless) == (now.remains, now.hopeless)
            seen = same and not (before.remains.blind or now.remains.blind)
            if seen or looks == _LOOKS_LIMIT:
                return agreed, looks

    def removable(self) -> Removable:
        """Look once; return what is past its time or whose run is known to be over."""
        remains = self._see()
        reasons: dict[str, Reason] = {}
        unjudged: list[str] = []
        resources, runners = [], []
        for resource in remains.resources:
            why = self._why_resource(resource)
            if why:
                resources.append(resource)
                reasons[resource.id] = Reason(f"{resource.kind} {resource.name}", why)
            elif doubt := self._doubt(resource):
                unjudged.append(f"{resource.kind} {resource.name}: {doubt}")
        for runner in remains.runners:
            run = run_of_labels(runner.labels)
            if run is not None and not runner.busy and self._is_over(run):
                runners.append(runner)
                reasons[_id_of(runner)] = Reason(f"runner {runner.name}", f"run {run} is over")
        blind = (*remains.blind, *self._unjudged.values())
        there = Remains(tuple(resources), tuple(runners), blind)
        runs = sorted(self._abandoned)
        hopeless = tuple(run for run in runs if self._hopeless(run, remains, there))
        return Removable(there, reasons, tuple(unjudged), hopeless)

    def _hopeless(self, run_id: int, remains: Remains, removable: Remains) -> bool:
        """Whether a run waits for machines, none of its own is left, and GitHub says so by id."""
        left_behind = self._abandoned[run_id]
        if left_behind is None or not left_behind.hopeless or remains.blind:
            return False
        going = {there.id for there in removable.resources}
        kept = any(
            there.kind is Kind.MACHINE and there.id not in going
            for there in remains.resources
            if run_of_tags(there.labels) == run_id
        )
        return not kept and all(self._still_queued(job.id, run_id) for job in left_behind.waiting)

    def _still_queued(self, job_id: int, run_id: int) -> bool:
        try:
            job = self.runs.job(job_id)
        except GitHubError as error:
            self._unjudged[run_id] = f"run {run_id} could not be judged: {error}"
            return False
        return job is not None and job.queued

    def _end_runs(self, removable: Removable) -> Removable:
        """Ask GitHub to end the runs that nothing can come of; say what it answered."""
        reasons, unjudged = dict(removable.reasons), list(removable.unjudged)
        for run in removable.hopeless:
            try:
                self.runs.cancel(run)
            except GitHubError as error:
                unjudged.append(f"run {run} waits for machines that nobody brings: {error}")
                continue
            why = "it waits for machines that nobody brings: it was asked to end"
            reasons[f"run/{run}"] = Reason(f"run {run}", why)
        return replace(removable, reasons=reasons, unjudged=tuple(unjudged))

    def _see(self) -> Remains:
        def resources() -> list[Instance]:
            return list(self.cleaner.cloud.status({REPO_TAG: self.repository}))

        def runners() -> list[Runner]:
            return [runner for runner in self.cleaner.runners.all() if run_of_labels(runner.labels)]

        return see(resources, runners)

    def _why_resource(self, resource: Instance) -> str:
        """Return why a resource has to go, or nothing."""
        until = expiry(resource.labels)
        if until is not None and until <= self.cleaner.cloud.now():
            return "it is past its expires-at"
        run = run_of_tags(resource.labels)
        if run is None:
            return ""
        if self._is_over(run):
            return f"run {run} is over"
        left = self._abandoned.get(run)
        if left is None or resource.kind is not Kind.MACHINE:
            return ""  # parts go with their machine
        return self._why_abandoned(resource, left)

    def _why_abandoned(self, machine: Instance, left: Abandoned) -> str:
        number = runner_of_tags(machine.labels)
        try:
            named = self.cleaner.runners.named
            known = named(machine.name) if number is None else self.cleaner.runners.get(number)
        except GitHubError as error:
            self._unjudged[left.run.id] = f"run {left.run.id} could not be judged: {error}"
            return ""
        return left.why(machine, known, self.cleaner.clock.now())

    def _doubt(self, resource: Instance) -> str:
        """Return why nothing can be said of a resource that stays, or nothing."""
        run = run_of_tags(resource.labels)
        if run is None and expiry(resource.labels) is None:
            return "its tags name no run and no end"
        if run in self._unknown:
            return f"GitHub does not know run {run}, which may not be over; its expires-at decides"
        return ""

    def _forget_runs(self) -> None:
        """What was learnt of runs is learnt anew: one may have been re-run meanwhile."""
        self._over.clear()
        self._unknown.clear()
        self._unjudged.clear()
        self._abandoned.clear()

    def _is_over(self, run_id: int) -> bool:
        """Whether a run is known to be over: a 404, or an error, says nothing."""
        if run_id not in self._over:
            self._over[run_id] = self._look_up(run_id)
        return self._over[run_id]

    def _look_up(self, run_id: int) -> bool:
        try:
            run = self.runs.find(run_id)
        except GitHubError as error:
            self._unjudged[run_id] = f"run {run_id} could not be judged: {error}"
            return False
        if run is None:
            self._unknown.add(run_id)
            return False
        if not run.over:
            self._abandoned[run_id] = self._look_closer(run)
        return run.over

    def _look_closer(self, run: WorkflowRun) -> Abandoned | None:
        """Return a run in progress as one that nobody supervises, or None."""
        try:
            jobs = self.runs.jobs(run.id, run.attempt)
        except GitHubError as error:
            self._unjudged[run.id] = f"run {run.id} could not be judged: {error}"
            return None
        label = Fleet(self.repository, run.id).label
        return abandoned(run, jobs, label, self.runs.now())


@dataclass(frozen=True, slots=True)
class Reaped:
    """What could be removed, and what became of it."""

    removable: Removable
    cleared: Cleared


def _as_far_as_seen(cleared: Cleared, blind: tuple[str, ...]) -> Cleared:
    """Return what became of a sweep that could not see everything: it proves nothing."""
    if not blind:
        return cleared
    return replace(cleared, left=(*cleared.left, *blind), proved=False)


def _id_of(runner: Runner) -> str:
    return f"runner/{runner.id}"


def _both(first: Removable, second: Removable) -> Removable:
    """Return what two looks agree on."""
    resources = {instance.id for instance in first.remains.resources}
    runners = {runner.id for runner in first.remains.runners}
    remains = _only(second.remains, resources, runners)
    kept = {*(instance.id for instance in remains.resources), *map(_id_of, remains.runners)}
    reasons = {known: reason for known, reason in second.reasons.items() if known in kept}
    hopeless = tuple(run for run in second.hopeless if run in first.hopeless)
    return Removable(remains, reasons, second.unjudged, hopeless)


def _only(remains: Remains, resources: set[str], runners: set[int]) -> Remains:
    return Remains(
        tuple(instance for instance in remains.resources if instance.id in resources),
        tuple(runner for runner in remains.runners if runner.id in runners),
        remains.blind,
    )
