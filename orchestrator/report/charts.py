"""Geometry of the page's charts: where each mark stands, in percent of a chart's width.

Percentages make the drawings fit any width without distorting text. Colours and shapes are the
stylesheet's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.report import wording
from orchestrator.report.text import percent, plausible_time, span_of_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.report.results import Results, Score, SessionEntry, Span, WorkerEntry
    from orchestrator.stats import Interval

_TICKS_WANTED = 8
_TICK_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400),
)
_THINNEST = 0.12  # percent: a bar that nobody could see would be a lie of its own


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar. ``x`` and ``width`` are percentages."""

    kind: str
    label: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Line:
    """A stretch on a scale from 0 to 100."""

    x: float
    width: float
    end: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A span of a worker's time. ``task`` indexes the results' tasks; -1 for a boot."""

    kind: str
    x: float
    width: float
    title: str
    task: int
    stolen: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """One worker's row. ``end`` is where it left, or None; ``end_kind`` how (ok, failed, died)."""

    shard: str
    worker: str
    machine: str
    bars: tuple[Bar, ...]
    end: float | None
    end_kind: str
    end_title: str
    summary: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A session's lanes over one axis. ``ticks`` and ``predicted`` are positions on it."""

    session: SessionEntry
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]
    predicted: float | None


def counts_bar(score: Score) -> list[Segment]:
    """Return what became of everything expected, one segment a grade, empty ones too."""
    counts = score.counts
    held = {
        "success": score.successes,
        "partial": score.partial,
        "zero": counts.scored - score.successes - score.partial,
        "infrastructure": counts.infrastructure,
        "missing": counts.missing,
    }
    total = max(1, counts.expected)
    segments = []
    x = 0.0
    for kind, label in wording.GRADES.items():
        width = 100 * held[kind] / total
        segments.append(Segment(kind, label, held[kind], _fixed(x), _fixed(width)))
        x += width
    return segments


def line(low: float, high: float) -> Line:
    """Return the stretch between two fractions."""
    return Line(_fixed(100 * low), _fixed(100 * (high - low)), _fixed(100 * high))


def interval_line(interval: Interval | None) -> Line | None:
    """Return an interval's stretch, or None."""
    return None if interval is None else line(interval.low, interval.high)


def spot(value: float | None) -> float | None:
    """Return a fraction's position, or None."""
    return None if value is None else _fixed(100 * value)


def _fixed(value: float) -> float:
    return round(value, 3)


def timelines(results: Results) -> list[Timeline]:
    """Return one timeline a session in which anything is known to have happened."""
    index = {(t.domain, t.name, t.trial): number for number, t in enumerate(results.tasks)}
    by_id = {worker.id: worker for worker in results.workers}
    drawn = []
    for session in results.sessions:
        workers = [by_id[name] for name in session.workers]
        if any(worker.spans for worker in workers):
            drawn.append(_timeline(results, session, workers, index))
    return drawn


def _timeline(
    results: Results,
    session: SessionEntry,
    workers: Sequence[WorkerEntry],
    index: Mapping[tuple[str, str, int], int],
) -> Timeline:
    start = min([session.started, *(s.start for worker in workers for s in worker.spans)])
    predicted = results.facts.predicted_s
    last = session is results.sessions[-1] and len(results.sessions) == 1
    expected_end = start + predicted if predicted and last else None
    end = max(session.ended, expected_end or 0.0, start + 1.0)
    scale = _Scale(start, end)
    return Timeline(
        session=session,
        lanes=tuple(_lane(worker, scale, index) for worker in workers),
        ticks=tuple(_ticks(end - start)),
        predicted=scale.at(expected_end) if expected_end else None,
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    start: float
    end: float

    def at(self, moment: float) -> float:
        return _fixed(min(100.0, max(0.0, 100 * (moment - self.start) / (self.end - self.start))))


def _lane(worker: WorkerEntry, scale: _Scale, index: Mapping[tuple[str, str, int], int]) -> Lane:
    known = plausible_time(worker.left_at)
    end_kind = "died" if worker.died else "failed" if worker.exit_code else "ok"
    code = "" if worker.exit_code is None else f", exit {worker.exit_code}"
    stolen = f", {worker.stolen} stolen" if worker.stolen else ""
    return Lane(
        shard="?" if worker.shard is None else str(worker.shard),
        worker=worker.id,
        machine=worker.machine,
        bars=tuple(_bar(span, scale, index) for span in worker.spans),
        end=scale.at(worker.left_at) if known else None,
        end_kind=end_kind,
        end_title=f"{'died' if worker.died else 'left'}{code}: {worker.reason}",
        summary=f"{worker.scored} scored{stolen}, busy {span_of_time(worker.busy_s)}",
    )


def _bar(span: Span, scale: _Scale, index: Mapping[tuple[str, str, int], int]) -> Bar:
    x = scale.at(span.start)
    width = max(_THINNEST, scale.at(span.end) - x)
    took = span_of_time(span.end - span.start)
    if span.kind == "boot":
        return Bar("boot", x, _fixed(width), f"boot, {took}", -1, stolen=False)
    words = wording.GRADES.get(span.kind, span.kind)
    parts = [f"{span.domain}/{span.name}", f"attempt {span.attempt}", words, took]
    parts += ["stolen"] if span.stolen else []
    task = index.get((span.domain, span.name, span.trial), -1)
    return Bar(span.kind, x, _fixed(width), ", ".join(parts), task, span.stolen)


def _ticks(length: float) -> Iterable[tuple[float, str]]:
    step = next((s for s in _TICK_STEPS if length / s <= _TICKS_WANTED), length / _TICKS_WANTED)
    count = int(length / step)
    for number in range(count + 1):
        yield _fixed(100 * number * step / length), _clock(number * step, step)


def _clock(seconds: float, step: float) -> str:
    whole = round(seconds)
    if step < 60:
        return f"{whole // 60}:{whole % 60:02d} min" if whole >= 60 else f"{whole} s"
    if whole < 3600 and step < 3600:
        return f"{whole // 60} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A domain's line in the table: texts, and where its marks stand."""

    name: str
    scored: str
    mean: str
    successes: str
    interval: str
    line: Line | None
    rate_at: float | None
    mean_at: float | None


def domain_rows(results: Results) -> list[DomainRow]:
    """Return one row a domain."""
    return [
        DomainRow(
            name=domain,
            scored=f"{score.counts.scored}/{score.counts.expected}",
            mean=percent(score.mean),
            successes=f"{score.successes}",
            interval=wording.interval(score.interval),
            line=interval_line(score.interval),
            rate_at=spot(score.rate),
            mean_at=spot(score.mean),
        )
        for domain, score in results.domains
    ]
