"""What a ``results.json`` tells beside its scores: time, cost, noise, workers. Not trusted.

What cannot be read is left out, for nothing here decides anything.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.causes import Cause, is_infrastructure
from orchestrator.ledger.records import plausible_time
from orchestrator.report.model.entries import SessionEntry, WorkerEntry, WorkerSpan
from orchestrator.text import NAME_LIMIT, clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ITEMS = 20_000
_KINDS = frozenset(
    {"boot", "success", "partial", "zero", "infrastructure", "missing", "lost", "released"}
)


@dataclass(frozen=True, slots=True)
class Noise:
    """What infrastructure did to a run: attempts, those it ended by cause, and tasks it took."""

    attempts: int = 0
    ended: Mapping[str, int] = field(default_factory=dict)
    without_score: int = 0


@dataclass(frozen=True, slots=True)
class RunStats:
    """Times in seconds, costs in US dollars; None where the document does not say.

    ``left`` is what teardown could not prove gone, None where no proof is told.
    """

    predicted_s: float | None = None
    predicted_usd: float | None = None
    per_success_usd: float | None = None
    billed_ratio: float | None = None
    noise: Noise = field(default_factory=Noise)
    left: int | None = None
    warnings: tuple[str, ...] = ()
    workers: tuple[WorkerEntry, ...] = ()
    sessions: tuple[SessionEntry, ...] = ()


def read_run_stats(document: Mapping[str, Any]) -> RunStats:
    """Return what the parsed document tells."""
    run, fleet = _dict(document.get("run")), _dict(document.get("fleet"))
    cost, minutes = _dict(fleet.get("cost")), _dict(fleet.get("minutes"))
    predicted = _amount(cost.get("predicted_usd"))
    return RunStats(
        predicted_s=_amount(run.get("predicted_s")),
        predicted_usd=_amount(run.get("predicted_cost_usd")) if predicted is None else predicted,
        per_success_usd=_amount(cost.get("per_success_usd")),
        billed_ratio=_amount(minutes.get("ratio")),
        noise=_noise(document),
        left=_left(fleet.get("proof")),
        warnings=tuple(
            clean(entry) for entry in _list(run.get("warnings")) if isinstance(entry, str)
        ),
        workers=tuple(_workers(document)),
        sessions=tuple(_sessions(document)),
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value[:_ITEMS] if isinstance(value, list) else []


def _amount(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if 0 <= value < 1e12 else None


def _name(value: Any) -> str:
    return clean(value, NAME_LIMIT) if isinstance(value, str) else ""


def _noise(document: Mapping[str, Any]) -> Noise:
    tasks = [_dict(entry) for entry in _list(document.get("tasks"))]
    attempts = [_dict(entry) for task in tasks for entry in _list(task.get("attempts"))]
    ended = Counter(
        cause for attempt in attempts if (cause := attempt.get("cause")) in _INFRASTRUCTURE
    )
    return Noise(
        attempts=len(attempts),
        ended={str(cause): number for cause, number in ended.most_common()},
        without_score=sum(task.get("status") != "scored" for task in tasks),
    )


_INFRASTRUCTURE = tuple(cause.value for cause in Cause if is_infrastructure(cause))


def _left(proof: Any) -> int | None:
    result = _dict(proof)
    if not isinstance(result.get("proved"), bool):
        return None
    return 0 if result["proved"] else max(1, len(_list(result.get("left"))))


def _workers(document: Mapping[str, Any]) -> Iterator[WorkerEntry]:
    for entry in map(_dict, _list(document.get("workers"))):
        shard = entry.get("shard")
        yield WorkerEntry(
            id=_name(entry.get("id")),
            shard=shard if isinstance(shard, int) and 0 <= shard < _ITEMS else None,
            machine=_name(entry.get("machine")),
            session=_name(entry.get("session")),
            exit_code=None,
            reason="",
            died=entry.get("died") is True,
            left_at=_moment(entry.get("left_at")),
            scored=0,
            stolen=0,
            busy_s=_amount(entry.get("busy_s")) or 0.0,
            spans=tuple(_spans(entry)),
        )


def _spans(worker: Mapping[str, Any]) -> Iterator[WorkerSpan]:
    for entry in map(_dict, _list(worker.get("spans"))):
        start, end, kind = _moment(entry.get("start")), _moment(entry.get("end")), entry.get("kind")
        if kind in _KINDS and 0 < start <= end:
            yield WorkerSpan(str(kind), start, end)


def _sessions(document: Mapping[str, Any]) -> Iterator[SessionEntry]:
    for entry in map(_dict, _list(document.get("sessions"))):
        yield SessionEntry(
            id=_name(entry.get("id")),
            started=_moment(entry.get("started")),
            ended=_moment(entry.get("ended")),
            who=_name(entry.get("who")),
            machines=0,
            workers=tuple(_name(name) for name in _list(entry.get("workers"))),
        )


def _moment(value: Any) -> float:
    """Return Unix seconds that can be shown as a date, else 0."""
    result = _amount(value)
    return result if result is not None and plausible_time(result) else 0.0
