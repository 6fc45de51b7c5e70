"""How a supervisor ends: by what the ledger says of the tasks, and by whether jobs failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_INFRASTRUCTURE, StoreError

if TYPE_CHECKING:
    from orchestrator.fleet.run_state import RunLedger


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: an exit code and the reason."""

    exit_code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ending:
    """What an end is judged by; ``failed`` are the failed jobs that count as a failure."""

    ledger: RunLedger
    failed: int

    def given_up(self, reason: str) -> Ended:
        """Return how it ended once the run was cancelled: what is scored stays scored."""
        ended = self.verdict(reason)
        scored = ended.exit_code == EXIT_COMPLETE
        return ended if scored else Ended(EXIT_INFRASTRUCTURE, reason)

    def verdict(self, reason: str) -> Ended:
        """Return how it ended for ``reason``."""
        try:
            complete = self.ledger.complete()
        except StoreError as error:
            return Ended(EXIT_INFRASTRUCTURE, f"{reason}, but the ledger cannot be read: {error}")
        if complete and self.failed:
            said = f"{reason}, every task is scored, {self.failed} jobs failed"
            return Ended(EXIT_INCOMPLETE, said)
        if complete:
            return Ended(EXIT_COMPLETE, f"{reason} and every task is scored")
        return Ended(EXIT_INCOMPLETE, f"{reason}, but not every task is scored")
