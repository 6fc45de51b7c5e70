#!/usr/bin/env python3
"""Counts store operations a task: 64 workers, tasks that take no time, on a disk and on Azurite.

Counted are creates, reads and listings; heartbeats and evidence are not. Exit status 1 when 2,000
tasks need more than 8 operations each, or when their number grows faster than the tasks do. With
few tasks what every worker does once (its first and last looks) weighs more.
"""

from __future__ import annotations

import io
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.arena.port import Health
from orchestrator.ledger import paths
from orchestrator.ledger.causes import Status
from orchestrator.ledger.reader import LedgerReader
from orchestrator.ledger.records import Session
from orchestrator.ledger.session import open_session
from orchestrator.planning.plan import Plan, PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, suite_of
from orchestrator.results.verdict import AttemptVerdict
from orchestrator.store import Store, StoreCredentials, open_store
from orchestrator.worker.attempt import Guard, Seen
from orchestrator.worker.claims import Identity, LedgerClient
from orchestrator.worker.heartbeat import HeartbeatThread, Watch, WorkerSignals
from orchestrator.worker.log import WorkerLog
from orchestrator.worker.loop import Worker
from orchestrator.worker.tools import Tools, WorkerClock, WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.arena.port import Arena, Assignment, TaskProcess

MOST = 8.0
LINEAR = 1.1
SIZES = (250, 500, 1000, 2000)
SESSION = "bench"


class NoArena:
    """An arena in which every task is over at once."""

    def start(self, deadline_s: float, stop: threading.Event) -> None:
        """Be ready."""

    def health(self) -> Health:
        """Be well."""
        return Health(ok=True, detail="")

    def launch(self, assignment: Assignment) -> TaskProcess:
        """Never called: the attempt is made up."""
        raise NotImplementedError(assignment)

    def reset(self, deadline_s: float, stop: threading.Event) -> None:
        """Be ready again."""

    def stop(self) -> None:
        """Be gone."""

    def fingerprint(self) -> dict[str, str]:
        """Say what this is."""
        return {"arena": "none"}


def attempt(_arena: Arena, _assignment: Assignment, _plan: Plan, _guard: Guard) -> Seen:
    """Score at once."""
    return Seen(AttemptVerdict(1.0, None, (), ""), 1, 1.0, {}, None)


class Count:
    """Counts requests by what they are for; heartbeats and evidence apart."""

    def __init__(self) -> None:
        self.verbs: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, verb: str, path: str) -> None:
        """Count one request."""
        aside = path.startswith(paths.EVIDENCE) or (
            verb == "write" and path.startswith(paths.WORKERS)
        )
        aside = aside or path.startswith(paths.CONTROL)
        with self._lock:
            self.verbs["heartbeat" if aside else verb] += 1

    @property
    def total(self) -> int:
        """Requests that count."""
        return sum(count for verb, count in self.verbs.items() if verb != "heartbeat")


def plan_of(tasks: int) -> Plan:
    """Return a plan of so many tasks in ten domains."""
    keys = tuple(TaskKey(f"domain{number % 10}", f"task-{number:05d}") for number in range(tasks))
    return make_plan(PlanInputs(suite_of(keys), heartbeat_s=1.0, lease_s=6.0))


def worker(plan: Plan, store: Store, shard: tuple[int, int], scratch: Path) -> Worker:
    """Return a worker as the command makes it, but for its arena and its own ledger."""
    name = f"w{shard[0]:03d}"
    ledger_client = LedgerClient(
        store, plan, Identity(name, SESSION, name, shard[0]), time.monotonic
    )
    orders = WorkerSignals()
    watch = Watch(time.monotonic, time.time, lambda: False, sys.exit)
    return Worker(
        Tools(
            plan=plan,
            store=store,
            ledger_client=ledger_client,
            arena=NoArena(),
            pulse=HeartbeatThread(ledger_client, store, orders, watch, plan.heartbeat_s),
            orders=orders,
            clock=WorkerClock(time.monotonic, time.time),
            worker_log=WorkerLog(io.StringIO()),
            settings=WorkerSettings(*shard, scratch / name, "none"),
            run_attempt=attempt,
        )
    )


def measure(open_run: Callable[[str], Store], tasks: int, workers: int) -> Count:
    """Work a plan with threads of real workers; return what they asked of the store."""
    plan = plan_of(tasks)
    store = open_run(f"bench-{tasks}")
    open_session(store, plan, Session(SESSION, time.time(), "bench", workers))
    count = Count()
    with tempfile.TemporaryDirectory() as scratch:
        crew = [
            worker(plan, store.observed(count), (shard, workers), Path(scratch))
            for shard in range(workers)
        ]
        threads = [threading.Thread(target=entry.run) for entry in crew]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    scored = LedgerReader(store).fold().count(Status.SCORED)
    if scored != tasks:
        raise click.ClickException(f"{scored} of {tasks} tasks were scored")
    return count


@click.command()
@click.option("--workers", type=int, default=64, show_default=True)
@click.option("--azurite/--no-azurite", default=True, help="Also against a real Azurite.")
def main(workers: int, *, azurite: bool) -> None:
    """Print operations a task for 250, 500, 1,000 and 2,000 tasks."""
    holds = True
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores: dict[str, Callable[[str], Store]] = {
            "file://": lambda run: open_store(
                (directory / "ledger").as_uri(), run, StoreCredentials(), timeout_s=30, create=True
            )
        }
        if azurite:
            sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
            from tests.fakes.azurite import running

            blobs = directory / "azurite"
            blobs.mkdir()
            server = stack.enter_context(running(blobs))
            stores["az:// (Azurite)"] = lambda run: server.open(run, timeout_s=30)
        for name, open_run in stores.items():
            holds &= table(name, open_run, workers)
    sys.exit(0 if holds else 1)


def table(name: str, open_run: Callable[[str], Store], workers: int) -> bool:
    """Print the lines of one store; return whether its bounds hold."""
    click.echo(f"\n{name}, {workers} workers      create   read   list   total   a task")
    rates = []
    for tasks in SIZES:
        count = measure(open_run, tasks, workers)
        rates.append(count.total / tasks)
        verbs = "".join(f"{count.verbs[verb]:>7}" for verb in ("create", "read", "list"))
        click.echo(f"{tasks:>6} tasks              {verbs} {count.total:>7}  {rates[-1]:>6.2f}")
    few = rates[-1] <= MOST
    growth = max(after / before for before, after in pairwise(rates))
    linear = growth <= LINEAR
    click.echo(f"{'ok  ' if few else 'FAIL'} {rates[-1]:.2f} <= {MOST:g} operations a task")
    click.echo(
        f"{'ok  ' if linear else 'FAIL'} {growth:.2f} <= {LINEAR:g} times the operations a task, "
        "at most, when tasks double"
    )
    return few and linear


if __name__ == "__main__":
    main()
