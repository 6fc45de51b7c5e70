"""Waits out a blip of the store while a report is written."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from orchestrator.errors import StoreError, StoreRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PATIENCE_S = 180.0
"""How long a report waits for a store that does not answer."""

_PAUSE_S = 2.0


def _nobody(_text: str) -> None:
    """Tell nobody."""


@dataclass
class Waiting:
    """One report's patience with its store; many threads may share it.

    ``stop`` ends a wait, and lets none begin; ``say`` is told why there is one.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    say: Callable[[str], object] = _nobody
    patience_s: float = PATIENCE_S
    _since: float | None = None

    def out(self, read: Callable[[], T]) -> T:
        """Return what ``read`` returns, once the store answers.

        Raises:
            StoreError: It refuses, has not answered for too long, or ``stop`` was set.
        """
        while True:
            try:
                answer = read()
            except StoreRefusedError:
                raise
            except StoreError as error:
                if not self._goes_on(error):
                    raise
            else:
                self._since = None
                return answer

    def _goes_on(self, error: StoreError) -> bool:
        """Wait a little; False when there is no more patience."""
        now = time.monotonic()
        since = self._since
        if since is None:
            since = self._since = now
            self.say(f"waiting for the store: {error}")
        if self.stop.is_set() or now - since > self.patience_s:
            return False
        return not self.stop.wait(_PAUSE_S)
