"""Finds what runs of this repository left behind, and deletes it: the last line of defence.

It needs nothing of the runs but the tags on what they made. It looks twice before it deletes,
because listings lag, and it takes no run for over that GitHub merely does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from orchestrator.fleet.clear import Broom, Cleared, Found, Patience, see
from orchestrator.fleet.identity import REPO_TAG, expiry, run_of_labels, run_of_tags
from orchestrator.github import GitHubError, Run, Runner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.cloud.port import Resource

BETWEEN_LOOKS_S = 60.0
"""Between the two looks: longer than listings were seen to lag."""


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

    def reap(self, patience: Patience | None = None, *, dry_run: bool = False) -> Reaped:
        """Look twice, delete what both looks condemn, and look until it is gone.

        With ``dry_run`` nothing is deleted; ``condemned`` says what would be.
        """
        first = self.condemned()
        if first.found.resources or first.found.runners:
            self.broom.clock.sleep(self.between_s)
            self._over.clear()
            condemned = _both(first, self.condemned())
        else:
            condemned = first
        if dry_run or condemned.found.empty:
            left = condemned.found.blind
            cleared = Cleared((), left, 2, proved=not left and not dry_run)
            return Reaped(condemned, cleared)
        self.broom.submit(condemned.found)
        names = {one.id for one in condemned.found.resources}
        runners = {one.id for one in condemned.found.runners}
        cleared = self.broom.until_gone(
            lambda: _only(self._see(), names, runners), patience or Patience()
        )
        return Reaped(condemned, cleared)

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
            elif run_of_tags(resource.tags) is None and expiry(resource.tags) is None:
                unjudged.append(f"{resource.kind} {resource.name}: its tags name no run and no end")
        for runner in found.runners:
            run = run_of_labels(runner.labels)
            if run is not None and not runner.busy and self._is_over(run):
                runners.append(runner)
                reasons[f"runner {runner.name}"] = f"run {run} is over"
        there = Found(tuple(resources), tuple(runners), found.blind)
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
        if until is not None and until <= self.broom.clock.now():
            return "it is past its expires-at"
        run = run_of_tags(resource.tags)
        return f"run {run} is over" if run is not None and self._is_over(run) else ""

    def _is_over(self, run_id: int) -> bool:
        """Whether a run is known to be over: a 404, or an error, says nothing."""
        if run_id not in self._over:
            try:
                run = self.runs.find(run_id)
            except GitHubError as error:
                self.broom.troubles[f"run {run_id}: {error}"] = None
                run = None
            self._over[run_id] = run is not None and run.over
        return self._over[run_id]


@dataclass(frozen=True, slots=True)
class Reaped:
    """What was condemned, and what became of it."""

    condemned: Condemned
    cleared: Cleared


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
