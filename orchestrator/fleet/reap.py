"""Finds what runs of this repository left behind, and deletes it: the last line of defence.

It needs nothing of the runs but the tags on what they made. It looks twice before it deletes,
because listings lag, and it takes no run for over that GitHub merely does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from orchestrator.fleet.clear import Broom, Cleared, Found, Patience, see
from orchestrator.fleet.identity import REPO_TAG, expiry, run_of_labels, run_of_tags
from orchestrator.github import GitHubError, Run, Runner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.cloud.port import Resource

BETWEEN_LOOKS_S = 60.0
"""Between the two looks: longer than listings were seen to lag."""

_LOOKS_LIMIT = 4


class RunStore(Protocol):
    """What is needed of GitHub here."""

    def find(self, run_id: int) -> Run | None:
        """Return the newest attempt of a run, or None when GitHub does not know it."""
        ...


@dataclass(frozen=True, slots=True)
class Condemned:
    """What is to go, each with the reason, and what nothing can be said of."""

    found: Found
    reasons: Mapping[str, str]
    unjudged: tuple[str, ...] = ()


@dataclass(slots=True)
class Reaper:
    """Judges what it sees of a repository. What it learnt of a run holds for one pass."""

    repository: str
    broom: Broom
    runs: RunStore
    between_s: float = BETWEEN_LOOKS_S
    _over: dict[int, bool] = field(default_factory=dict)
    _unknown: set[int] = field(default_factory=set)
    _unjudged: dict[int, str] = field(default_factory=dict)

    def reap(self, patience: Patience | None = None, *, dry_run: bool = False) -> Reaped:
        """Look until two looks agree, delete what both condemn, and look until it is gone.

        With ``dry_run`` nothing is deleted; ``condemned`` says what would be.
        """
        condemned, looks = self._agreed()
        if dry_run or condemned.found.empty:
            left = condemned.found.blind
            cleared = Cleared((), left, looks, proved=not left and not dry_run)
            return Reaped(condemned, cleared)
        self.broom.submit(condemned.found)
        names = {one.id for one in condemned.found.resources}
        runners = {one.id for one in condemned.found.runners}
        cleared = self.broom.until_gone(
            lambda: _only(self._see(), names, runners), patience or Patience()
        )
        return Reaped(condemned, _as_far_as_seen(cleared, condemned.found.blind))

    def _agreed(self) -> tuple[Condemned, int]:
        """Return what two looks in a row condemn, and how many looks that took.

        A look that condemns more than the one before it is followed by another: what was made
        just before the first, and was not listed yet, need not wait for the next sweep. So is one
        that could not see everything.
        """
        now, looks = self.condemned(), 1
        while True:
            self.broom.clock.sleep(self.between_s)
            self._forget_runs()
            before, now = now, self.condemned()
            looks += 1
            agreed = _both(before, now)
            seen = agreed.found == now.found and not (before.found.blind or now.found.blind)
            if seen or looks == _LOOKS_LIMIT:
                return agreed, looks

    def condemned(self) -> Condemned:
        """Look once; return what is past its time or whose run is known to be over."""
        found = self._see()
        reasons: dict[str, str] = {}
        unjudged: list[str] = []
        resources, runners = [], []
        for resource in found.resources:
            why = self._why_resource(resource)
            if why:
                resources.append(resource)
                reasons[f"{resource.kind} {resource.name}"] = why
            elif doubt := self._doubt(resource):
                unjudged.append(f"{resource.kind} {resource.name}: {doubt}")
        for runner in found.runners:
            run = run_of_labels(runner.labels)
            if run is not None and not runner.busy and self._is_over(run):
                runners.append(runner)
                reasons[f"runner {runner.name}"] = f"run {run} is over"
        blind = (*found.blind, *self._unjudged.values())
        there = Found(tuple(resources), tuple(runners), blind)
        return Condemned(there, reasons, tuple(unjudged))

    def _see(self) -> Found:
        def resources() -> list[Resource]:
            return list(self.broom.cloud.resources({REPO_TAG: self.repository}))

        def runners() -> list[Runner]:
            return [one for one in self.broom.runners.all() if run_of_labels(one.labels)]

        return see(resources, runners)

    def _why_resource(self, resource: Resource) -> str:
        """Return why a resource has to go, or nothing."""
        until = expiry(resource.tags)
        if until is not None and until <= self.broom.cloud.now():
            return "it is past its expires-at"
        run = run_of_tags(resource.tags)
        return f"run {run} is over" if run is not None and self._is_over(run) else ""

    def _doubt(self, resource: Resource) -> str:
        """Return why nothing can be said of a resource that stays, or nothing."""
        run = run_of_tags(resource.tags)
        if run is None and expiry(resource.tags) is None:
            return "its tags name no run and no end"
        if run in self._unknown:
            return f"GitHub does not know run {run}, which may not be over; its expires-at decides"
        return ""

    def _forget_runs(self) -> None:
        """What was learnt of runs is learnt anew: one may have been re-run meanwhile."""
        self._over.clear()
        self._unknown.clear()
        self._unjudged.clear()

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
        return run is not None and run.over


@dataclass(frozen=True, slots=True)
class Reaped:
    """What was condemned, and what became of it."""

    condemned: Condemned
    cleared: Cleared


def _as_far_as_seen(cleared: Cleared, blind: tuple[str, ...]) -> Cleared:
    """Return what became of a sweep that could not see everything: it proves nothing."""
    if not blind:
        return cleared
    return replace(cleared, left=(*cleared.left, *blind), proved=False)


def _both(first: Condemned, second: Condemned) -> Condemned:
    """Return what two looks agree on."""
    resources = {one.id for one in first.found.resources}
    runners = {one.id for one in first.found.runners}
    found = _only(second.found, resources, runners)
    kept = {name.split(" (")[0] for name in found.names}
    reasons = {name: why for name, why in second.reasons.items() if name in kept}
    return Condemned(found, reasons, second.unjudged)


def _only(found: Found, resources: set[str], runners: set[int]) -> Found:
    return Found(
        tuple(one for one in found.resources if one.id in resources),
        tuple(one for one in found.runners if one.id in runners),
        found.blind,
    )
