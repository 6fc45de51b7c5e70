"""Waits out a blip of the store while a report is written, of refusals too."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import click

from orchestrator.errors import StoreError, StoreRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PATIENCE_S = 180.0
"""How long a report waits for a store that does not answer."""

REFUSED_S = 20.0
"""How long it waits for one that refuses: a single 403 is a blip too, a lasting one is an answer.

Azure's front doors learn of a new key, rule or role one after the other, so that for a while some
requests are refused and others are not.
"""

_PAUSE_S = 2.0


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
    patience_s: float = PATIENCE_S
    refused_s: float = REFUSED_S
    has_answered: bool = False
    _since: float | None = None

    def out(self, read: Callable[[], T]) -> T:
        """Return what ``read`` returns, once the store answers.

        Raises:
            StoreError: It has refused, or not answered, for too long, or ``stop`` was set.
        """
        while True:
            try:
                answer = read()
            except StoreError as error:
                if not self._goes_on(error):
                    raise
            else:
                self._since, self.has_answered = None, True
                return answer

    def _goes_on(self, error: StoreError) -> bool:
        """Wait a little; False when there is no more patience."""
        now, since = time.monotonic(), self._since
        waited_s = 0.0 if since is None else now - since
        if self.stop.is_set() or waited_s >= self._patience_s(error):
            return False
        if since is None:
            self._since = now
            self.say(f"waiting for the store: {error}")
        return not self.stop.wait(_PAUSE_S)

    def _patience_s(self, error: StoreError) -> float:
        if not isinstance(error, StoreRefusedError):
            return self.patience_s
        return self.refused_s if self.has_answered else 0.0
