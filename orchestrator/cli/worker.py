"""``waa-matrix worker``: one shard of a run. ``run`` starts these; so does a matrix job."""

from __future__ import annotations

import os
import platform
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from orchestrator.cli.command import command
from orchestrator.cli.inputs.run_store import readable
from orchestrator.cli.local.parent import leave_with_parent, orphaned_by
from orchestrator.cli.options.worker import WorkerCommand, WorkerOptions
from orchestrator.cli.outputs.streams import discard
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INFRASTRUCTURE,
    EXIT_INTERRUPTED,
    InterruptedRunError,
    StoreError,
    bad_input,
)
from orchestrator.store import CALL_TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.store import Store
    from orchestrator.worker.heartbeat import WorkerSignals
    from orchestrator.worker.log import WorkerLog
    from orchestrator.worker.redact import Redactor
    from orchestrator.worker.tools import Tools

LEAVE_WITHIN_S = 4.5
"""After a signal the process ends within 5 s whatever else happens."""

T = TypeVar("T")


@command(WorkerCommand)
def worker(options: WorkerCommand) -> int:
    """Work one shard of a run, then steal what is left of the others.

    \b
    Example:
      waa-matrix worker --store file:///runs --run nightly --session s1 \\
        --shard 0 --shards 8 --scratch /tmp/w0
    """
    settings = _settings(options)
    return _only_look(settings) if options.role == "drain" else _work(settings)


def _settings(options: WorkerCommand) -> WorkerOptions:
    """Return what the options mean here, with what this process knows of itself."""
    if options.store.store is None or options.store.run_name is None:
        raise bad_input("--store, --run", "are missing", "Name the ledger this worker works on.")
    task = options.task
    return WorkerOptions(
        store=options.store.store,
        run_name=options.store.run_name,
        store_ca=options.store.trust.store_ca,
        store_sas_file=options.store_sas_file,
        session=options.session or _session(),
        shard=options.shard,
        shards=options.shards,
        worker_id=options.worker_id or new_worker_id(options.shard),
        scratch=Path(options.scratch).absolute(),
        machine=options.machine.machine or platform.node() or "unknown",
        region=options.machine.region,
        size=options.machine.size,
        disk=options.machine.disk,
        evidence=task.keep.evidence,
        client=Path(options.tree.client).absolute() if options.tree.client else None,
        requirements=task.requirements,
        storage=Path(task.storage).absolute() if task.storage else None,
        container=options.container,
        forwarded=task.forwarded,
        parent=options.parent,
    )


def _only_look(options: WorkerOptions) -> int:
    """Serve a job that needs no arena any more: what the ledger says, and success.

    Whether the run is complete is the supervisor's to judge; this job has nothing left to do.
    """
    from orchestrator.ledger.causes import Status
    from orchestrator.ledger.reader import LedgerReader

    folded = LedgerReader(_shared(options)).fold(running=True)
    scored, expected = folded.count(Status.SCORED), len(folded.results)
    _worker_log(_redactor(options)).say(
        f"this machine has no arena, and this job needs none: {scored} of {expected} tasks are "
        "scored, and nothing is handed out any more"
    )
    return EXIT_COMPLETE


def _redactor(options: WorkerOptions) -> Redactor:
    from orchestrator.worker.redact import Redactor

    return Redactor(_forwarded(options.forwarded))


def _session() -> str:
    """Return the session of this workflow's attempt."""
    run, attempt = os.environ.get("GITHUB_RUN_ID"), os.environ.get("GITHUB_RUN_ATTEMPT", "1")
    if not run:
        raise bad_input("--session", "is missing", "Name the session this worker belongs to.")
    return f"{run}-{attempt}"


def new_worker_id(shard: int) -> str:
    """Return an id that no other process has: the shard, then randomness."""
    import secrets

    return f"w{shard:03d}-{secrets.token_hex(4)}"


def _work(options: WorkerOptions) -> int:
    from orchestrator.worker.heartbeat import WorkerSignals
    from orchestrator.worker.loop import Worker
    from orchestrator.worker.scratch import held

    orders = WorkerSignals()
    _obey_signals(orders)
    orphaned = orphaned_by(options.parent)
    leave_with_parent(orders, orphaned)
    if orphaned():
        return EXIT_INTERRUPTED
    with held(options.scratch):
        return Worker(_tools(options, orders, orphaned)).run()


def _obey_signals(orders: WorkerSignals) -> None:
    """Let SIGTERM and SIGINT end the task at hand, and the process in time whatever hangs."""

    def leave(number: int, _frame: object) -> None:
        orders.end(f"told to stop by {signal.Signals(number).name}")
        last_resort = threading.Timer(LEAVE_WITHIN_S, os._exit, (EXIT_INTERRUPTED,))
        last_resort.daemon = True
        last_resort.start()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)


def _tools(options: WorkerOptions, orders: WorkerSignals, orphaned: Callable[[], bool]) -> Tools:
    from orchestrator.cli.inputs.worker_arena import arena_of
    from orchestrator.ledger import paths
    from orchestrator.ledger.reader import read_plan
    from orchestrator.store import StoreCredentials, open_store
    from orchestrator.worker.claims import Identity, LedgerClient
    from orchestrator.worker.heartbeat import HeartbeatThread, Watch
    from orchestrator.worker.recorder import OWN_LEDGER
    from orchestrator.worker.redact import Redactor
    from orchestrator.worker.tools import Tools, WorkerClock, WorkerSettings

    secrets = _forwarded(options.forwarded)
    redactor = Redactor(secrets)
    worker_log = _worker_log(redactor)
    # The plan says how long a store call may take; reading it takes a default.
    head = _Head(orders, worker_log)
    plan = head.wait_for(lambda: read_plan(_shared(options)))
    store = _shared(options, plan.heartbeat_s)
    copy = open_store(
        str(options.scratch / OWN_LEDGER),
        options.run_name,
        StoreCredentials(),
        timeout_s=plan.heartbeat_s,
        create=True,
    )
    own = copy.optional(worker_log.warn)
    session = paths.session(options.session)
    own.create(paths.PLAN, plan.to_json())
    own.create(session, head.wait_for(lambda: store.get(session)) or b"")
    identity = Identity(
        options.worker_id, options.session, options.machine, options.shard, _machine(options)
    )
    ledger_client = LedgerClient(store, plan, identity, time.monotonic, own)
    watch = Watch(
        time.monotonic,
        time.time,
        orphaned=orphaned,
        die=lambda reason: _die(worker_log, reason),
        lease_s=plan.lease_s,
    )
    settings = WorkerSettings(
        options.shard, options.shards, options.scratch, options.evidence, redactor
    )
    return Tools(
        plan=plan,
        store=store,
        ledger_client=ledger_client,
        arena=arena_of(plan, options, secrets, docker_environment()),
        pulse=HeartbeatThread(ledger_client, store, orders, watch, plan.heartbeat_s),
        orders=orders,
        clock=WorkerClock(time.monotonic, time.time),
        worker_log=worker_log,
        settings=settings,
    )


def _shared(options: WorkerOptions, timeout_s: float = CALL_TIMEOUT_S) -> Store:
    """Open the ledger that this run's workers share."""
    on_azure = options.store.startswith("az://")
    sas_file = options.store_sas_file if on_azure else ""
    return readable(options.store, options.run_name, options.store_ca, timeout_s, sas_file=sas_file)


class _Head:
    """Reads what a worker needs before it can start; a store that blips just then is waited for."""

    def __init__(self, orders: WorkerSignals, worker_log: WorkerLog) -> None:
        from orchestrator.store import PLAN_PATIENCE, FailureStreak, StoreWait

        self._orders, self._worker_log = orders, worker_log
        self._wait = StoreWait(FailureStreak(PLAN_PATIENCE), orders.stop, self._goes_on)

    def wait_for(self, read: Callable[[], T]) -> T:
        """Return what ``read`` returns.

        Raises:
            StoreError: The store has not answered for too long.
            InterruptedRunError: An order to stop came first.
        """
        try:
            return self._wait.ask(read)
        except StoreError as error:
            if self._orders.stop.is_set():
                raise InterruptedRunError(f"The worker leaves: {self._orders.reason}.") from error
            raise

    def _goes_on(self, error: StoreError, final: bool) -> bool:  # noqa: FBT001  # the wait's word
        if not final:
            self._worker_log.warn(str(error))
        return True


def _die(worker_log: WorkerLog, reason: str) -> None:
    worker_log.error(reason)
    os._exit(EXIT_INFRASTRUCTURE)


def _worker_log(redactor: Redactor) -> WorkerLog:
    from orchestrator.worker.log import WorkerLog

    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    where = Path(summary) if summary else None
    return WorkerLog(sys.stdout, on_github, where, redactor, discard)


def _forwarded(names: tuple[str, ...]) -> Mapping[str, str]:
    """Return the variables to forward, by name."""
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise bad_input(
            f"--env {', '.join(missing)}", "is not set", "Export it, or leave the option out."
        )
    return {name: os.environ[name] for name in names}


def _machine(options: WorkerOptions) -> Mapping[str, str]:
    facts = {
        "machine_size": options.size,
        "region": options.region,
        "disk": options.disk,
        "cpu": cpu_model(),
    }
    return {name: value for name, value in facts.items() if value}


def cpu_model() -> str:
    """Return the processor's name as Linux tells it, or nothing."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if "model name" in line), "")


def docker_environment() -> dict[str, str]:
    """Return what the docker command runs with: where it is, and where its engine is."""
    wanted = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_RUNTIME_DIR")
    return {name: os.environ[name] for name in wanted if name in os.environ}
