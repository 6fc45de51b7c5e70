"""One task from set-up to score, on the task's own schedule, with whatever the script breaks."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from .screen import HEIGHT, WIDTH
from .words import (
    ANSWERED,
    FRAMES,
    GETTER,
    LIMITED,
    LIMITED_ERROR,
    NO_OBSERVATION,
    PROVIDER_RETRIES,
    PROVIDER_WAITS_S,
    SETUP_LOGGED,
    UNAUTHORIZED,
    UNAUTHORIZED_ERROR,
    Frame,
    traceback_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .draw import Draw
    from .journal import Journal
    from .pace import Pace
    from .record import Record
    from .script import Fault

# Shares of a task's duration: set-up until the first observation, and where evaluation begins.
_RESET_SHARE = 0.08
_EVALUATE_SHARE = 0.94
_DOWNLOAD_SHARE = 0.03
_ACTIONS = (
    "computer.mouse.move_abs(x={x}, y={y})",
    "computer.mouse.single_click()",
    'computer.keyboard.write("{x}")',
    'computer.keyboard.press("enter")',
    "computer.mouse.scroll(dir='down')",
)
_DOWNLOAD = b"PK\x03\x04 a whole download \x50\x4b\x05\x06"
_CHATTER_S = 10.0
# Faults after which a readable result says 0.
_ZEROED = frozenset({"setup-logged", "getter-error", "no-observation"})


class EpisodeError(Exception):
    """What ``run_single_example`` raised; carries where."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame.message)
        self.frame = frame


class Guest(NamedTuple):
    """What an episode may ask of the guest: whether it answers, and (scripted) to die."""

    alive: Callable[[], bool]
    kill: Callable[[], None]


class Episode(NamedTuple):
    """A task about to run. ``start`` is when it begins, in the arena's seconds."""

    domain: str
    name: str
    drawn: Draw
    faults: Mapping[str, Fault]
    max_steps: int
    start: float
    pace: Pace
    journal: Journal
    record: Record
    guest: Guest

    @property
    def task(self) -> str:
        """The task as ``domain/name``."""
        return f"{self.domain}/{self.name}"


def run_episode(episode: Episode) -> None:
    """Run the task; what it raises ends in the trajectory, as in the original."""
    journal = episode.journal
    try:
        _run(episode)
    except EpisodeError as error:
        traceback = traceback_text(error.frame)
        journal.error("run/259", f"Exception in {episode.task}: {error.frame.message}")
        journal.error("run/261", traceback)
        episode.record.error(error.frame.message, traceback)
        return
    journal.info("run/280", f"Finished {episode.task}")


def _run(episode: Episode) -> None:
    _reset(episode)
    if "no-observation" in episode.faults:
        _blind(episode)
    else:
        _act(episode)
    _evaluate(episode)


def _at(episode: Episode, share: float) -> None:
    episode.pace.until(episode.start + share * episode.drawn.duration_s)


def _reset(episode: Episode) -> None:
    _download(episode)
    _raise_if(episode, "reset-error")
    _at(episode, _RESET_SHARE)
    if "setup-logged" in episode.faults:
        episode.journal.error("setup/212", SETUP_LOGGED)
    if "no-observation" not in episode.faults:
        episode.record.first()


def _download(episode: Episode) -> None:
    """Fetch into ``cache/<id>``; a file that is there is trusted, however short."""
    path = Path("cache") / episode.name / "document.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    if "truncated-cache" in episode.faults:
        path.write_bytes(_DOWNLOAD[:9])
    if not path.exists():
        path.write_bytes(_DOWNLOAD[:9])
        _at(episode, _DOWNLOAD_SHARE)
        _strike(episode, 0)
        path.write_bytes(_DOWNLOAD)
    if path.read_bytes() != _DOWNLOAD:
        raise EpisodeError(FRAMES["truncated-cache"])


def _act(episode: Episode) -> None:
    steps = min(episode.drawn.steps, episode.max_steps)
    finished = episode.drawn.steps <= episode.max_steps
    for number in range(1, steps + 1):
        _think(episode, number - 1)
        last = number == steps and finished
        action = _action(episode, number, last=last)
        episode.journal.info("lib_run_single/56", f"Step {number}: {action}")
        share = _EVALUATE_SHARE - _RESET_SHARE
        _at(episode, _RESET_SHARE + share * number / steps)
        _step(episode, number - 1)
        episode.record.step(number, action, done=last)
        episode.journal.info("lib_run_single/60", "Reward: 0.00")
        episode.journal.info("lib_run_single/61", f"Done: {last}")
    if finished:
        episode.journal.info("lib_run_single/77", "The episode is done.")


def _think(episode: Episode, done: int) -> None:
    """Ask the model for the next action, ``done`` steps into the episode."""
    episode.journal.info("lib_run_single/41", "Agent: Thinking...")
    _strike(episode, done)
    if _due(episode, "model-401", done):
        _refused(episode)
    if _due(episode, "model-429", done):
        _limited(episode)
    if _due(episode, "agent-error", done):
        _raise_if(episode, "agent-error")


def _step(episode: Episode, done: int) -> None:
    """Act in the guest, which must be there to be acted in."""
    if _due(episode, "qemu-dead", done):
        episode.guest.kill()
    if _due(episode, "step-error", done) or not episode.guest.alive():
        raise EpisodeError(FRAMES["step-error"])


def _action(episode: Episode, number: int, *, last: bool) -> str:
    if last:
        infeasible = episode.name.startswith("INF-") and episode.drawn.score == 1.0
        return "FAIL" if infeasible else "DONE"
    seed = number * 7919 + len(episode.name) * 104729
    form = _ACTIONS[seed % len(_ACTIONS)]
    # As the real agent aims: in fractions of the screen.
    return form.format(x=f"{seed % WIDTH / WIDTH:.3f}", y=f"{seed % HEIGHT / HEIGHT:.3f}")


def _due(episode: Episode, kind: str, done: int) -> bool:
    fault = episode.faults.get(kind)
    return fault is not None and fault.step == done


def _raise_if(episode: Episode, kind: str) -> None:
    if kind in episode.faults:
        raise EpisodeError(FRAMES[kind])


def _strike(episode: Episode, done: int) -> None:
    """Let what ends, stops or delays the whole client happen, if it is due."""
    if _due(episode, "die", done):
        os.kill(os.getpid(), signal.SIGKILL)
    if _due(episode, "hang", done):
        episode.pace.forever()
    if _due(episode, "unkillable", done):
        _refuse_to_end(episode)
    if _due(episode, "slow", done):
        episode.pace.sleep(episode.faults["slow"].seconds)
    while _due(episode, "chatter", done):
        episode.journal.info("lib_run_single/41", "Agent: Thinking...")
        episode.pace.sleep(_CHATTER_S)


def _refuse_to_end(episode: Episode) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
    episode.pace.forever()
    raise AssertionError


def _refused(episode: Episode) -> NoReturn:
    for count in range(PROVIDER_RETRIES):
        episode.journal.info("_client/1038", UNAUTHORIZED)
        episode.journal.printed(UNAUTHORIZED_ERROR)
        episode.pace.sleep(PROVIDER_WAITS_S[min(count, len(PROVIDER_WAITS_S) - 1)])
    raise EpisodeError(FRAMES["model-401"])


def _limited(episode: Episode) -> None:
    recovers = episode.pace.now() + episode.faults["model-429"].seconds
    while episode.pace.now() < recovers:
        episode.journal.info("_client/1038", LIMITED)
        episode.journal.printed(LIMITED_ERROR)
        episode.pace.sleep(PROVIDER_WAITS_S[3])
    episode.journal.info("_client/1038", ANSWERED)


def _blind(episode: Episode) -> None:
    for number in range(1, episode.max_steps + 1):
        episode.journal.error("lib_run_single/38", NO_OBSERVATION)
        share = _EVALUATE_SHARE - _RESET_SHARE
        _at(episode, _RESET_SHARE + share * number / episode.max_steps)


def _evaluate(episode: Episode) -> None:
    episode.journal.info("lib_run_single/82", "Running evaluator(s)...")
    _at(episode, 1.0)
    _raise_if(episode, "evaluate-error")
    if "getter-error" in episode.faults:
        episode.journal.error("desktop_env/352", GETTER)
    zeroed = _ZEROED & episode.faults.keys()
    score = 0.0 if zeroed else episode.drawn.score
    episode.journal.info("lib_run_single/84", f"Result: {score:.2f}")
    episode.record.result(_result(episode, b"0" if zeroed else episode.drawn.result.encode()))


def _result(episode: Episode, usual: bytes) -> bytes:
    if "empty-result" in episode.faults:
        return b""
    if "garbage-result" in episode.faults:
        return b"\x00\xff\xfenot a score\n" * 3
    if "result" in episode.faults:
        return episode.faults["result"].text.encode()
    return usual + b"\n"
