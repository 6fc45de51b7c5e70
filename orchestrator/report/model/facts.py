"""What a report is told beside the plan and the ledger: the run's own facts, and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.planning.suite import Unit


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What only the caller knows of a run. Everything but ``run`` and ``simulated`` is optional.

    ``started`` and ``ended`` are wall-clock Unix seconds (0: unknown), ``predicted_s`` the
    predicted makespan in seconds of the wall clock, costs in US dollars. ``notes`` are for the
    reader, ``warnings`` for whoever must act.
    """

    run: str
    simulated: bool
    started: float = 0.0
    ended: float = 0.0
    predicted_s: float | None = None
    store: str = ""
    version: str = ""
    command: str = ""
    exit_code: int | None = None
    cost_usd: float | None = None
    predicted_cost_usd: float | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceStep:
    """One step of a trajectory.

    ``number`` is 0 for the state before the first action. ``screenshot`` shows the state after the
    action, as a path relative to the page; ``image`` is the same as the bytes of a small PNG, JPEG
    or WebP to put into the page itself, and ``size`` the pixels of the screen that it was made
    from, where they are not its own. ``at`` is shown as it is.
    """

    number: int
    action: str
    at: str = ""
    thought: str = ""
    screenshot: str = ""
    image: bytes = b""
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class TaskEvidence:
    """What is kept of a task's counted attempt. ``link`` is a path relative to the page.

    ``evaluation`` is what the log says since the evaluator began.
    """

    link: str = ""
    steps: tuple[EvidenceStep, ...] = ()
    log_tail: str = ""
    instruction: str = ""
    evaluation: str = ""


Evidence = Mapping[Unit, TaskEvidence]
