"""A run as its ledgers tell it together: what a report is made of."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from orchestrator.errors import BadInputError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.cli.inputs.waiting import Waiting
    from orchestrator.ledger.fold import Folded
    from orchestrator.ledger.reader import LedgerReader
    from orchestrator.planning.plan import Plan
    from orchestrator.report.model.facts import RunFacts
    from orchestrator.report.model.fleet import FleetEvents
    from orchestrator.store import Store


@dataclass(frozen=True, slots=True)
class Gathered:
    """What ``summarize`` takes."""

    plan: Plan
    folded: Folded
    facts: RunFacts
    events: FleetEvents


def gather(stores: Sequence[Store], run: str, waiting: Waiting) -> Gathered:
    """Fold the union of some ledgers of one run; at least one. A store's blip is waited out.

    Raises:
        BadInputError: A store holds no run, or one of another plan.
        StoreError: A store could not be read.
    """
    from orchestrator import __version__
    from orchestrator.ledger.events import read_events
    from orchestrator.ledger.fold import fold, read_objects
    from orchestrator.ledger.progress import is_simulated
    from orchestrator.ledger.reader import LedgerReader
    from orchestrator.report.model.facts import RunFacts
    from orchestrator.report.model.fleet import FleetEvents

    readers = [waiting.out(partial(LedgerReader, store)) for store in stores]
    plan = readers[0].plan
    _check_same_plan(readers)
    stored = [stored for reader in readers for stored in waiting.out(reader.objects)]
    folded = fold(plan.units, read_objects(stored))
    facts = RunFacts(
        run=run,
        simulated=is_simulated(plan, folded),
        started=folded.sessions[0].started if folded.sessions else 0.0,
        ended=_last_end(folded),
        store=stores[0].url,
        version=__version__,
    )
    events, damage = read_events(
        [event for reader in readers for event in waiting.out(reader.events)]
    )
    return Gathered(plan, folded, facts, FleetEvents(events, time.time(), damage))


def _check_same_plan(readers: Sequence[LedgerReader]) -> None:
    problems = [
        Problem(reader.store.url, "is of another plan", "Report the ledgers of one run together.")
        for reader in readers[1:]
        if reader.plan.digest != readers[0].plan.digest
    ]
    if problems:
        raise BadInputError(problems)


def _last_end(folded: Folded) -> float:
    ends = [outcome.ended for result in folded.results for outcome in result.attempts]
    return max(ends, default=0.0)
