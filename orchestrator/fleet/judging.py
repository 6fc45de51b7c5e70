"""Decides by listings, reads by id what that takes for granted, and decides again by what was read.

Nothing is destroyed, replaced or counted as lost because a listing lacked it, or said so late.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.fleet.decide import decide
from orchestrator.fleet.doubts import doubts, proved

if TYPE_CHECKING:
    from orchestrator.fleet.asking import Asker
    from orchestrator.fleet.decide import Actions, Rules, RunState
    from orchestrator.fleet.facts import Facts, Listings
    from orchestrator.fleet.identity import Fleet
    from orchestrator.fleet.supervisor_state import SupervisorState
    from orchestrator.fleet.view import FleetView

_ROUNDS_LIMIT = 4
"""An answer may raise a doubt of its own: a machine that is gone is replaced, if its job waits."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The look as it was proved, what to do, what to remember, and what was read by id."""

    view: FleetView
    actions: Actions
    memory: SupervisorState
    facts: Facts


@dataclass(frozen=True, slots=True)
class FleetJudge:
    """Decides for one fleet."""

    fleet: Fleet
    rules: Rules
    asker: Asker

    def judge(
        self,
        listings: Listings,
        orders: RunState,
        memory: SupervisorState,
        now: float,
        facts: Facts,
    ) -> Judged:
        """Return what to do after a look; ``facts`` were read by id since, as more will be.

        What could not be proved is not done, and no boot counts as a bad one for it.
        """
        for _ in range(_ROUNDS_LIMIT):
            before = memory.after_proofs(facts.gone)
            view = listings.view(self.fleet, facts, before.gone)
            actions, after = decide(view, orders, self.rules, before, now)
            doubtful = facts.left_open(doubts(actions, view, orders, after, now))
            if not doubtful:
                return Judged(view, actions, after, facts)
            machines = [member.machine for member in view.members]
            answers = self.asker.ask(doubtful, machines, after.runner_ids)
            if not answers:
                break
            facts |= answers
            queued = (number for number, job in answers.jobs.items() if job and job.queued)
            memory = memory.after_asking(queued, now)
        actions = proved(actions, view, orders, after, now, facts)
        return Judged(view, actions, after.with_boots_of(before), facts)
