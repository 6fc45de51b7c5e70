"""``waa-matrix join``: more workers, on another machine, for a run that is there."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from orchestrator.cli.command import collect, command
from orchestrator.cli.inputs.agent import ClientOptions, client_digest
from orchestrator.cli.inputs.run_checks import (
    RunOptions,
    arena_problems,
    no_idle_workers,
    option_problems,
    worker_settings,
)
from orchestrator.cli.local.session import FULL_DISK, LocalSession, Where
from orchestrator.cli.options.local import LocalOptions
from orchestrator.cli.options.plan import Planned
from orchestrator.cli.options.store import StoreOptions, located
from orchestrator.cli.options.values import option, option_values
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    EXIT_INFRASTRUCTURE,
    EXIT_INTERRUPTED,
    BadInputError,
    Problem,
    bad_input,
    worst_exit,
)

if TYPE_CHECKING:
    from orchestrator.ledger.fold import Folded
    from orchestrator.ledger.reader import LedgerReader
    from orchestrator.planning.plan import Plan
    from orchestrator.store import Store


@option_values
class JoinOptions:
    """Which run, and who works on it here."""

    store: StoreOptions
    out: Annotated[
        str | None,
        option(
            "--out",
            type=click.Path(file_okay=False),
            help="Directory of this machine's workers.  [default: RUN-joined]",
        ),
    ] = None
    tree: ClientOptions
    local: LocalOptions


@dataclass(frozen=True, slots=True)
class _Joining:
    """A run that is there, what is left of it, and who works on it here."""

    reader: LedgerReader
    folded: Folded
    where: Where
    settings: RunOptions
    plan: Planned


def _read(options: JoinOptions, problems: list[Problem]) -> _Joining | None:
    """Return what the options ask for; add every problem to ``problems``."""
    where = _where(options.store)
    out = Path(options.out or f"{_directory(where.name)}-joined").absolute()
    reader = _reader(where, out)
    folded = reader.fold(running=True)
    # What an earlier joining left there is no other run.
    settings = worker_settings(options.local, out, resume=True)
    if folded.complete:
        return _Joining(reader, folded, where, settings, Planned(reader.plan, None))
    client = options.tree.client
    plan = collect(problems, lambda: Planned(reader.plan, _client(client, reader.plan)))
    problems += option_problems(settings)
    return None if plan is None else _Joining(reader, folded, where, settings, plan)


@command(JoinOptions, read=_read)
def join(options: JoinOptions) -> int:
    """Work on a run that another machine has started, in its session.

    What is left is shared out over the workers of both; each task keeps the attempts it has left.
    The report is the other machine's, or ``waa-matrix report``'s.

    \b
    Example:
      waa-matrix run --suite waa --arena winarena --store az://myaccount --run nightly \\
        --image windowsarena/winarena --storage /srv/golden --out nightly   # one machine
      waa-matrix join --store az://myaccount --run nightly --storage /srv/golden   # another
    """
    problems: list[Problem] = []
    joining = _read(options, problems)
    if joining is None or problems:
        raise BadInputError(problems)
    reader, where = joining.reader, joining.where
    if joining.folded.complete:
        click.echo(f"run {where.name} is complete: there is nothing to run")
        return EXIT_COMPLETE
    settings = no_idle_workers(joining.settings, joining.plan.plan)
    if problems := arena_problems(settings, joining.plan):
        raise BadInputError(problems)
    session = _newest_session(reader.store, joining.folded)
    return _work(LocalSession(settings, joining.plan, where, session), reader, settings, where)


def _where(options: StoreOptions) -> Where:
    store, name = options.store, options.run_name
    problems = [
        Problem(flag, "is missing", "Give both as `run` was given them: they name the ledger.")
        for flag, value in (("--store", store), ("--run", name))
        if value is None
    ]
    if problems:
        raise BadInputError(problems)
    return Where(*located(None, store, name), options.trust.store_ca, local=False)


def _directory(run: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", run)


def _reader(where: Where, out: Path) -> LedgerReader:
    from orchestrator.ledger.reader import LedgerReader

    return LedgerReader(where.existing(out))


def _client(given: str | None, plan: Plan) -> Path | None:
    """Return the client tree, which has to be the run's."""
    wanted = plan.agent.client_digest
    if given is None and not wanted:
        return None
    if given is None:
        fix = "Name the directory that the run was started with, or a copy of it."
        raise bad_input("--client", "is missing: the run has a client of its own", fix)
    if client_digest(Path(given)) != wanted:
        fix = "Copy the tree that the run was started with." if wanted else "Leave it out."
        raise bad_input(f"--client {given}", "is not the run's client", fix)
    return Path(given)


def _newest_session(store: Store, folded: Folded) -> str:
    if not folded.sessions:
        fix = "Start it with `waa-matrix run`; join works in its session."
        raise bad_input(store.url, "holds a plan, and no session of the run", fix)
    return folded.sessions[-1].session


def _work(session: LocalSession, reader: LedgerReader, settings: RunOptions, where: Where) -> int:
    """Work until nothing is left to take, and return the exit code."""
    from orchestrator.ledger.causes import Status

    click.echo(f"Joining session {session.name} of {where.name} with {settings.workers} workers")
    session.obey_signals()
    exits = session.work(reader)
    folded = reader.fold(running=True)
    scored = folded.count(Status.SCORED)
    click.echo(f"{scored} of {len(folded.results)} tasks are scored")
    report = ["waa-matrix", "report", "--store", where.url, "--run", where.name]
    click.echo(f"The machine that started the run writes its report; so does: {shlex.join(report)}")
    codes = [EXIT_COMPLETE if scored == len(folded.results) else EXIT_INCOMPLETE]
    if exits and all(code == EXIT_INFRASTRUCTURE for code in exits):
        codes.append(EXIT_INFRASTRUCTURE)
    if session.stopped_by:
        stopped_by_disk = session.stopped_by == FULL_DISK
        codes.append(EXIT_INFRASTRUCTURE if stopped_by_disk else EXIT_INTERRUPTED)
    return worst_exit(codes)
