"""The client, run.py: its flags, its resume, its exit status.

Unknown flags are ignored. Tasks that crash do not change the exit status 0; a bad domain or
difficulty is 1; SIGTERM exits 0. With one worker, tasks that have a ``result.txt`` are skipped and
the directories of those that have none are emptied; with more, every worker takes a contiguous
slice and resumes nothing.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .draw import draw
from .episode import run_episode
from .guest_address import die, listens, probe
from .journal import ClientLogs, stamp
from .pace import ScaledClock
from .record import TaskRecord
from .script import Occasion
from .setting import address, read_attempt, read_setting
from .stage import Episode, GuestControl

if TYPE_CHECKING:
    from .setting import AttemptStart, EpisodeSetting

_DEFAULTS = {
    "--action_space": "pyautogui",
    "--observation_type": "a11y_tree",
    "--screen_width": "1920",
    "--screen_height": "1200",
    "--sleep_after_execution": "3.0",
    "--max_steps": "15",
    "--a11y_backend": "uia",
    "--agent_name": "navi",
    "--som_origin": "oss",
    "--max_trajectory_length": "3",
    "--test_config_base_dir": "evaluation_examples_windows",
    "--model": "gpt-4o",
    "--temperature": "1.0",
    "--top_p": "0.9",
    "--max_tokens": "1500",
    "--stop_token": "None",
    "--domain": "all",
    "--emulator_ip": "20.20.20.21",
    "--test_all_meta_path": "evaluation_examples_windows/test_all.json",
    "--result_dir": "./results",
    "--trial_id": "0",
    "--worker_id": "0",
    "--num_workers": "1",
    "--diff_lvl": "normal",
}
_NUMBERS = frozenset(
    {"screen_width", "screen_height", "sleep_after_execution", "max_steps", "temperature"}
    | {"top_p", "max_tokens", "max_trajectory_length", "worker_id", "num_workers"}
)
_STARTUP_SHARE = 0.06
_WAIT_S = 5.0


class ClientStart(NamedTuple):
    """Everything one start of the client works with; its next task begins at ``start``."""

    flags: dict[str, str]
    setting: EpisodeSetting
    attempt: AttemptStart
    pace: ScaledClock
    journal: ClientLogs
    guest: GuestControl
    start: float

    @property
    def trees(self) -> Path:
        """The directory under which each domain has one."""
        names = ("--result_dir", "--action_space", "--observation_type", "--model", "--trial_id")
        return Path(*(self.flags[name] for name in names))


def main(argv: list[str]) -> int:
    """Run the list; returns the exit status."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    flags = read_flags(argv)
    lists: dict[str, list[str]] = json.loads(Path(flags["--test_all_meta_path"]).read_text())
    if flags["--domain"] not in ("all", *lists) or flags["--diff_lvl"] not in ("normal", "hard"):
        sys.stderr.write("Invalid domain or difficulty level\n")
        return 1
    run = _start(flags)
    run.journal.info("run/394", f"\nTESTING ON TASK JSON PATH: {flags['--test_all_meta_path']}")
    tasks = _share(run, _selected(lists, flags["--domain"]))
    run.journal.info("run/139", f"Args: {_namespace(run, tasks)}")
    for domain, name in tasks:
        _task(run, domain, name)
        run = run._replace(start=run.pace.now())
    return 0


def read_flags(argv: list[str]) -> dict[str, str]:
    """Return every flag the stand-in heeds, with its value; all others are ignored."""
    flags = dict(_DEFAULTS)
    for index, word in enumerate(argv):
        flag, equals, value = word.partition("=")
        if flag not in flags:
            continue
        if equals:
            flags[flag] = value
        elif index + 1 < len(argv):
            flags[flag] = argv[index + 1]
    return flags


def _namespace(run: ClientStart, tasks: list[tuple[str, str]]) -> str:
    """Return the client's arguments as argparse shows them."""
    values = {flag.removeprefix("--"): value for flag, value in run.flags.items()}
    for domain, name in tasks[:1]:
        wrong = run.setting.script.on(_occasion(run, domain, name)).get("wrong-client")
        values["model"] = wrong.text if wrong else values["model"]
    shown = (
        f"{name}={value if name in _NUMBERS or value == 'None' else repr(value)}"
        for name, value in values.items()
    )
    return f"Namespace(headless=False, {', '.join(shown)})"


def _start(flags: dict[str, str]) -> ClientStart:
    setting, attempt = read_setting(), read_attempt()
    pace = ScaledClock(setting.speed, attempt.launched, lifeline=setting.lifeline)
    port = address(setting.http)[1]
    where = (flags["--emulator_ip"], port)
    guest = GuestControl(alive=lambda: listens(where), kill=lambda: die(where))
    journal = ClientLogs(Path(flags["--result_dir"]), flags["--worker_id"])
    start = 0.0
    while not probe(where):
        journal.printed("Waiting for the server...")
        pace.sleep(_WAIT_S)
        start = pace.now()
    return ClientStart(flags, setting, attempt, pace, journal, guest, start)


def _selected(lists: dict[str, list[str]], domain: str) -> list[tuple[str, str]]:
    chosen = lists if domain == "all" else {domain: lists[domain]}
    return [(domain, name) for domain, names in chosen.items() for name in names]


def _share(run: ClientStart, tasks: list[tuple[str, str]]) -> list[tuple[str, str]]:
    workers, worker = int(run.flags["--num_workers"]), int(run.flags["--worker_id"])
    if workers > 1:
        size, extra = divmod(len(tasks), workers)
        first = worker * size + min(worker, extra)
        return tasks[first : first + size + (worker < extra)]
    for domain, name in tasks:
        _plant(run, domain, name)
    left = [task for task in tasks if not _resumed(run.trees.joinpath(*task))]
    counts = {domain: 0 for domain, _ in tasks}
    for domain, _ in left:
        counts[domain] += 1
    lines = "".join(f"{domain}: {count}\n" for domain, count in counts.items())
    run.journal.info("run/416", f"Left tasks:\n{lines}")
    return left


def _resumed(directory: Path) -> bool:
    """Whether a task is skipped; if not, whatever is in its directory is removed."""
    if (directory / "result.txt").exists():
        return True
    if directory.exists():
        import shutil  # rarely needed, and not cheap

        shutil.rmtree(directory)
    return False


def _occasion(run: ClientStart, domain: str, name: str) -> Occasion:
    trial = int(run.flags["--trial_id"])
    setting = run.setting
    return Occasion(f"{domain}/{name}", trial, run.attempt.number, setting.worker, setting.boot)


def _plant(run: ClientStart, domain: str, name: str) -> None:
    if "old-result" in run.setting.script.on(_occasion(run, domain, name)):
        directory = run.trees / domain / name
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "result.txt").write_text("1.0\n")


def _task(run: ClientStart, domain: str, name: str) -> None:
    occasion = _occasion(run, domain, name)
    drawn = draw(run.setting.seed, domain, name, occasion.trial)
    run.pace.until(run.start + _STARTUP_SHARE * drawn.duration_s)
    directory = run.trees / domain / name
    directory.mkdir(parents=True, exist_ok=True)
    run.journal.info("run/224", f"[Domain]: {domain}")
    run.journal.info("run/225", f"[Example ID]: {name}")
    run.journal.info("run/229", f"[Instruction]: Simulated instruction of {domain}/{name}.")
    run.journal.open_task(directory / "logs" / f"task-{run.flags['--worker_id']}-{stamp()}.log")
    run_episode(
        Episode(
            domain=domain,
            name=name,
            drawn=drawn,
            faults=run.setting.script.on(occasion),
            max_steps=int(run.flags["--max_steps"]),
            start=run.start,
            pace=run.pace,
            journal=run.journal,
            record=TaskRecord(directory, occasion.task),
            guest=run.guest,
        )
    )
    run.journal.close_task()
