"""A run on this machine: a session of its own, the report and the exit code."""

from __future__ import annotations

import secrets
import shlex
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from orchestrator.cli.inputs.resumed import resume_command
from orchestrator.cli.local.session import FULL_DISK, WORKERS, LocalSession
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    EXIT_INFRASTRUCTURE,
    EXIT_INTERRUPTED,
    StoreError,
    worst_exit,
)

if TYPE_CHECKING:
    from orchestrator.cli.inputs.run_checks import RunOptions
    from orchestrator.cli.local.session import Where
    from orchestrator.cli.options.plan import Planned
    from orchestrator.cli.outputs.undecided import Undecided
    from orchestrator.ledger.reader import LedgerReader
    from orchestrator.report.model.results import Results


class LocalRun:
    """One start of a run on this machine."""

    def __init__(
        self, settings: RunOptions, planned_run: Planned, where: Where, started: float
    ) -> None:
        self._settings, self._planned, self._where = settings, planned_run, where
        self._store = where.open(planned_run.plan)
        self._session = LocalSession(settings, planned_run, where, f"local-{secrets.token_hex(4)}")
        self._started = started
        self._predicted_s = 0.0

    def execute(self) -> int:
        """Run to the end, write the report and return the exit code."""
        from orchestrator.ledger.reader import LedgerReader
        from orchestrator.ledger.records import Session
        from orchestrator.ledger.session import open_session

        plan, settings = self._planned.plan, self._settings
        before = self._undecided() if settings.rerun_undecided else None
        if before is None or before.trials:
            session = Session(self._session.name, self._started, "run", settings.workers)
            open_session(self._store, plan, session)
        reader = LedgerReader(self._store)
        self._session.obey_signals()
        exits = self._work(reader) if before is None or before.trials else []
        try:
            results = self._report(reader, before)
        except StoreError as error:
            return self._without_report(error)
        return self._exit_code(results, exits)

    def _undecided(self) -> Undecided:
        """Return what has no score, and say that it runs again."""
        from orchestrator.cli.outputs.undecided import say_what_runs_again, undecided_of
        from orchestrator.ledger.reader import LedgerReader

        undecided = undecided_of(LedgerReader(self._store).fold())
        say_what_runs_again(undecided)
        return undecided

    def _work(self, reader: LedgerReader) -> list[int]:
        self._predicted_s = self._predict()
        return self._session.work(reader)

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
        stopped = self._session.stopped_by and self._session.stopped_by != FULL_DISK
        return EXIT_INTERRUPTED if stopped else EXIT_INFRASTRUCTURE

    def _predict(self) -> float:
        """Say and return how long the whole plan is expected to take here, in seconds."""
        from orchestrator.planning.forecast import assume, predict
        from orchestrator.report.phrases.amounts import span_of_time

        plan = self._planned.plan
        prediction = predict(plan, self._settings.workers, assume(plan, fleet=False))
        simulated = "simulated, " if plan.simulated else ""
        click.echo(
            f"{len(plan.units)} tasks on {self._settings.workers} workers ({simulated}plan "
            f"{plan.digest[:12]}), predicted {span_of_time(prediction.makespan_s)}"
        )
        return prediction.makespan_s

    def _report(self, reader: LedgerReader, before: Undecided | None) -> Results:
        from orchestrator import __version__
        from orchestrator.cli.inputs.waiting import Waiting
        from orchestrator.cli.outputs.evidence_files import collected_evidence
        from orchestrator.cli.outputs.report import write_report
        from orchestrator.cli.outputs.undecided import say_what_came_of_it, undecided_of
        from orchestrator.ledger.progress import is_simulated
        from orchestrator.report.model.facts import RunFacts

        click.echo("Writing the report \N{HORIZONTAL ELLIPSIS}")
        waiting = Waiting(self._session.stop, has_answered=True)
        folded = waiting.out(reader.fold)
        if before is not None:
            say_what_came_of_it(before, undecided_of(folded))
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
        from orchestrator.cli.outputs.summary_lines import below_bar, closing_lines

        codes = [EXIT_COMPLETE]
        incomplete = results.score.counts.scored < results.score.counts.expected
        if incomplete:
            codes.append(EXIT_INCOMPLETE)
        if incomplete and exits and all(code == EXIT_INFRASTRUCTURE for code in exits):
            codes.append(EXIT_INFRASTRUCTURE)
        if self._session.stopped_by == FULL_DISK:
            codes.append(EXIT_INFRASTRUCTURE)
        elif self._session.stopped_by:
            codes.append(EXIT_INTERRUPTED)
        below = below_bar(results.score.mean, self._settings.fail_under)
        if below:
            codes.append(EXIT_INCOMPLETE)
        for line in closing_lines(results, self._settings.out, self._session.stopped_by):
            click.echo(line)
        if incomplete:
            click.echo(f"Go on with: {resume_command(self._settings.out)}")
        if below:
            click.echo(below)
        return worst_exit(codes)
