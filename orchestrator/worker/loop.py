"""The worker: boot the arena, work the home tasks, steal, leave.

Everything a worker decides follows from the ledger and from its own clock; nothing from what it
remembers of other workers.
"""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from orchestrator.encoding import canonical
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    EXIT_INFRASTRUCTURE,
    ArenaError,
    StoreError,
)
from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause, wears_the_arena
from orchestrator.planning.schedule import blind_count
from orchestrator.worker.outage import HELD, ProviderOutage
from orchestrator.worker.recorder import ATTEMPTS, Recorder
from orchestrator.worker.store_retry import RetryLimits, StoreRetry

if TYPE_CHECKING:
    from orchestrator.ledger.records import Outcome
    from orchestrator.ledger.scan import Scan
    from orchestrator.planning.suite import Unit
    from orchestrator.worker.tools import Tools

RESET_AFTER = 2
"""Infrastructure outcomes in a row that reset the arena; one more and the worker leaves."""

_RESET_POLICY_TASK = "task"


class Worker:
    """Works one shard of a run, then whatever else is free. ``run`` returns the exit code."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._recorder = Recorder(tools)
        self._outage = ProviderOutage(tools)
        self._recorder.answered = self._provider_answers
        self._home = tools.plan.home(tools.settings.shard, tools.settings.shards)
        self._ends_at = tools.clock.monotonic() + tools.plan.real_s(tools.plan.limits.shard_s)
        limits = RetryLimits(self._ends_at, tools.plan.lease_s, tools.clock.monotonic)
        self._retry_store = StoreRetry(limits, tools.orders, tools.worker_log).ask
        self._failures = 0
        self._broken = ""
        self._last: Scan | None = None
        self._has_waited = False

    def run(self) -> int:
        """Work until there is nothing left, the arena is beyond repair, or a signal says stop."""
        tools = self._tools
        tools.ledger_client.show(phase="boot", assigned=len(self._home), since=tools.clock.wall())
        tools.pulse.start()
        try:
            self._first_beat()
            if self._may_go_on():
                self._boot()
                self._work()
        except ArenaError as error:
            self._broken = str(error)
        except OSError as error:
            self._broken = f"this machine has no room or no right for an arena's files: {error}"
        finally:
            tools.pulse.allow(None)
            self._stop_arena()
        return self._leave()

    # -- the arena --------------------------------------------------------------------------

    def _boot(self) -> None:
        tools = self._tools
        limit = tools.plan.real_s(tools.plan.limits.arena_start_s)
        tools.worker_log.say(f"starting the {tools.plan.arena.kind} arena")
        tools.pulse.allow(limit)
        tools.arena.start(limit, tools.orders.stop)
        tools.pulse.allow(None)

    def _reset(self) -> None:
        tools = self._tools
        tools.ledger_client.show(phase="reset", unit=None, attempt=0, since=tools.clock.wall())
        limit = tools.plan.real_s(tools.plan.limits.arena_start_s)
        tools.pulse.allow(limit)
        tools.arena.reset(limit, tools.orders.stop)
        tools.pulse.allow(None)
        self._recorder.since_reset = 0

    def _stop_arena(self) -> None:
        tools = self._tools
        try:
            tools.arena.stop()
        except ArenaError as error:
            tools.worker_log.warn(f"the arena could not be removed: {error}")
        shutil.rmtree(tools.settings.scratch / ATTEMPTS, ignore_errors=True)

    # -- the tasks --------------------------------------------------------------------------

    def _first_beat(self) -> None:
        """Beat and hear before anything is started; an unreachable store is worth waiting for."""
        self._retry_store(self._tools.pulse.first)

    def _work(self) -> None:
        tools = self._tools
        if self._look() is None:
            return
        for unit in self._home[: blind_count(len(self._home))]:
            if not self._may_claim():
                return
            claim = partial(tools.ledger_client.claim, unit, 1)
            if tools.ledger_client.may_be_free(unit) and self._retry_store(claim):
                self._attempt(unit, 1, stolen=False)
        while self._may_claim():
            self._last = self._look()
            if self._last is None or not self._go_on_from(self._last):
                return

    def _go_on_from(self, look: Scan) -> bool:
        """Take a task of a look, or wait for one; False when it is time to leave."""
        if self._take(look):
            self._has_waited = False
            return True
        # What was free and went to others meanwhile may have left something else: look again.
        return bool(look.free) or self._stay(look)

    def _take(self, look: Scan) -> bool:
        """Work on the first task of a look that is still there."""
        for candidate in look.free:
            if not self._may_go_on():
                return False
            claim = partial(
                self._tools.ledger_client.claim,
                candidate.unit,
                candidate.attempt,
                after_lost=candidate.after_lost,
            )
            if self._retry_store(claim):
                stolen = candidate.unit not in self._home
                self._attempt(candidate.unit, candidate.attempt, stolen=stolen)
                return True
        return False

    def _stay(self, look: Scan) -> bool:
        """Nothing is free: wait for what others hold, unless a smaller idle worker does."""
        tools = self._tools
        self._retry_store(
            self._outage.unanswered
        )  # a probe that finds no task is another's to make
        if not look.held:
            return look.smallest and self._verify()
        if self._retry_store(tools.ledger_client.may_leave):
            return False
        if not look.smallest and not self._has_waited:
            # Somebody else may stay; its next heartbeat tells that it lives, and is idle.
            self._has_waited = True
            return self._wait(1.5 * tools.plan.heartbeat_s)
        return self._search()

    def _wait(self, seconds: float) -> bool:
        """Wait, but no longer than until there is an order; return whether to go on."""
        orders, heartbeat_s = self._tools.orders, self._tools.plan.heartbeat_s
        while seconds > 0 and not orders.drain.is_set():
            if orders.stop.wait(min(seconds, heartbeat_s)):
                return False
            seconds -= heartbeat_s
        return not orders.drain.is_set()

    def _search(self) -> bool:
        """Look for what was lost with its worker; wait while others hold the rest."""
        tools = self._tools
        self._last = look = self._retry_store(partial(tools.ledger_client.look, deep=True))
        if look is None or self._take(look) or look.free:
            return look is not None
        if not look.held:
            return look.smallest and self._verify()
        return self._wait(tools.plan.lease_s / 2)

    def _verify(self) -> bool:
        """Everything seems settled: open what was not opened before believing it."""
        ledger_client = self._tools.ledger_client
        self._last = look = self._retry_store(partial(ledger_client.look, verify=True))
        if look is not None and not (look.free or look.held):
            self._retry_store(ledger_client.has_verified)
            return False
        return look is not None

    def _look(self) -> Scan | None:
        return self._retry_store(self._tools.ledger_client.look)

    def _attempt(self, unit: Unit, attempt: int, *, stolen: bool) -> None:
        outcome = self._recorder.attempt(unit, attempt, stolen=stolen)
        outcome = self._outage.of_probe(outcome)
        if self._retry_store(lambda: self._recorder.record(outcome)) is None:
            self._recorder.say_unrecorded(outcome)
        self._broken = self._broken or self._recorder.no_room
        self._recorder.keep_evidence(outcome)
        self._retry_store(lambda: self._outage.after(outcome))
        self._order_drain(outcome)
        self._refuse_another_client()
        self._note_failures(outcome)
        if self._may_go_on() and self._needs_reset():
            self._reset()

    def _needs_reset(self) -> bool:
        """Whether the next task would meet an arena that is not as it should be."""
        arena = self._tools.plan.arena
        if arena.reset == _RESET_POLICY_TASK or self._recorder.survived:
            return True
        # A task is claimed with a ready arena only: after a fault the arena has to prove itself.
        return self._failures == RESET_AFTER or (
            self._failures > 0 and not self._tools.arena.health().ok
        )

    def _note_failures(self, outcome: Outcome) -> None:
        failed = wears_the_arena(outcome.cause) or not self._recorder.launched
        self._failures = self._failures + 1 if failed else 0
        if self._failures > RESET_AFTER:
            self._broken = (
                f"{self._failures} infrastructure outcomes in a row, the last: {outcome.message}"
            )

    def _order_drain(self, outcome: Outcome) -> None:
        """A provider that refuses refuses everyone: tell the whole session to stop claiming."""
        refused = outcome.cause is Cause.MODEL
        if not refused and not self._retry_store(lambda: self._outage.refused_everybody(outcome)):
            return
        self._drain(
            "model",
            f"the model's provider refused ({outcome.message}); the run drains. "
            "Check the key, its quota and the model's name, then resume.",
        )

    def _refuse_another_client(self) -> None:
        """Another agent or model than was asked for would score under the wrong name."""
        misled = self._recorder.misled
        if misled:
            self._broken = misled
            self._drain(
                "client",
                f"{misled}. The run is refused: check --agent, --model, --client-args and "
                "--client-profile.",
            )

    def _drain(self, reason: str, text: str) -> None:
        tools = self._tools
        path = paths.control(tools.ledger_client.identity.session, "drain")
        tools.orders.drain.set()
        tools.worker_log.error(text)
        self._retry_store(lambda: tools.store.create(path, canonical({"reason": reason})))

    # -- an outage of the model's provider --------------------------------------------------

    def _may_claim(self) -> bool:
        """Whether to take a task now; waits while the run is held, unless this worker probes."""
        while self._may_go_on():
            if self._outage.probing is not None or self._retry_store(self._is_open) is not False:
                return True
            if not self._held():
                return False
        return False

    def _is_open(self) -> bool:
        return self._outage.standing() is None

    def _held(self) -> bool:
        """Wait a little in a hold, or become its prober; False when there is an order to leave."""
        tools = self._tools
        if tools.ledger_client.shown.phase != HELD:
            tools.ledger_client.busy(HELD, unit=None, attempt=0, since=tools.clock.wall())
        silent_s = self._retry_store(self._outage.out_of_patience)
        if silent_s is not None:
            self._drain(
                "provider",
                f"the model's provider has not answered for {silent_s / 60:.0f} min; the run "
                "drains. What is scored is safe: resume when the provider is back.",
            )
            return False
        hold = self._retry_store(self._outage.standing)
        if hold is None or self._retry_store(lambda: self._outage.take_probe(hold)):
            return True
        return self._wait(tools.plan.heartbeat_s)

    def _provider_answers(self) -> None:
        """The provider answered while a task runs: in a probe this lets everybody go on."""
        if self._outage.probing is not None:
            self._retry_store(self._outage.answered)

    def _may_go_on(self) -> bool:
        tools = self._tools
        stopped = tools.orders.stop.is_set() or tools.orders.drain.is_set()
        return not stopped and not self._broken and tools.clock.monotonic() < self._ends_at

    # -- the end ----------------------------------------------------------------------------

    def _leave(self) -> int:
        tools = self._tools
        code = self._exit_code()
        reason = self._broken or tools.orders.reason or self._why_over()
        tools.pulse.close()
        try:
            tools.ledger_client.leave(
                tools.settings.redactor.text(reason), code, tools.clock.wall()
            )
        except StoreError as error:
            tools.worker_log.warn(f"{error} The others will know when the lease ends.")
        tools.worker_log.summarize(self._recorder.outcomes, reason)
        return code

    def _why_over(self) -> str:
        if self._tools.orders.drain.is_set():
            return "told to take nothing more"
        late = self._tools.clock.monotonic() >= self._ends_at
        return "the shard's deadline has passed" if late else "nothing left to do"

    def _exit_code(self) -> int:
        """1 only if a home task ended without a score and nobody live holds it."""
        if self._tools.orders.stop.is_set():
            return self._tools.orders.code
        if self._broken:
            return EXIT_INFRASTRUCTURE
        finished = self._last is not None and not self._last.free
        look = self._last if finished else None
        settled = self._retry_store(partial(self._tools.ledger_client.settles, self._home, look))
        return EXIT_COMPLETE if settled else EXIT_INCOMPLETE
