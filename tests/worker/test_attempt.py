"""One attempt: deadlines, the stall clock, refusals, and being told to stop. No time passes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.arena.port import Assignment, Health
from orchestrator.errors import ArenaError
from orchestrator.ledger.causes import Cause
from orchestrator.planning.plan import ArenaSettings, Limits, Plan, PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, Unit, suite_of
from orchestrator.worker.attempt import Guard, Seen, run_attempt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.arena.port import TaskProcess

TASK = TaskKey("chrome", "one")
LIMITS = Limits(task_s=3600, stall_s=900)
PLAN: Plan = make_plan(
    PlanInputs(suite_of((TASK,)), arena=ArenaSettings(kind="winarena", image="x"), limits=LIMITS)
)
LOG = "[2026-11-22 21:47:16,047 {level} {where}/41-MainProcess] {text}\n"


@dataclass
class Client:
    """A client whose life is a script: at each look it may write, and at some look it ends."""

    directory: Path
    lives: Callable[[Client, int], int | None]
    looks: int = 0
    killed: bool = False
    mortal: bool = True

    @property
    def results(self) -> Path:
        return self.directory / "results"

    @property
    def output(self) -> Path:
        return self.directory / "client.log"

    @property
    def task(self) -> Path:
        where = self.results / "pyautogui" / "a11y_tree" / "m" / "0" / TASK.domain / TASK.name
        where.mkdir(parents=True, exist_ok=True)
        return where

    def log(self, text: str, *, level: str = "INFO", where: str = "lib_run_single") -> None:
        (self.task / "logs").mkdir(exist_ok=True)
        with (self.task / "logs" / "task-0-1.log").open("a") as stream:
            stream.write(LOG.format(level=level, where=where, text=text))

    def poll(self) -> int | None:
        self.looks += 1
        return self.lives(self, self.looks)

    def kill(self, grace_s: float) -> bool:
        del grace_s
        self.killed = True
        return self.mortal


@dataclass
class Bench:
    """An arena with one client, and a clock that moves only when the worker waits."""

    directory: Path
    lives: Callable[[Client, int], int | None]
    step_s: float = 60.0
    healthy: list[bool] = field(default_factory=list)
    mortal: bool = True
    now: float = 0.0
    client: Client | None = None

    def run(self, *, stop_at: float = float("inf"), taken_at: float = float("inf")) -> Seen:
        self.directory.mkdir(exist_ok=True)
        bench = self

        class Waiting(threading.Event):
            def wait(self, timeout: float | None = None) -> bool:
                del timeout
                bench.now += bench.step_s
                return bench.now >= stop_at

        guard = Guard(
            stop=Waiting(),
            abandoned=lambda: self.now >= taken_at,
            progressed=lambda _directory: None,
            monotonic=lambda: self.now,
            wall=lambda: 1e9 + self.now,
        )
        assignment = Assignment(Unit(TASK, 0), 1, self.directory)
        return run_attempt(self, assignment, PLAN, guard)

    def start(self, deadline_s: float, stop: threading.Event) -> None: ...

    def reset(self, deadline_s: float, stop: threading.Event) -> None: ...

    def stop(self) -> None: ...

    def fingerprint(self) -> dict[str, str]:
        return {}

    def health(self) -> Health:
        return Health(ok=self.healthy.pop(0) if self.healthy else True, detail="as scripted")

    def launch(self, assignment: Assignment) -> TaskProcess:
        self.client = Client(assignment.directory, self.lives, mortal=self.mortal)
        return self.client


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "attempt"


def busy(client: Client, look: int) -> None:
    """Log a step now and then, as a client at work does."""
    client.log(f"Step {look}: computer.mouse.move(1,2)")


def test_a_score_is_a_score_and_its_phases_add_up(directory: Path) -> None:
    def lives(client: Client, look: int) -> int | None:
        busy(client, look)
        if look < 5:
            return None
        (client.task / "result.txt").write_text("1.0")
        return 0

    bench = Bench(directory, lives)
    seen = bench.run()
    assert (seen.verdict.score, seen.verdict.cause) == (1.0, None)
    assert "evaluate" in seen.phases
    assert seen.seconds == 240.0
    assert sum(seen.phases.values()) == pytest.approx(seen.seconds)
    assert bench.client is not None
    assert not bench.client.killed


def test_a_deadline_is_a_timeout_whatever_is_still_growing(directory: Path) -> None:
    bench = Bench(directory, busy)
    seen = bench.run()
    assert seen.verdict.cause is Cause.TIMEOUT
    assert 3600 < seen.seconds <= 3600 + 2 * bench.step_s
    assert "evaluate" not in seen.phases, "it never came to that"
    assert sum(seen.phases.values()) == pytest.approx(seen.seconds)
    assert bench.client is not None
    assert bench.client.killed


def test_no_growth_for_the_stall_time_is_the_arenas(directory: Path) -> None:
    def lives(client: Client, look: int) -> None:
        if look < 3:
            busy(client, look)

    seen = Bench(directory, lives).run()
    assert seen.verdict.cause is Cause.ARENA
    assert 900 < seen.seconds < 1300


def test_the_stall_clock_pauses_while_the_provider_throttles(directory: Path) -> None:
    def lives(client: Client, look: int) -> int | None:
        if look == 2:
            client.log("Agent: Thinking...")
            client.output.write_text(
                "openai.RateLimitError: Error code: 429 - {'error': {'message': 'Rate limit'}}\n"
            )
        if look < 40:
            return None
        (client.task / "result.txt").write_text("0.5")
        return 0

    seen = Bench(directory, lives).run()
    assert seen.verdict.score == 0.5
    assert seen.seconds > 2 * LIMITS.stall_s


def test_a_provider_that_refuses_ends_the_attempt_long_before_the_stall(directory: Path) -> None:
    def lives(client: Client, look: int) -> None:
        client.task.mkdir(parents=True, exist_ok=True)
        with client.output.open("a") as stream:
            stream.write("openai.AuthenticationError: Error code: 401 - {'error': 'no'}\n" * look)

    seen = Bench(directory, lives, step_s=10.0).run()
    assert seen.verdict.cause is Cause.MODEL
    assert seen.seconds < 120


def test_a_stop_gives_the_task_back(directory: Path) -> None:
    bench = Bench(directory, busy)
    seen = bench.run(stop_at=300)
    assert seen.verdict.cause is Cause.RELEASED
    assert bench.client is not None
    assert bench.client.killed


def test_a_result_that_was_there_when_the_stop_came_counts(directory: Path) -> None:
    def lives(client: Client, look: int) -> None:
        busy(client, look)
        (client.task / "result.txt").write_text("True")

    assert Bench(directory, lives).run(stop_at=300).verdict.score == 1.0


def test_a_task_that_was_taken_over_is_abandoned(directory: Path) -> None:
    seen = Bench(directory, busy).run(taken_at=300)
    assert seen.verdict.cause is Cause.RELEASED
    assert seen.seconds <= 360


def test_nothing_is_launched_in_an_unhealthy_arena(directory: Path) -> None:
    bench = Bench(directory, lambda _client, _look: 0, healthy=[False])
    seen = bench.run()
    assert seen.verdict.cause is Cause.RELEASED, "the task was not tried: it costs it nothing"
    assert not seen.launched
    assert "not healthy before the task" in seen.verdict.message
    assert bench.client is None


@pytest.mark.parametrize("quick", [True, False])
def test_a_client_that_is_another_than_was_asked_for_scores_nothing(
    directory: Path, quick: bool
) -> None:
    def lives(client: Client, look: int) -> int | None:
        said = "Args: Namespace(agent_name='navi', model='another')"
        client.output.write_text(LOG.format(level="INFO", where="run", text=said))
        (client.task / "result.txt").write_text("1")
        return 0 if quick or look > 50 else None

    bench = Bench(directory, lives)
    seen = bench.run()

    assert (seen.verdict.score, seen.verdict.cause) == (None, Cause.RELEASED)
    assert "model was asked as 'gpt-4o', the client has 'another'" in seen.misled
    assert bench.client is not None
    assert bench.client.killed is not quick


def test_a_deadline_in_a_dead_arena_is_the_arenas(directory: Path) -> None:
    bench = Bench(directory, busy, healthy=[True, False])
    assert bench.run().verdict.cause is Cause.ARENA


def test_a_client_that_cannot_be_killed_is_told(directory: Path) -> None:
    bench = Bench(directory, busy, mortal=False)
    assert bench.run(stop_at=120).survived


def test_a_client_that_cannot_be_started_is_the_arenas(directory: Path) -> None:
    class Refusing(Bench):
        def launch(self, assignment: Assignment) -> TaskProcess:
            raise ArenaError(f"no exec for {assignment.unit}")

    seen = Refusing(directory, lambda _client, _look: 0).run()
    assert seen.verdict.cause is Cause.ARENA
    assert "no exec" in seen.verdict.message


def test_a_simulated_minute_is_a_minute_of_the_arena(directory: Path) -> None:
    def lives(client: Client, look: int) -> int | None:
        (client.task / "result.txt").write_text("0")
        return 0 if look > 1 else None

    fast = replace(PLAN, speed=60.0, arena=ArenaSettings())
    bench = Bench(directory, lives, step_s=1.0)
    directory.mkdir()
    guard = Guard(
        stop=threading.Event(),
        abandoned=lambda: False,
        progressed=lambda _directory: None,
        monotonic=lambda: bench.client.looks if bench.client else 0.0,
        wall=lambda: 0.0,
    )
    seen = run_attempt(bench, Assignment(Unit(TASK, 0), 1, directory), fast, guard)
    assert seen.seconds == 120.0
