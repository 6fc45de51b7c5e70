"""Runs attempts and turns them into outcomes, evidence and a live heartbeat."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from orchestrator.arena.port import Assignment
from orchestrator.errors import StoreError
from orchestrator.ledger import paths
from orchestrator.ledger.records import MESSAGE_LIMIT, Outcome
from orchestrator.results.keeping import KeptFiles
from orchestrator.worker.attempt import Guard, without_room
from orchestrator.worker.evidence import (
    chosen_files,
    cut_short,
    newest_screenshot,
    upload,
    wanted,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.planning.suite import Unit
    from orchestrator.worker.attempt import Seen
    from orchestrator.worker.tools import Tools

ATTEMPTS = "attempts"
OWN_LEDGER = "ledger"
CLIENT_LOG = "client.log"

_SETTLE_S = 120.0
"""Added to a task's deadline for the watchdog: killing, probing and reading the tree take time."""


class Recorder:
    """Makes one worker's outcomes. ``outcomes`` holds them in order.

    ``answered`` is called while a task runs when its model's provider is seen to answer.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.outcomes: list[Outcome] = []
        self.since_reset = 0
        self.survived = False
        self.launched = True
        self.misled = ""
        self.no_room = ""
        self._claimed_at = 0.0
        self.answered: Callable[[], None] = lambda: None
        self._seen: Seen | None = None
        self._next_check = 0.0
        self._next_screen = 0.0

    def attempt(self, unit: Unit, attempt: int, *, stolen: bool) -> Outcome:
        """Run an attempt that is claimed; return its outcome, not yet written anywhere."""
        tools, plan = self._tools, self._tools.plan
        self._claimed_at = self._next_check = tools.clock.monotonic()
        started = tools.clock.wall()
        tools.ledger_client.busy(
            "running", unit=unit, attempt=attempt, since=started, screenshot=""
        )
        tools.worker_log.task_started(unit, attempt, stolen=stolen)
        tools.pulse.allow(plan.real_s(plan.limits.task_s) + _SETTLE_S)
        guard = Guard(
            stop=tools.orders.stop,
            abandoned=lambda: self._abandoned(unit, attempt),
            progressed=self._progress(unit, attempt),
            monotonic=tools.clock.monotonic,
            wall=tools.clock.wall,
            answered=self.answered,
        )
        seen = self._run(Assignment(unit, attempt, self._path(unit, attempt)), guard)
        tools.pulse.allow(None)
        self._seen, self.survived = seen, seen.survived
        self.launched, self.misled = seen.launched, seen.misled
        return self._outcome(unit, attempt, started, seen)

    def _run(self, assignment: Assignment, guard: Guard) -> Seen:
        """Run an attempt; one for which there is no room here is given back, at no cost to it."""
        tools = self._tools
        try:
            assignment.directory.mkdir(parents=True)
        except OSError as error:
            seen = without_room(error)
        else:
            seen = tools.run_attempt(tools.arena, assignment, tools.plan, guard)
        self.no_room = seen.verdict.message if seen.no_room else ""
        return seen

    def _path(self, unit: Unit, attempt: int) -> Path:
        worker = self._tools.ledger_client.identity.worker
        return self._tools.settings.scratch / ATTEMPTS / str(unit) / f"{attempt}-{worker}"

    def _outcome(self, unit: Unit, attempt: int, started: float, seen: Seen) -> Outcome:
        tools, identity = self._tools, self._tools.ledger_client.identity
        verdict = seen.verdict
        position = {"position_since_reset": str(self.since_reset), "reset": tools.plan.arena.reset}
        self.since_reset += 1
        return Outcome(
            unit=unit,
            attempt=attempt,
            worker=identity.worker,
            session=identity.session,
            machine=identity.machine,
            score=verdict.score,
            cause=verdict.cause,
            message=tools.settings.redactor.text(verdict.message)[:MESSAGE_LIMIT],
            flags=verdict.flags,
            steps=seen.steps,
            seconds=round(seen.seconds, 3),
            started=started,
            ended=tools.clock.wall(),
            phases={name: round(value, 3) for name, value in seen.phases.items()},
            fingerprint={**identity.fingerprint, **tools.arena.fingerprint(), **position},
        )

    def record(self, outcome: Outcome) -> Outcome:
        """Write an outcome that ``attempt`` made.

        Raises:
            StoreError: As ``LedgerClient.record``; call again.
        """
        tools = self._tools
        written = tools.ledger_client.record(outcome, self._claimed_at)
        self.outcomes.append(written)
        tools.ledger_client.show(done=len(self.outcomes))
        tools.worker_log.task_ended(written)
        return written

    def say_unrecorded(self, outcome: Outcome) -> None:
        """Say where an outcome is that the shared ledger did not take."""
        result = f"score {outcome.score:g}" if outcome.score is not None else str(outcome.cause)
        self._tools.worker_log.error(
            f"{outcome.unit}, attempt {outcome.attempt} ({result}), is not in the shared ledger. "
            f"This worker's own copy has it: {self._tools.settings.scratch / OWN_LEDGER}. "
            "waa-matrix report takes that in with --artifacts."
        )

    def keep_evidence(self, outcome: Outcome) -> None:
        """Copy what ``--evidence`` asks for, and remove the attempt's directory."""
        tools, settings = self._tools, self._tools.settings
        results = self._seen.directory if self._seen else None
        chosen = chosen_files(results, settings.evidence) if results else KeptFiles(())
        files = [(name, results / name) for name in chosen.names] if results else []
        directory = self._path(outcome.unit, outcome.attempt)
        client_log = directory / CLIENT_LOG
        if settings.evidence != "none" and client_log.is_file():
            files.append((CLIENT_LOG, client_log))
        prefix = paths.evidence(outcome.unit, outcome.attempt, outcome.worker)
        trouble = upload(tools.store, prefix, files, settings.redactor)
        for said in (chosen.said, cut_short(files)):
            if said:
                tools.worker_log.warn(f"{outcome.unit}: {said}")
        if trouble:
            tools.worker_log.warn(trouble)
        shutil.rmtree(directory, ignore_errors=True)

    def _abandoned(self, unit: Unit, attempt: int) -> bool:
        """Whether this worker was late and somebody has taken its task over meanwhile."""
        tools = self._tools
        now = tools.clock.monotonic()
        if not tools.ledger_client.was_late(self._claimed_at) or now < self._next_check:
            return False
        self._next_check = now + tools.plan.heartbeat_s
        try:
            return tools.ledger_client.superseded(unit, attempt)
        except StoreError as error:
            # Not known: the task goes on, and its outcome is checked again when it is written.
            tools.ledger_client.show(note=str(error))
            return False

    def _progress(self, unit: Unit, attempt: int) -> Callable[[Path], None]:
        """Return a sink that keeps the heartbeat's screenshot current, once a heartbeat."""
        tools, settings = self._tools, self._tools.settings
        prefix = paths.evidence(unit, attempt, tools.ledger_client.identity.worker)

        def progressed(directory: Path) -> None:
            now = tools.clock.monotonic()
            if now < self._next_screen:
                return
            self._next_screen = now + tools.plan.heartbeat_s
            newest = newest_screenshot(directory)
            if newest is None or not wanted(newest.name, settings.evidence):
                return
            shown = newest.relative_to(directory).as_posix()
            name = prefix + shown
            if tools.ledger_client.shown.screenshot != name:
                trouble = upload(tools.store, prefix, [(shown, newest)], settings.redactor)
                tools.ledger_client.show(**({"note": trouble} if trouble else {"screenshot": name}))

        return progressed
