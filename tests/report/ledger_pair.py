"""Two runs' ledgers on disk, with every kind of end, and what the product says of them."""

from __future__ import annotations

import json
import random
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

from orchestrator.cli import invoke
from orchestrator.comparison import compare, read_record, side_of
from orchestrator.ledger.causes import Cause, Flag
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.schedule import Expectations
from orchestrator.planning.suite import INFEASIBLE_PREFIX, TaskKey, suite_of
from orchestrator.report.publication import Publication, comment_of, read_run_stats
from tests.report.fake_run import FINGERPRINT, START, FakeRun, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.planning.plan import Plan

TRIALS = 3
DOMAINS = {"chrome": 9, "clock": 5, "settings": 7, "vlc": 9}


def planned() -> Plan:
    """Return a plan of thirty tasks, three infeasible, each to be tried three times."""
    tasks = tuple(
        TaskKey(domain, (INFEASIBLE_PREFIX if n == 3 and domain != "clock" else "") + f"task-{n}")
        for domain, count in DOMAINS.items()
        for n in range(count)
    )
    expected = Expectations(dict.fromkeys(tasks, 100.0))
    return make_plan(PlanInputs(suite=suite_of(tasks), expectations=expected, trials=TRIALS))


Ending = tuple[float | None, Cause | None, tuple[Flag, ...]]
ARENA_LOST: Ending = (None, Cause.ARENA, ())


def endings(draws: random.Random, chance: float) -> list[Ending]:
    """Draw how the attempts at a task end: none, one, or another after an arena was lost."""
    fate = draws.random()
    scored = 1.0 if draws.random() < chance else 0.0
    gave_up = not scored and draws.random() < 0.5
    partly = round(draws.uniform(0.1, 0.9), 2)
    usual: Ending = (scored, None, (Flag.ANSWERED_FAIL,) if gave_up else ())
    table: list[tuple[float, list[Ending]]] = [
        (0.03, []),
        (0.06, [ARENA_LOST, (None, Cause.LOST, ())]),
        (0.09, [ARENA_LOST, usual]),
        (0.16, [(None, Cause.TIMEOUT, ())]),
        (0.21, [(0.0, None, (Flag.EVALUATOR,))]),
        (0.30, [(partly, None, ())]),
    ]
    return next((result for below, result in table if fate < below), [usual])


def played(seed: int, shift: float, model: str, began: float) -> FakeRun:
    """Return a run of that plan: retries, losses, timeouts, partial scores and flags, as drawn."""
    run = FakeRun(planned(), session=f"run-{seed}", workers=2)
    draws, at = random.Random(seed), began
    chances = {task.task: draws.betavariate(0.7, 0.7) + shift for task in run.plan.tasks}
    run.start(began)
    for number, unit in enumerate(run.plan.units):
        for attempt, (score, cause, flags) in enumerate(endings(draws, chances[unit.task]), 1):
            at += 110.0
            run.end(
                outcome(
                    unit,
                    score,
                    cause,
                    worker=f"w{number % 2}",
                    attempt=attempt,
                    at=at,
                    flags=flags,
                    session=run.session,
                    fingerprint={**FINGERPRINT, "model": model},
                )
            )
    for worker in ("w0", "w1"):
        run.leave(worker, at + 110.0)
    return run


@dataclass(frozen=True, slots=True)
class Surfaces:
    """What the product wrote of a pair: a run's four, a comparison's four, and the comment."""

    ledgers: tuple[Path, Path]
    closing: str
    summary: str
    page: str
    results: dict[str, Any]
    terminal: str
    markdown: str
    compared_page: str
    comparison: dict[str, Any]
    comment: str


def said(*arguments: str) -> str:
    """Return what a command prints."""
    with redirect_stdout(StringIO()) as out:
        invoke(list(arguments))
    return out.getvalue()


def surfaces(path: Path) -> Surfaces:
    """Write both ledgers, let the commands report and compare them, and read what they left."""
    runs = {
        "base": played(15, -0.15, "gpt-4o", START),
        "next": played(115, 0.3, "gpt-5", START + 86_400),
    }
    for name, run in runs.items():
        ledger = path / name / "ledger" / "run"
        for stored in run.objects.values():
            target = ledger / stored.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(stored.data)
        (ledger / "plan.json").write_bytes(run.plan.to_json())
        closing = said("report", str(path / name), "--out", str(path / name))
    base, new = (path / name for name in runs)
    terminal = said("compare", str(base), str(new), "--out", str(path / "out"))
    documents = [json.loads((path / "results.json").read_text()) for path in (base, new)]
    first, second = (read_record(document, "here") for document in documents)
    published = Publication(
        record=second,
        stats=read_run_stats(documents[1]),
        comparison=compare(side_of([first]), [side_of([second])]),
        base="main",
    )
    return Surfaces(
        ledgers=(base / "ledger" / "run", new / "ledger" / "run"),
        closing=closing,
        summary=(new / "summary.md").read_text(),
        page=(new / "report.html").read_text(),
        results=documents[1],
        terminal=terminal,
        markdown=(path / "out" / "comparison.md").read_text(),
        compared_page=(path / "out" / "comparison.html").read_text(),
        comparison=json.loads((path / "out" / "comparison.json").read_text()),
        comment=comment_of(published),
    )
