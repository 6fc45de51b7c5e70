"""The local fleet: who is replaced, who is buried, and that nobody outlives the run."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from orchestrator.clock import SystemClock
from orchestrator.compute.failures import CloudError, Failure, FailureKind
from orchestrator.compute.job import Job, MachineNeeds, WorkerBootstrap
from orchestrator.compute.local.engine import LocalEngine
from orchestrator.compute.polled import PolledEngine
from orchestrator.errors import EXIT_INCOMPLETE, BadInputError, StoreRefusedError
from orchestrator.fleet.local import LAUNCHES_A_SHARD, LocalFleet, LocalSettings, signal_name
from orchestrator.ledger import paths
from orchestrator.ledger.reader import LedgerReader
from orchestrator.ledger.records import Claim, Heartbeat, Left, Session, parse_left, to_json
from orchestrator.ledger.session import open_session
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, Unit, suite_of
from orchestrator.store import Store, StoreCredentials, open_store
from tests.records import outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orchestrator.compute.base import Instance

KILLS_ITSELF = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
STUBBORN = (
    "import signal, time, sys\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "open(sys.argv[1], 'w').close()\n"
    "time.sleep(600)\n"
)


def open_session_at(directory: Path, heartbeat_s: float = 30.0, lease_s: float = 150.0) -> Store:
    opened = open_store(
        (directory / "ledger").as_uri(), "run", StoreCredentials(), timeout_s=10, create=True
    )
    suite = suite_of((TaskKey("d", "t"),))
    plan = make_plan(PlanInputs(suite, heartbeat_s=heartbeat_s, lease_s=lease_s))
    open_session(opened, plan, Session("s", 1.0, "test", 1))
    return opened


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_session_at(tmp_path)


@pytest.fixture
def quick_store(tmp_path: Path) -> Store:
    """A ledger whose lease is over in a moment."""
    return open_session_at(tmp_path, heartbeat_s=0.05, lease_s=0.2)


def fleet_of(
    store: Store, scratch: Path, program: str, workers: int = 1, *, polled: bool = False
) -> LocalFleet:
    """A fleet of processes; ``polled`` asks their engine as any other is asked."""
    numbers = iter(range(100))

    def command(worker: str, shard: int, directory: Path) -> Sequence[str]:
        return [sys.executable, "-c", program, str(directory / "ready"), worker, str(shard)]

    settings = LocalSettings(
        workers=workers,
        session="s",
        scratch=scratch,
        command=command,
        environment=os.environ,
        new_id=lambda shard: f"w{shard}-{next(numbers)}",
        wall=lambda: 5.0,
    )
    engine = LocalEngine(scratch, settings.wall)
    asked = PolledEngine(engine, {}, SystemClock(), every_s=0.05) if polled else engine
    return LocalFleet(settings, LedgerReader(store), asked)


either_way = pytest.mark.parametrize("polled", [False, True], ids=["own", "polled"])


def buried(store: Store) -> dict[str, str]:
    result = {}
    for entry in store.list(paths.LEFT):
        record = parse_left(store.get(entry.path) or b"")
        assert record is not None
        result[record.worker] = record.reason
    return result


@either_way
def test_a_worker_that_dies_is_buried_and_replaced_a_few_times(
    store: Store, tmp_path: Path, *, polled: bool
) -> None:
    fleet = fleet_of(store, tmp_path / "scratch", KILLS_ITSELF, polled=polled)
    fleet.run(threading.Event(), lambda: None)
    assert fleet.exits == [-9] * LAUNCHES_A_SHARD
    assert set(buried(store).values()) == {"killed by SIGKILL"}
    assert len(buried(store)) == LAUNCHES_A_SHARD


def test_what_a_killed_worker_was_doing_goes_and_its_ledger_stays(
    store: Store, tmp_path: Path
) -> None:
    leaves = (
        "import pathlib, sys\n"
        "mine = pathlib.Path(sys.argv[1]).parent\n"
        "for name in ('attempts/d/t/0/1-w', 'ledger/run'):\n"
        "    (mine / name).mkdir(parents=True)\n"
        "    (mine / name / 'file').touch()\n"
    )
    fleet = fleet_of(store, tmp_path / "scratch", leaves + KILLS_ITSELF)
    fleet.run(threading.Event(), lambda: None)
    (first, *_) = sorted((tmp_path / "scratch").iterdir())
    assert sorted(path.name for path in first.iterdir()) == ["ledger", "worker.log"]


@either_way
@pytest.mark.parametrize("code", [0, 1, 130])
def test_a_worker_that_left_by_itself_is_neither_buried_nor_replaced(
    store: Store, tmp_path: Path, code: int, *, polled: bool
) -> None:
    for worker in ("w0-0", "w1-1"):
        word = Left(worker, "s", "nothing left to do", worker, code, 4.0)
        store.create(paths.left(worker), to_json(word))
    fleet = fleet_of(store, tmp_path / "scratch", f"raise SystemExit({code})", 2, polled=polled)
    fleet.run(threading.Event(), lambda: None)
    assert fleet.exits == [code, code]
    assert set(buried(store).values()) == {"nothing left to do"}


@either_way
def test_a_worker_that_ended_with_an_exception_is_buried_and_replaced(
    store: Store, tmp_path: Path, *, polled: bool
) -> None:
    fleet = fleet_of(store, tmp_path / "scratch", "raise RuntimeError('a bug')", polled=polled)
    fleet.run(threading.Event(), lambda: None)
    assert fleet.exits == [1] * LAUNCHES_A_SHARD
    assert set(buried(store).values()) == {"ended with status 1"}


@either_way
def test_a_worker_whose_arena_wore_out_is_replaced(
    store: Store, tmp_path: Path, *, polled: bool
) -> None:
    fleet = fleet_of(store, tmp_path / "scratch", "raise SystemExit(4)", polled=polled)
    fleet.run(threading.Event(), lambda: None)
    assert fleet.exits == [4] * LAUNCHES_A_SHARD


def test_a_worker_that_will_not_leave_is_killed_and_buried(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.fleet.local.LEAVE_S", 0.2)
    scratch = tmp_path / "scratch"
    fleet = fleet_of(store, scratch, STUBBORN)
    stop = threading.Event()

    def look() -> None:
        if list(scratch.rglob("ready")):
            stop.set()

    fleet.run(stop, look)
    assert fleet.exits == [-9]
    assert set(buried(store).values()) == {"killed by SIGKILL"}


FROZEN = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"


def test_a_worker_that_stands_still_is_killed_buried_and_replaced(
    quick_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.fleet.local.SILENT_AT_LEAST_S", 0.5)
    fleet = fleet_of(quick_store, tmp_path / "scratch", FROZEN)
    fleet.run(threading.Event(), lambda: None)
    assert fleet.exits == [-9] * LAUNCHES_A_SHARD
    assert all(reason.startswith("silent for") for reason in buried(quick_store).values())


def test_a_frozen_worker_keeps_no_run_from_ending_whose_tasks_are_all_scored(
    quick_store: Store, tmp_path: Path
) -> None:
    unit = Unit(TaskKey("d", "t"), 0)
    quick_store.create(paths.claim(unit, 1), to_json(Claim("w9", "s", "nonce")))
    scored = outcome(unit, worker="w9", session="s", score=1.0)
    quick_store.create(paths.outcome(unit, 1, "w9"), to_json(scored))
    fleet = fleet_of(quick_store, tmp_path / "scratch", FROZEN)
    fleet.run(threading.Event(), lambda: None)
    assert fleet.exits == [-9], "killed long before it would be for its silence alone"


def test_a_store_that_refuses_the_parent_gets_no_more_workers(tmp_path: Path) -> None:
    opened = open_session_at(tmp_path)
    fleet = fleet_of(opened, tmp_path / "scratch", "raise SystemExit(4)")

    class Refusing(Store):
        def get(self, path: str) -> bytes | None:
            raise StoreRefusedError(f"403 for {path}")

    fleet._reader.store = Refusing(opened._primitives, opened.url)
    fleet.run(threading.Event(), lambda: None)
    assert fleet.exits == [4]


def test_a_command_that_cannot_be_started_is_bad_input(store: Store, tmp_path: Path) -> None:
    settings = LocalSettings(
        workers=1,
        session="s",
        scratch=tmp_path / "scratch",
        command=lambda *_: ["/does/not/exist"],
        environment={},
        new_id=lambda shard: f"w{shard}",
        wall=lambda: 5.0,
    )
    with pytest.raises(BadInputError, match="cannot be started"):
        LocalFleet(settings, LedgerReader(store)).run(threading.Event(), lambda: None)


def test_a_workers_words_are_kept_in_its_directory(store: Store, tmp_path: Path) -> None:
    fleet = fleet_of(store, tmp_path / "scratch", "print('said', flush=True)")
    fleet.run(threading.Event(), lambda: None)
    logs = [path.read_text() for path in (tmp_path / "scratch").rglob("worker.log")]
    assert logs == ["said\n"]


def test_signals_have_names() -> None:
    assert signal_name(9) == "SIGKILL"
    assert signal_name(200) == "signal 200"


def another_at_a_task(store: Store, session: str = "s") -> None:
    unit = Unit(TaskKey("d", "t"), 0)
    beat = Heartbeat("w9", session, "m9", 0, "steps", 1, unit=unit, attempt=1)
    store.put(paths.worker("w9"), to_json(beat))


def test_a_run_waits_for_what_another_machine_in_its_session_works_on(
    quick_store: Store, tmp_path: Path
) -> None:
    another_at_a_task(quick_store)
    fleet = fleet_of(quick_store, tmp_path / "scratch", "raise SystemExit(0)")
    looks: list[int] = []

    def look() -> None:
        looks.append(len(looks))
        if len(looks) == 3:
            unit = Unit(TaskKey("d", "t"), 0)
            scored = outcome(unit, worker="w9", session="s", score=1.0)
            quick_store.create(paths.outcome(unit, 1, "w9"), to_json(scored))

    fleet.await_others(threading.Event(), look)
    assert looks == [0, 1, 2]


def test_a_run_does_not_wait_for_ever_for_another_machine_that_is_silent(
    quick_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.fleet.local.SILENT_AT_LEAST_S", 0.5)
    another_at_a_task(quick_store)
    fleet = fleet_of(quick_store, tmp_path / "scratch", "raise SystemExit(0)")
    looks: list[int] = []
    fleet.await_others(threading.Event(), lambda: looks.append(0))
    assert looks


@pytest.mark.parametrize("whose", ["earlier session", "told to stop", "it has left"])
def test_a_run_waits_for_nobody_elsewhere_when(
    quick_store: Store, tmp_path: Path, whose: str
) -> None:
    another_at_a_task(quick_store, "s0" if whose == "earlier session" else "s")
    stop = threading.Event()
    if whose == "told to stop":
        stop.set()
    if whose == "it has left":
        word = Left("w9", "s", "killed", "parent", -9, 4.0)
        quick_store.create(paths.left("w9"), to_json(word))
    fleet = fleet_of(quick_store, tmp_path / "scratch", "raise SystemExit(0)")
    looks: list[int] = []
    fleet.await_others(stop, lambda: looks.append(0))
    assert looks == []


def test_what_an_engine_cannot_tell_has_not_ended_and_what_it_lost_ended_without_meaning_to(
    tmp_path: Path,
) -> None:
    engine = LocalEngine(tmp_path, lambda: 5.0)
    there = WorkerBootstrap((sys.executable, "-c", "import time; time.sleep(600)"))
    labels = {"waa-session": "s"}
    engine.launch(Job(("w0",), lambda _name: there, labels, MachineNeeds(kvm=False)))

    class Silent(LocalEngine):
        def status(self, labels: Mapping[str, str]) -> Sequence[Instance]:
            raise CloudError(Failure(FailureKind.TRANSIENT, "Silent", str(labels)))

    silent = PolledEngine(Silent(tmp_path, lambda: 5.0), labels, SystemClock(), every_s=0.01)
    asked = PolledEngine(engine, labels, SystemClock(), every_s=0.01)
    assert silent.wait("w9") is None
    assert (asked.wait("w0"), asked.wait("w0", 0.05)) == (None, None)
    asked.kill("w0")
    assert asked.wait("w0", 60.0) == EXIT_INCOMPLETE, "nothing is left that tells how it ended"
    assert asked.wait("w9") == EXIT_INCOMPLETE
    silent.end("w9")
    assert engine.wait("w0") == -15
