"""One session of a run on this machine: workers, their display, the report and the exit code."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import signal
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import LEDGER
from orchestrator.cli.reading import readable
from orchestrator.cli.resumed import resume_command
from orchestrator.cli.run_checks import clear_leftovers
from orchestrator.cli.terminal import console, say_in_handler
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    EXIT_INFRASTRUCTURE,
    EXIT_INTERRUPTED,
    StoreError,
    bad_input,
    worst_exit,
)

if TYPE_CHECKING:
    from orchestrator.cli.options import Planned
    from orchestrator.cli.run_checks import RunOptions
    from orchestrator.local import LocalFleet
    from orchestrator.plan import Plan
    from orchestrator.reader import LedgerReader
    from orchestrator.report.results import Results
    from orchestrator.store import Store

WORKERS = "workers"
FULL_DISK = "a disk that is almost full"

_SHORTEST_TIMEOUT_S = 5.0
_READ_S = 20.0
_MIB = 1024 * 1024
_DISK_CHECK_S = 2.0


@dataclass(frozen=True, slots=True)
class Where:
    """The ledger of a run."""

    url: str
    name: str
    store_ca: str
    local: bool

    def open(self, plan: Plan) -> Store:
        """Open the run's objects, made if they are not there."""
        timeout_s = max(plan.heartbeat_s, _SHORTEST_TIMEOUT_S)
        return readable(self.url, self.name, self.store_ca, timeout_s, create=True)

    def existing(self, out: Path) -> Store:
        """Open the objects of a run that has been started.

        Raises:
            BadInputError: There is none.
        """
        if self.local and not (out / LEDGER / self.name).is_dir():
            raise bad_input(f"--out {out}", "holds no run to resume", "Leave --resume out.")
        return readable(self.url, self.name, self.store_ca, _READ_S)


class LocalRun:
    """One session of a run on this machine."""

    def __init__(
        self, settings: RunOptions, planned_run: Planned, where: Where, started: float
    ) -> None:
        self._settings, self._planned, self._where = settings, planned_run, where
        self._store = where.open(planned_run.plan)
        self._session = f"local-{secrets.token_hex(4)}"
        self._started = started
        self._stop = threading.Event()
        self._stopped_by = ""
        self._at_work = 0
        self._predicted_s = 0.0
        self._next_disk_check = 0.0

    def execute(self) -> int:
        """Run to the end, write the report and return the exit code."""
        from orchestrator.ledger.records import Session
        from orchestrator.reader import LedgerReader
        from orchestrator.scratch import sweep_attempts
        from orchestrator.sessions import open_session

        plan, settings = self._planned.plan, self._settings
        session = Session(self._session, self._started, "run", settings.workers)
        open_session(self._store, plan, session)
        reader = LedgerReader(self._store)
        self._obey_signals()
        self._predicted_s = self._predict()
        sweep_attempts(self._settings.out / WORKERS)
        fleet = self._fleet(reader)
        exits = self._watch(fleet, reader)
        try:
            results = self._report(reader)
        except StoreError as error:
            return self._without_report(error)
        return self._exit_code(results, exits)

    def _without_report(self, error: StoreError) -> int:
        """Say what is safe and which command writes the report; return the exit code."""
        where, out = self._where, self._settings.out
        there = [str(out)] if where.local else ["--store", where.url, "--run", where.name]
        # What a worker recorded while the store was away is in its own copy alone.
        again = ["waa-matrix", "report", *there, "--artifacts", str(out / WORKERS)]
        click.echo(f"error: the report is not written: {error}", err=True)
        click.echo(
            f"The results are safe: in {self._store.url}, and each worker's own copy of what it "
            f"recorded in {out / WORKERS}. Once the store answers, this writes the report:\n  "
            f"{shlex.join([*again, '--out', str(out)])}",
            err=True,
        )
        stopped = self._stopped_by and self._stopped_by != FULL_DISK
        return EXIT_INTERRUPTED if stopped else EXIT_INFRASTRUCTURE

    def _predict(self) -> float:
        """Say and return how long the whole plan is expected to take here, in seconds."""
        from orchestrator.forecast import assume, predict
        from orchestrator.report.text import span_of_time

        plan = self._planned.plan
        prediction = predict(plan, self._settings.workers, assume(plan, fleet=False))
        simulated = "simulated, " if plan.simulated else ""
        click.echo(
            f"{len(plan.units)} tasks on {self._settings.workers} workers ({simulated}plan "
            f"{plan.digest[:12]}), predicted {span_of_time(prediction.makespan_s)}"
        )
        return prediction.makespan_s

    def _obey_signals(self) -> None:
        def stop(number: int, _frame: object) -> None:
            self._stop_for(signal.Signals(number).name)

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)

    def _stop_for(self, reason: str) -> None:
        """Let the workers leave, and say so at once: they have seconds to give their tasks back."""
        if self._stop.is_set():
            return
        self._stopped_by = reason
        self._stop.set()
        tasks = "a task" if self._at_work == 1 else f"{self._at_work} tasks"
        say_in_handler(f"Stopping: giving {tasks} back \N{HORIZONTAL ELLIPSIS}")

    def _fleet(self, reader: LedgerReader) -> LocalFleet:
        from orchestrator.cli.worker import new_worker_id
        from orchestrator.local import LocalFleet, LocalSettings

        scratch = self._settings.out / WORKERS
        scratch.mkdir(parents=True, exist_ok=True)
        settings = LocalSettings(
            workers=self._settings.workers,
            session=self._session,
            scratch=scratch,
            command=self._worker_command,
            environment=self._worker_environment(),
            new_id=new_worker_id,
            wall=time.time,
        )
        return LocalFleet(settings, reader)

    def _worker_environment(self) -> dict[str, str]:
        """Return this process's environment without what would be taken for a worker's options."""
        prefix = "WAA_MATRIX_WORKER_"
        return {name: value for name, value in os.environ.items() if not name.startswith(prefix)}

    def _worker_command(self, worker: str, shard: int, scratch: Path) -> list[str]:
        settings = self._settings
        command = [sys.executable, "-m", "orchestrator", "worker"]
        command += ["--store", self._where.url, "--run", self._where.name]
        command += ["--session", self._session, "--parent", str(os.getpid())]
        command += ["--shard", str(shard), "--shards", str(settings.workers)]
        command += ["--worker-id", worker, "--scratch", str(scratch)]
        command += ["--evidence", settings.evidence]
        optional = {
            "--store-ca": self._where.store_ca,
            "--client": str(self._planned.client.absolute()) if self._planned.client else "",
            "--storage": settings.storage or "",
            "--requirements": settings.requirements,
        }
        for flag, value in optional.items():
            command += [flag, value] if value else []
        for name in settings.forwarded:
            command += ["--env", name]
        return command

    def _watch(self, fleet: LocalFleet, reader: LedgerReader) -> list[int]:
        from orchestrator.watch import Display

        screen = console(no_color=self._settings.no_color)
        with Display(screen, reader, time.time) as display:

            def look() -> None:
                if (current := display.refresh()) is not None:
                    self._at_work = current.running
                self._check_disk()

            fleet.run(self._stop, look)
            display.refresh(final=True)
        if not self._planned.plan.simulated:
            # A worker that had to be killed could not take its container with it.
            clear_leftovers(
                Path(self._settings.storage).absolute() if self._settings.storage else None
            )
        return fleet.exits

    def _check_disk(self) -> None:
        """Stop before a full disk does: workers release their tasks and nothing is lost."""
        now = time.monotonic()
        if now < self._next_disk_check:
            return
        self._next_disk_check = now + _DISK_CHECK_S
        if shutil.disk_usage(self._settings.out).free < self._settings.min_free * _MIB:
            self._stop_for(FULL_DISK)

    def _report(self, reader: LedgerReader) -> Results:
        from orchestrator import __version__
        from orchestrator.cli.evidence_beside import collected_evidence
        from orchestrator.cli.reporting import write_report
        from orchestrator.cli.waiting import Waiting
        from orchestrator.report.facts import RunFacts
        from orchestrator.watch import is_simulated

        click.echo("Writing the report \N{HORIZONTAL ELLIPSIS}")
        waiting = Waiting(self._stop, lambda text: click.echo(text, err=True))
        folded = waiting.out(reader.fold)
        started = folded.sessions[0].started if folded.sessions else self._started
        facts = RunFacts(
            run=self._settings.out.name if self._where.local else self._where.name,
            simulated=is_simulated(self._planned.plan, folded),
            started=started,
            ended=time.time(),
            predicted_s=self._predicted_s,
            store=self._store.url,
            version=__version__,
        )
        beside = replace(self._settings.beside, waiting=waiting)
        evidence = collected_evidence(folded, [self._store], beside)
        return write_report(beside.page, self._planned.plan, folded, facts, evidence)

    def _exit_code(self, results: Results, exits: list[int]) -> int:
        from orchestrator.cli.closing import below_bar, closing_lines

        codes = [EXIT_COMPLETE]
        incomplete = results.score.counts.scored < results.score.counts.expected
        if incomplete:
            codes.append(EXIT_INCOMPLETE)
        if incomplete and exits and all(code == EXIT_INFRASTRUCTURE for code in exits):
            codes.append(EXIT_INFRASTRUCTURE)
        if self._stopped_by == FULL_DISK:
            codes.append(EXIT_INFRASTRUCTURE)
        elif self._stopped_by:
            codes.append(EXIT_INTERRUPTED)
        below = below_bar(results.score.mean, self._settings.fail_under)
        if below:
            codes.append(EXIT_INCOMPLETE)
        for line in closing_lines(results, self._settings.out, self._stopped_by):
            click.echo(line)
        if incomplete:
            click.echo(f"Go on with: {resume_command(self._settings.out)}")
        if below:
            click.echo(below)
        return worst_exit(codes)
