"""Ledgers of runs that never happened, for the report's tests: seeded, with every kind of end."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause, Flag
from orchestrator.ledger.fold import Folded, Stored, fold, read_objects
from orchestrator.ledger.records import (
    Claim,
    Heartbeat,
    Left,
    Outcome,
    Session,
    to_json,
)
from orchestrator.planning.plan import Plan, PlanInputs, make_plan
from orchestrator.planning.schedule import Expectations
from orchestrator.planning.suite import Suite, TaskKey, demo_suite, suite_of
from orchestrator.report import EvidenceStep, RunFacts, TaskEvidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.planning.suite import Unit

START = 1_714_557_600.0  # 2024-05-01 10:00:00 UTC
FINGERPRINT = {
    "machine_size": "Standard_D8s_v5",
    "region": "westeurope",
    "cpu": "Intel(R) Xeon(R) Platinum 8370C",
    "guest": "8 cores, 8 GiB",
    "arena_image": "sha256:9f2c41d07e1b",
    "golden_image": "sha256:41d0aa17c0de",
    "agent": "navi",
    "model": "gpt-4o",
    "arena": "simulated",
}
MESSAGES = {
    Cause.ARENA: "QMP did not answer for 30 s; /probe timed out",
    Cause.SETUP: "env.reset: Failed to download https://example.org/sheet.xlsx. Status code: 404",
    Cause.EVALUATOR: "env.evaluate: KeyError: 'bookmark_bar'",
    Cause.TIMEOUT: "no result after 3600 s",
    Cause.AGENT: "agent.predict: IndexError: list index out of range",
    Cause.RELEASED: "SIGTERM",
}


@dataclass(slots=True)
class FakeRun:
    """A plan and the objects of its ledger, filled as tests ask."""

    plan: Plan
    session: str = "9182736450-1"
    workers: int = 4
    objects: dict[str, Stored] = field(default_factory=dict)

    def put(self, path: str, data: bytes, at: float = START) -> None:
        self.objects[path] = Stored(path, at, data)

    def start(self, at: float = START) -> None:
        session = Session(self.session, at, "octocat via workflow_dispatch", self.workers)
        self.put(paths.session(self.session), to_json(session))

    def beat(self, worker: str, shard: int, fingerprint: dict[str, str] | None = None) -> None:
        beat = Heartbeat(
            worker=worker,
            session=self.session,
            machine=machine_of(worker),
            shard=shard,
            phase="left",
            beat=9,
            fingerprint=fingerprint or FINGERPRINT,
        )
        self.put(paths.worker(worker), to_json(beat))

    def leave(self, worker: str, at: float, code: int | None = 0, by: str = "") -> None:
        reason = "nothing left to do" if not by else "evicted: the machine is gone"
        left = Left(worker, self.session, reason, by or worker, code, at)
        self.put(paths.left(worker), to_json(left))

    def claim(self, unit: Unit, attempt: int, worker: str) -> None:
        claim = Claim(worker, self.session, f"{worker}-{unit}")
        self.put(paths.claim(unit, attempt), to_json(claim))

    def end(self, outcome: Outcome) -> None:
        self.claim(outcome.unit, outcome.attempt, outcome.worker)
        path = paths.outcome(outcome.unit, outcome.attempt, outcome.worker)
        self.put(path, to_json(outcome))

    def fold(self) -> Folded:
        return fold(self.plan.units, read_objects(self.objects.values()))


def machine_of(worker: str) -> str:
    return f"waa-{worker}"


def outcome(
    unit: Unit,
    score: float | None,
    cause: Cause | None = None,
    *,
    worker: str = "w0",
    attempt: int = 1,
    at: float = START + 60,
    seconds: float = 100.0,
    message: str | None = None,
    flags: tuple[Flag, ...] = (),
    session: str = "9182736450-1",
    fingerprint: dict[str, str] | None = None,
) -> Outcome:
    shown = message if message is not None else MESSAGES.get(cause, "") if cause else ""
    return Outcome(
        unit=unit,
        attempt=attempt,
        worker=worker,
        session=session,
        machine=machine_of(worker),
        score=score,
        cause=cause,
        message=shown,
        flags=flags,
        steps=8,
        seconds=seconds,
        started=at,
        ended=at + seconds,
        phases={"client start": 14.0, "task": max(0.0, seconds - 14.0)},
        fingerprint=FINGERPRINT if fingerprint is None else fingerprint,
    )


def plan_of(suite: Suite | None = None, trials: int = 1) -> Plan:
    suite = suite or demo_suite()
    random_ = random.Random(5)
    by_task = {task: random_.lognormvariate(5.95, 0.45) for task in suite.tasks}
    return make_plan(PlanInputs(suite=suite, expectations=Expectations(by_task), trials=trials))


def suite_named(count: int, domains: int = 12) -> Suite:
    return suite_of(tuple(TaskKey(f"domain_{n % domains}", f"task-{n:05d}") for n in range(count)))


def demo_run(*, complete: bool = False, suite: Suite | None = None, seed: int = 3) -> FakeRun:
    """Return 154 tasks on 4 workers: boots, steals, retries, an eviction and its replacement."""
    run = FakeRun(plan_of(suite))
    Play(run, random.Random(seed), complete=complete).play()
    return run


Ending = tuple[float | None, Cause | None, tuple[Flag, ...]]


class Play:
    """Works a plan in virtual time, with faults drawn as it goes."""

    def __init__(self, run: FakeRun, draws: random.Random, *, complete: bool) -> None:
        self.run = run
        self.draws = draws
        self.complete = complete
        self.homes = [list(run.plan.home(shard, run.workers)) for shard in range(run.workers)]
        self.expected = dict(zip(run.plan.units, run.plan.expected, strict=True))
        self.tries: dict[Unit, int] = {}

    def play(self) -> None:
        run = self.run
        run.start()
        queue: list[tuple[float, int, str]] = []
        for shard in range(run.workers):
            run.beat(f"w{shard}", shard)
            heapq.heappush(queue, (START + self.draws.uniform(240, 420), shard, f"w{shard}"))
        evicted = self.complete
        while queue:
            now, shard, worker = heapq.heappop(queue)
            unit = self._next(shard)
            if unit is None:
                run.leave(worker, now, 1 if worker == "w3" and not self.complete else 0)
                continue
            if not evicted and shard == 2 and now > START + 4200:
                evicted = True
                self._evict(unit, now, worker, queue)
                continue
            heapq.heappush(queue, (self._attempt(unit, now, worker) + 20, shard, worker))

    def _next(self, shard: int) -> Unit | None:
        share = self.homes[shard] or max(self.homes, key=len)
        return share.pop(0) if share else None

    def _evict(
        self, unit: Unit, now: float, worker: str, queue: list[tuple[float, int, str]]
    ) -> None:
        self.tries[unit] = self.tries.get(unit, 0) + 1
        self.run.claim(unit, self.tries[unit], worker)
        self.run.leave(worker, now + 130, None, by="supervise")
        self.homes[2].append(unit)
        self.run.beat("w2b", 2, FINGERPRINT | {"region": "northeurope"})
        heapq.heappush(queue, (now + 130 + 400, 2, "w2b"))

    def _attempt(self, unit: Unit, now: float, worker: str) -> float:
        attempt = self.tries[unit] = self.tries.get(unit, 0) + 1
        seconds = self.expected[unit] * self.draws.lognormvariate(0, 0.2)
        score, cause, flags = self.ending(unit, attempt)
        position = {"position_since_reset": str(self.draws.randrange(30))}
        region = {"region": "northeurope"} if worker == "w2b" else {}
        ended = outcome(
            unit,
            score,
            cause,
            worker=worker,
            attempt=attempt,
            at=now,
            seconds=seconds,
            flags=flags,
            fingerprint=FINGERPRINT | region | position,
        )
        self.run.end(ended)
        again = self.draws.random() < 0.6
        if again and cause in (Cause.ARENA, Cause.SETUP, Cause.RELEASED):
            self.homes[self.draws.randrange(self.run.workers)].append(unit)
        return now + seconds

    def ending(self, _unit: Unit, attempt: int) -> Ending:
        """Draw how an attempt ends."""
        drawn = self.draws.random()
        if not self.complete and drawn < 0.09 and attempt < 3:
            return None, self.draws.choice(list(MESSAGES)), ()
        flags = (Flag.EVALUATOR,) if self.draws.random() < 0.03 else ()
        if drawn < 0.50:
            return 0.0, None, flags
        return (1.0, None, ()) if drawn < 0.90 else (round(self.draws.random(), 2), None, ())


def facts(**changes: object) -> RunFacts:
    known: dict[str, object] = {
        "run": "9182736450",
        "simulated": True,
        "started": START,
        "ended": START + 18_400,
        "predicted_s": 16_900.0,
        "store": "az://waaruns/9182736450?sig=SECRET",
        "version": "0.1.0",
        "command": "waa-matrix run --suite demo --arena simulated --workers 4",
        "exit_code": 1,
        "warnings": ("worker w2 was evicted; w2b replaced it",),
    }
    return RunFacts(**{**known, **changes})  # type: ignore[arg-type] # keyword passthrough


ACTIONS = (
    "",  # the state before the first action
    "import pyautogui; pyautogui.click(412, 318)",
    "pyautogui.moveTo(300, 240); pyautogui.dragTo(820, 520, duration=0.5)",
    "computer.mouse.move_abs(x=0.64, y=0.55); computer.mouse.double_click()",
    "pyautogui.write('=SUM(B2:B12)', interval=0.02)",
    "pyautogui.scroll(-5, x=640, y=400)",
    "pyautogui.hotkey('ctrl', 's')",
    "pyautogui.rightClick(980, 638)",
    "DONE",
)
THOUGHT = (
    "The sheet is open and the column of numbers ends in row 12. The total belongs in the cell "
    "below it, so I select that cell next and type the formula."
)
INSTRUCTION = "Add the total of the second column below its last number, and save the file."
EVALUATION = (
    "[10:05:31 INFO lib_run_single/82] Running evaluator(s)...\n[10:05:33 INFO] Result: 0.00"
)


def evidence(
    run: FakeRun, image: Callable[[Unit, int], bytes] | bytes = b"", every: int = 1
) -> dict[Unit, TaskEvidence]:
    """Return evidence for each task: a start and eight steps, a log, and a link beside the page.

    ``image`` is put into the page for each step.
    """
    draw = image if callable(image) else lambda _unit, _step: image
    return {
        unit: TaskEvidence(
            link=f"evidence/{unit}/1-w0/",
            instruction=INSTRUCTION,
            steps=tuple(
                EvidenceStep(
                    number=number,
                    action=action,
                    at=f"2024-05-01 10:{number:02d}:07",
                    thought=THOUGHT if action else "",
                    screenshot=f"evidence/{unit}/1-w0/screenshot-step_{number}.png",
                    image=draw(unit, number),
                )
                for number, action in enumerate(ACTIONS)
            ),
            log_tail=f"[10:00:07 INFO lib_run_single/41] Step 1: …\n{EVALUATION}\n",
            evaluation=EVALUATION,
        )
        for unit in run.plan.units[::every]
    }
