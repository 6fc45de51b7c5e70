"""What every part of an episode works with: the task, its time, and what the script breaks."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from .phrases import FRAMES, RaisingPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .draw import DrawnTrial
    from .journal import ClientLogs
    from .pace import ScaledClock
    from .record import TaskRecord
    from .script import Fault

RESET_SHARE = 0.08
"""Of a task's duration: set-up until the first observation."""

_CHATTER_S = 10.0


class EpisodeError(Exception):
    """What ``run_single_example`` raised; carries where."""

    def __init__(self, frame: RaisingPlace) -> None:
        super().__init__(frame.message)
        self.frame = frame


class GuestControl(NamedTuple):
    """What an episode may ask of the guest: whether it answers, and (scripted) to die."""

    alive: Callable[[], bool]
    kill: Callable[[], None]


class Episode(NamedTuple):
    """A task about to run. ``start`` is when it begins, in the arena's seconds."""

    domain: str
    name: str
    drawn: DrawnTrial
    faults: Mapping[str, Fault]
    max_steps: int
    start: float
    pace: ScaledClock
    journal: ClientLogs
    record: TaskRecord
    guest: GuestControl

    @property
    def task(self) -> str:
        """The task as ``domain/name``."""
        return f"{self.domain}/{self.name}"


def at(episode: Episode, share: float) -> None:
    """Wait until this share of the task's duration has passed."""
    episode.pace.until(episode.start + share * episode.drawn.duration_s)


def due(episode: Episode, kind: str, done: int) -> bool:
    """Whether the script has this fault strike once so many steps are done."""
    fault = episode.faults.get(kind)
    return fault is not None and fault.step == done


def raise_if(episode: Episode, kind: str) -> None:
    """Raise as the client does, if the script says so."""
    if kind in episode.faults:
        raise EpisodeError(FRAMES[kind])


def strike(episode: Episode, done: int) -> None:
    """Let what ends, stops or delays the whole client happen, if it is due."""
    if due(episode, "die", done):
        os.kill(os.getpid(), signal.SIGKILL)
    if due(episode, "hang", done):
        episode.pace.forever()
    if due(episode, "unkillable", done):
        _refuse_to_end(episode)
    if due(episode, "slow", done):
        episode.pace.sleep(episode.faults["slow"].seconds)
    while due(episode, "chatter", done):
        episode.journal.info("lib_run_single/41", "Agent: Thinking...")
        episode.pace.sleep(_CHATTER_S)


def _refuse_to_end(episode: Episode) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
    episode.pace.forever()
    raise AssertionError
