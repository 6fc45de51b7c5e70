"""Waits out a blip of the store while a report is written, of refusals too."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import click

from orchestrator.store import REPORT_PATIENCE, FailureStreak, StorePatience, StoreWait

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.errors import StoreError

T = TypeVar("T")


def _tell(text: str) -> None:
    click.echo(text, err=True)


@dataclass
class Waiting:
    """One report's patience with its store; many threads may share it.

    ``stop`` ends a wait, and lets none begin; ``say`` is told why there is one. A store that
    refuses and never answered is believed at once.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    say: Callable[[str], object] = _tell
    patience: StorePatience = REPORT_PATIENCE
    has_answered: bool = False

    def __post_init__(self) -> None:
        """Begin with no failure."""
        streak = FailureStreak(self.patience, has_answered=self.has_answered)
        self._wait = StoreWait(streak, self.stop, self._goes_on)
        self._waits = False

    def out(self, read: Callable[[], T]) -> T:
        """Return what ``read`` returns, once the store answers.

        Raises:
            StoreError: It has refused, or not answered, for too long, or ``stop`` was set.
        """
        answer = self._wait.ask(read)
        self._waits = False
        return answer

    def _goes_on(self, error: StoreError, final: bool) -> bool:  # noqa: FBT001  # the wait's word
        """Say once why there is a wait; False where there is to be none."""
        if final or self.stop.is_set():
            return False
        if not self._waits:
            self._waits = True
            self.say(f"waiting for the store: {error}")
        return True
