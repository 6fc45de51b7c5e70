"""What a worker does about its model's provider: hold the run, probe, go on, or drain.

An outage holds a run and does not end it. Orders are objects of the session's ``control/``, each
created once, so that any worker may die at any moment: the next probe is anybody's who creates it.
Each method raises StoreError when the ledger could not be read or written; asking again is safe.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.encoding import canonical
from orchestrator.ledger import outages, paths, records
from orchestrator.ledger.causes import Cause, Flag
from orchestrator.ledger.outages import PROBE_WAITS_S, TASKS_THAT_TELL

if TYPE_CHECKING:
    from orchestrator.ledger.outages import Hold
    from orchestrator.ledger.paths import OutcomePath, UnscoredPath
    from orchestrator.ledger.records import Outcome
    from orchestrator.worker.tools import Tools

HELD = "held"
"""The phase of a worker that claims nothing because the provider does not answer."""


# Of a probe: how it ended tells nothing of the provider, or that it did not answer.
_SAYS_NOTHING = (Cause.RELEASED, Cause.LOST, Cause.SETUP, Cause.ARENA, Cause.MODEL)


class ProviderOutage:
    """One worker's part in an outage. ``probing`` is the hold for which it tries a task."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.probing: Hold | None = None
        self._offset: float | None = None
        self._success: float | None = None

    # -- noticing ---------------------------------------------------------------------------

    def of_probe(self, outcome: Outcome) -> Outcome:
        """Return an outcome; a probe that met no answer is given back, at no cost to its task."""
        if self.probing is None or outcome.cause is not Cause.PROVIDER:
            return outcome
        message = f"probed: {outcome.message}"[: records.MESSAGE_LIMIT]
        flags = (*outcome.flags, Flag.PROBE)
        return replace(outcome, cause=Cause.RELEASED, flags=flags, message=message)

    def after(self, outcome: Outcome) -> None:
        """Take in an outcome: a success ends a hold, a third failure in a row begins one."""
        if self.probing is not None:
            if outcome.cause in _SAYS_NOTHING:
                self.unanswered()
            else:
                self.answered()
        elif outcome.cause is None or outcome.cause is Cause.EVALUATOR:
            hold = self.standing()
            if hold is not None:
                self._resume(hold)
        elif outcome.cause is Cause.PROVIDER:
            self._note_failure(outcome)

    def _note_failure(self, outcome: Outcome) -> None:
        controls = self._controls()
        if outages.standing_hold(controls) is not None:
            return
        marks = self._marks()
        since = outages.last_success(self._outcomes(), marks, controls)
        met = outages.unanswered(marks, self._session, since) | {outcome.unit.task}
        if len(met) >= TASKS_THAT_TELL:
            self._hold(outages.next_hold(controls), outcome)

    def _hold(self, number: int, outcome: Outcome) -> None:
        data = {"by": self._worker, "message": outcome.message}
        self._order(paths.hold(number), data)
        self._tools.worker_log.error(
            f"the model's provider does not answer ({outcome.message}): {TASKS_THAT_TELL} tasks in "
            "a row met it. The run is held: one worker probes, all others wait. It goes on by "
            "itself when an answer comes."
        )

    def refused_everybody(self, outcome: Outcome) -> bool:
        """Whether this task's bad request is not its own: three different tasks met one in a row.

        The fold judges the same by ``outages.refused_together``.
        """
        if Flag.BAD_REQUEST not in outcome.flags:
            return False
        marks = {mark for mark in self._marks() if mark.cause is Cause.AGENT}
        if len({mark.unit.task for mark in marks}) < TASKS_THAT_TELL:
            return False
        recorded = self._recorded()
        mine = paths.OutcomePath(outcome.unit, outcome.attempt, outcome.worker)
        return mine in outages.refused_together(recorded)

    # -- holding ----------------------------------------------------------------------------

    def standing(self) -> Hold | None:
        """Return the hold that stands, and forget a probe that its end has overtaken."""
        hold = outages.standing_hold(self._controls())
        if hold is None:
            self.probing = self._offset = self._success = None
        return hold

    def out_of_patience(self) -> float | None:
        """Return how long ago (s) the provider last answered, once that is longer than allowed.

        Where it never did, the session's start stands for it.
        """
        if self._success is None:
            self._success = self._last_success()
        silent_s = self._now() - self._success
        plan = self._tools.plan
        return silent_s if silent_s > plan.real_s(plan.limits.provider_patience_s) else None

    def _last_success(self) -> float:
        """Return when it last answered; a later answer ends the hold, so this is asked once."""
        started = [
            entry.modified
            for entry in self._tools.store.list(paths.SESSIONS)
            if entry.path == paths.session(self._session)
        ]
        success = outages.last_success(self._outcomes(), self._marks(), self._controls())
        return max((success, *started))

    def take_probe(self, hold: Hold) -> bool:
        """Become the one that probes, if a probe is due and nobody else was faster."""
        if self._now() < self._due(hold):
            return False
        if not self._order(paths.probe(hold.number, hold.turn + 1), {"by": self._worker}):
            return False
        self.probing = replace(hold, turn=hold.turn + 1)
        return True

    def _due(self, hold: Hold) -> float:
        """Return the moment from which the next probe may be taken."""
        plan = self._tools.plan
        wait_s = plan.real_s(PROBE_WAITS_S[min(hold.turn, len(PROBE_WAITS_S) - 1)])
        if hold.turn == 0:
            return hold.since + wait_s
        if hold.answered is not None:
            return hold.answered + wait_s
        return self._now() if self._died(hold) else float("inf")

    def _died(self, hold: Hold) -> bool:
        """Whether the prober ended, or fell silent for a lease, without a word."""
        lease_s = self._tools.plan.lease_s
        if self._now() - hold.turned <= lease_s:
            return False
        path = paths.control(self._session, paths.probe(hold.number, hold.turn))
        prober = _by(self._tools.store.get(path) or b"")
        if prober == self._worker:
            return self.probing is None
        beats = {
            paths.parse_owned(entry.path): entry for entry in self._tools.store.list(paths.WORKERS)
        }
        left = {paths.parse_owned(entry.path) for entry in self._tools.store.list(paths.LEFT)}
        beat = beats.get(prober)
        return prober in left or beat is None or self._now() - beat.modified > lease_s

    # -- ending -----------------------------------------------------------------------------

    def answered(self) -> None:
        """Say that the provider answered this worker's probe: everybody goes on."""
        if self.probing is not None:
            hold, self.probing = self.probing, None
            self._resume(hold)

    def _resume(self, hold: Hold) -> None:
        self._order(paths.resume(hold.number), {"by": self._worker})
        self._tools.worker_log.say("the model's provider answers again: the run goes on")

    def unanswered(self) -> None:
        """Say that this worker's probe met no answer, or could not be made: the next may follow."""
        if self.probing is None:
            return
        hold, self.probing = self.probing, None
        self._order(paths.probed(hold.number, hold.turn), {"by": self._worker})

    # -- the ledger -------------------------------------------------------------------------

    @property
    def _session(self) -> str:
        return self._tools.ledger_client.identity.session

    @property
    def _worker(self) -> str:
        return self._tools.ledger_client.identity.worker

    def _now(self) -> float:
        """Return the store's time, told once a hold by this worker's own fresh heartbeat."""
        tools = self._tools
        if self._offset is None:
            tools.ledger_client.beat()
            mine = paths.worker(self._worker)
            beats = [entry for entry in tools.store.list(paths.WORKERS) if entry.path == mine]
            seen = beats[0].modified if beats else tools.clock.wall()
            self._offset = seen - tools.clock.monotonic()
        return self._offset + tools.clock.monotonic()

    def _controls(self) -> dict[str, float]:
        listed = self._tools.store.list(paths.controls_of(self._session))
        named = ((paths.parse_control(entry.path), entry.modified) for entry in listed)
        return {name[1]: at for name, at in named if name is not None}

    def _marks(self) -> dict[UnscoredPath, float]:
        listed = self._tools.store.list(paths.UNSCORED)
        return {
            mark: entry.modified
            for entry in listed
            if (mark := paths.parse_unscored(entry.path)) is not None
        }

    def _outcomes(self) -> dict[OutcomePath, float]:
        listed = self._tools.store.list(paths.OUTCOMES)
        return {
            path: entry.modified
            for entry in listed
            if (path := paths.parse_outcome(entry.path)) is not None
        }

    def _recorded(self) -> list[tuple[Outcome, float]]:
        """Return the outcomes that can be read, and when each was written."""
        listed = self._outcomes()
        names = [paths.outcome(path.unit, path.attempt, path.worker) for path in listed]
        result = zip(self._tools.store.get_all(names), listed.values(), strict=True)
        parsed = ((records.parse_outcome(data or b""), at) for data, at in result)
        return [(outcome, at) for outcome, at in parsed if outcome is not None]

    def _order(self, order: str, data: dict[str, str]) -> bool:
        path = paths.control(self._session, order)
        return self._tools.store.create(path, canonical(data))


def _by(data: bytes) -> str:
    """Return the worker that an order names; empty when it cannot be read."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    by = document.get("by") if isinstance(document, dict) else None
    return by if isinstance(by, str) else ""
