"""What a run's ledger says before machines are launched for it: is it there, what is left of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.errors import Problem

if TYPE_CHECKING:
    from orchestrator.ledger.records import Session
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.suite import Unit
    from orchestrator.store import Store


@dataclass(frozen=True, slots=True)
class Size:
    """How many machines are asked for, how few will do, whether an earlier run must be there."""

    workers: int
    least: int
    resumes: bool = False

    def for_tasks(self, tasks: int) -> Size:
        """Return the size for so many tasks: a machine without one would idle."""
        workers = min(self.workers, tasks)
        return replace(self, workers=workers, least=min(self.least, workers))


def names_one_run(run_name: str | None) -> list[Problem]:
    """Return the problem of a run that is named twice, if it is."""
    fix = "Leave one of them out."
    return [Problem("--resume, --run", "both name a run", fix)] if run_name else []


def open_run(store: Store, plan: Plan, session: Session) -> tuple[Unit, ...]:
    """Write the plan, if it is new, and the session; return what is not scored yet.

    Raises:
        BadInputError: The run is there with another plan.
        StoreError: The ledger could not be read or written.
    """
    from orchestrator.ledger.causes import Status
    from orchestrator.ledger.reader import LedgerReader
    from orchestrator.ledger.session import open_session

    open_session(store, plan, session)
    folded = LedgerReader(store).fold()
    return tuple(result.unit for result in folded.results if result.status is not Status.SCORED)


def of_tasks(plan: Plan, left: tuple[Unit, ...]) -> Plan:
    """Return the plan with the tasks alone of which something is left: what a forecast is for."""
    tasks = {unit.task for unit in left}
    return replace(plan, tasks=tuple(task for task in plan.tasks if task.task in tasks))
