from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from orchestrator.cli.outputs.display import draw, plain_line, plain_lines
from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause
from orchestrator.ledger.fold import Stored, read_objects
from orchestrator.ledger.progress import View, view
from orchestrator.ledger.records import Heartbeat, Left, Session, to_json
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, Unit, suite_of
from tests.records import claimed, outcome, stored

NOW = 1000.0
TASKS = tuple(TaskKey("d", f"t{number}") for number in range(4))
PLAN = make_plan(PlanInputs(suite_of(TASKS), speed=10.0))
A, B, C, D = (Unit(task, 0) for task in TASKS)


def beating(name: str, unit: Unit | None, since: float, at: float) -> Stored:
    beat = Heartbeat(
        name, "s0", "m0", 0, "running", 3, unit=unit, attempt=1, done=1, assigned=2, since=since
    )
    return Stored(paths.worker(name), at, to_json(beat))


def seen(*objects: Stored) -> View:
    session = stored(Session("s0", 900.0, "run", 2))
    return view(PLAN, read_objects([session, *objects]), NOW)


def test_a_view_counts_what_is_settled_and_who_is_at_work() -> None:
    current = seen(
        stored(outcome(A, score=1.0)),
        stored(outcome(B, cause=Cause.EVALUATOR)),
        claimed(C, 1, "w1"),
        beating("w1", C, 980.0, 999.0),
    )
    assert (current.expected, current.scored, current.failed, current.running) == (4, 1, 1, 1)
    assert current.mean == 1.0
    assert current.elapsed_s == 100.0
    (row,) = current.workers
    assert (row.task, row.for_s, row.silent_s, row.done, row.assigned) == ("d/t2", 20.0, 1.0, 1, 2)


def test_a_view_takes_nobody_for_dead() -> None:
    current = seen(claimed(C, 1, "w1"), beating("w1", C, 0.0, 0.0))
    assert current.failed == 0
    assert current.workers[0].silent_s == NOW


def test_who_has_left_is_at_work_no_more() -> None:
    proof = Left("w1", "s0", "killed", "parent", -9, NOW)
    left = Stored(paths.left("w1"), NOW, to_json(proof))
    current = seen(claimed(C, 1, "w1"), beating("w1", C, 0.0, 0.0), left)
    assert current.workers == ()
    assert current.failed == 1
    assert current.eta_s is None


def test_the_remaining_time_follows_the_pace_so_far() -> None:
    slow = replace(outcome(A, score=1.0), seconds=2 * 425.0)
    quick = replace(outcome(A, score=1.0), seconds=425.0 / 2)
    worker = beating("w1", None, 0.0, NOW)
    late, soon = (seen(stored(entry), worker).eta_s for entry in (slow, quick))
    assert late is not None
    assert soon is not None
    assert late == 4 * soon
    assert late == 3 * 2 * 425.0 / PLAN.speed


def test_a_run_that_is_over_goes_on_no_longer() -> None:
    ended = [replace(outcome(Unit(task, 0), score=0.0), ended=950.0) for task in TASKS]
    current = seen(*map(stored, ended))
    assert current.elapsed_s == 50.0
    assert current.eta_s == 0.0


def test_a_screenshot_that_is_no_evidence_is_not_shown() -> None:
    for name, shown in (
        ("evidence/x.png", "evidence/x.png"),
        ("/etc/passwd", ""),
        ("plan.json", ""),
    ):
        beat = Heartbeat("w1", "s0", "m0", 0, "running", 1, screenshot=name)
        current = seen(Stored(paths.worker("w1"), NOW, to_json(beat)))
        assert current.workers[0].screenshot == shown


def test_a_line_says_simulated_first() -> None:
    assert plain_line(seen()).startswith("[simulated] 0/4 tasks")
    assert "simulated" not in plain_line(replace(seen(), simulated=False))


def test_a_container_that_is_a_stand_in_is_simulated_too() -> None:
    reported = replace(outcome(A, score=1.0), fingerprint={"simulated": "true"})
    real = replace(PLAN, arena=replace(PLAN.arena, kind="winarena", image="x"))
    objects = read_objects([stored(reported)])
    assert view(real, objects, NOW).simulated
    assert not view(real, read_objects([]), NOW).simulated


def test_hostile_names_draw_as_text() -> None:
    beat = Heartbeat("w1", "s0", "m0", 0, "[bold]x[/]", 1, note="[link=http://evil]x[/link]")
    screen = Console(file=io.StringIO(), width=200, force_terminal=True, color_system=None)
    screen.print(draw(seen(Stored(paths.worker("w1"), NOW, to_json(beat)))))
    text = screen.file.getvalue()  # type: ignore[attr-defined]  # a StringIO, as made above
    assert "[bold]x[/]" in text
    assert "\x1b]8;" not in text
    assert "SIMULATED" in text


def test_text_of_the_ledger_steers_no_terminal() -> None:
    hostile = "a\x1b]0;title\x07b\x1b[2Jc\rd\ne\x9b2J"
    beat = Heartbeat("w1", "s0", "m0", 0, hostile, 1, note=hostile)
    current = seen(Stored(paths.worker("w1"), NOW, to_json(beat)))
    screen = Console(file=io.StringIO(), width=200, force_terminal=False)
    screen.print(draw(current))
    assert isinstance(screen.file, io.StringIO)
    for text in (screen.file.getvalue(), "\n".join(plain_lines(current))):
        assert not {char for char in text if not char.isprintable()} - {"\n"}


def test_at_80_columns_phase_and_time_are_whole() -> None:
    unit = Unit(TaskKey("libreoffice_calc", "a" * 70), 0)
    name = "worker-" + "b" * 40
    beat = replace(
        Heartbeat(name, "s0", "m0", 0, "starting arena", 3, unit=unit, attempt=1, since=900.0),
        done=1,
        assigned=2,
    )
    screen = Console(file=io.StringIO(), width=80, force_terminal=False)
    screen.print(draw(seen(Stored(paths.worker(name), NOW, to_json(beat)))))
    assert isinstance(screen.file, io.StringIO)
    text = screen.file.getvalue()
    assert "starting arena" in text
    assert "1:40" in text
    assert all(len(line) <= 80 for line in text.splitlines())
