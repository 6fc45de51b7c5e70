"""The two runs that the README's pictures show: a baseline, and a candidate that compares with it.

Both go the way of a run of the workflow, through the installed command: ``provision`` launches
machines, each takes a job and works it, ``supervise`` closes what is missing, ``teardown`` proves
that nothing is left, and ``report`` folds the ledger and brings the screenshots. Azure and
GitHub are the fakes, the arena is the stand-in, whose time runs ``SPEED`` times ours; machines boot
in seconds, so that the run is cheaper than ``provision`` predicts of real boots.

What goes wrong is scripted: in the arenas by ``--faults``, in the candidate's fleet by the fakes.
The candidate's gains and losses are scripted too: the stand-in draws the same scores for both.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.arena.simulated.fake_container.draw import draw
from orchestrator.fleet.identity import Fleet
from orchestrator.planning.suite import demo_suite
from tests.fakes.arm.faults import Fate, Fault
from tests.fleet.whole import REPOSITORY, WholeRun, whole_run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fleet.whole import Done

SHARDS, SPEED, BOOT_S = 6, 90, 6.0
SHOWN, SHOWN_STEP = "vlc/demo-vlc-03", 8
"""The task that is pictured, and how far its slider is."""

EVICTED, NEVER_BOOTS, REFUSED = 1, 2, 4
_EVICTED_AFTER = 6
_INTO_A_TASK_S = 2.5
_BOOT_DEADLINE_MIN = "0.3"
_DEADLINE_S = 1200.0
_SEED = 0

Script = list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Shown:
    """A run to play. With ``mishaps`` its fleet loses machines."""

    name: str
    github_run: int
    agent: str
    faults: Script
    mishaps: bool


def fault(kind: str, task: str, **more: object) -> dict[str, object]:
    """Return a line of a fault script."""
    return {"kind": kind, "task": task, **more}


def scripted_scores(gained: int, lost: int, other: Script) -> Script:
    """Return what makes a run succeed on so many tasks more, and fail on so many others.

    No task that something else strikes is among them.
    """
    struck = {line["task"] for line in other}
    won: dict[bool, list[str]] = {True: [], False: []}
    for task in demo_suite().tasks:
        # An infeasible task has its full score only if the last action is FAIL.
        if not task.infeasible and str(task) not in struck:
            won[draw(_SEED, task.domain, task.name, 0).score == 1.0].append(str(task))
    return [
        fault("result", task, text=text)
        for count, names, text in ((gained, won[False], "1.0"), (lost, won[True], "0.0"))
        for task in (names[place * len(names) // count] for place in range(count))
    ]


BASELINE = Shown(
    name="main",
    github_run=19_482_736_450,
    agent="navi",
    faults=[
        fault("reset-error", "msedge/demo-msedge-09"),
        fault("die", "clock/demo-clock-02", attempt=1),
        fault("evaluate-error", "vlc/demo-vlc-11", attempt=1),
    ],
    mishaps=False,
)
_TROUBLE = [
    fault("reset-error", "msedge/demo-msedge-09"),
    fault("reset-error", "libreoffice_calc/demo-libreoffice-calc-14"),
    fault("evaluate-error", "vlc/demo-vlc-11"),
    fault("agent-error", "vs_code/demo-vs-code-19", step=4),
    fault("chatter", "chrome/demo-chrome-13", step=3),
    fault("die", SHOWN, attempt=1, step=5),
    fault("hang", "libreoffice_writer/demo-libreoffice-writer-06", attempt=1, step=2),
    fault("step-error", "settings/demo-settings-02", attempt=1, step=2),
    fault("getter-error", "vlc/demo-vlc-08"),
]
CANDIDATE = Shown(
    name="planner",
    github_run=19_482_901_177,
    agent="planner",
    faults=[*_TROUBLE, *scripted_scores(24, 5, _TROUBLE)],
    mishaps=True,
)


def play(shown: Shown, directory: Path) -> Path:
    """Play a run from its launch to its report; return the report's directory.

    Raises:
        RuntimeError: A command did not end as it should.
    """
    directory.mkdir()
    with whole_run(directory, Fleet(REPOSITORY, shown.github_run), shown.name) as run:
        run.evidence = "screens"
        run.arm.machines.create_s = BOOT_S
        if shown.mishaps:
            _script(run)
        _work(run, shown)
        named = (*run.ledger, "--run", shown.name)
        _ended(run.call("teardown", *run.cloud, *named, "--every", "0.3"))
        _ended(run.call("report", *named, "--out", str(directory / "report")), 0, 1)
    return directory / "report"


def _work(run: WholeRun, shown: Shown) -> None:
    bought = ("--run", shown.name, "--spot", "prefer")
    pace = ("--speed", str(SPEED), "--heartbeat", "1.5", "--lease", "9")
    arena = ("--agent", shown.agent, "--faults", json.dumps(shown.faults))
    _ended(run.provision(SHARDS, *bought, *pace, *arena))
    with run.supervised(*bought, "--boot-deadline", _BOOT_DEADLINE_MIN):
        if shown.mishaps:
            _evict(run)
        _wait_for_jobs(run)
    _ended(run.done[-1], 0, 1)


def _wait_for_jobs(run: WholeRun) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    while not all(job.over for job in run.settled_jobs()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"After {_DEADLINE_S:.0f} s not every job was over.")
        time.sleep(0.5)


def _ended(done: Done, *codes: int) -> None:
    if done.exit_code not in (codes or (0,)):
        raise RuntimeError(f"waa-matrix {done.name} exited with {done.exit_code}:\n{done.output}")


def _script(run: WholeRun) -> None:
    """Let a create be refused for want of room, and a machine never come up."""

    def named(number: int) -> str:
        return f"{run.mine.label}-1-{number:03d}-"

    refused = Fault(f"PUT virtualMachines/{named(REFUSED)}", status=409)
    refused.code = "ZonalAllocationFailed"
    run.arm.faults.add(refused)
    run.arm.faults.machines(Fate(f"{named(NEVER_BOOTS)}*", never_boots=True))


def _evict(run: WholeRun) -> None:
    """Take a machine that has worked a while in the middle of a task."""
    inside = run.inside(EVICTED)
    run.until(lambda: _scored(run, inside.name) >= _EVICTED_AFTER, "some tasks are scored")
    time.sleep(_INTO_A_TASK_S)
    run.until(lambda: run.frozen(inside), "the machine to evict is in mid-task")
    run.evict(inside.name)


def _scored(run: WholeRun, machine: str) -> int:
    outcomes = run.reader.snapshot().outcomes.values()
    return sum(outcome is not None and outcome.machine == machine for outcome in outcomes)
