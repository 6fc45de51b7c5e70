"""The worker timeline as a Mermaid gantt diagram, which GitHub renders inside Markdown."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from orchestrator.report.phrases.escapes import mermaid_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.report.model.entries import SessionEntry, WorkerEntry, WorkerSpan
    from orchestrator.report.model.results import Results

# Mermaid refuses a diagram above 50,000 characters, and GitHub does not raise its limit.
_SIZE_LIMIT = 45_000
_WORKERS_SHOWN = 40
_SHORT_S = 900.0  # below a quarter of an hour the axis shows seconds

# Tasks one after the other are merged into one bar while they look alike: a bar each fits no label.
_LOOKS = {"boot": "done, ", "infrastructure": "crit, ", "lost": "crit, ", "missing": "crit, "}
# What stands in a bar: longer words run over into the next one.
_SIGNS = {"boot": "-", "infrastructure": "!", "lost": "!", "missing": "!"}

LEGEND = (
    "A bar is a run of tasks and says how many; grey is the boot, red an attempt that "
    "infrastructure ended, a diamond the death of a worker."
)


def mermaid(results: Results) -> str:
    """Return the diagram of the run's last session, or "" when no time is known."""
    return diagram(results.workers, results.sessions)


def diagram(every: Sequence[WorkerEntry], sessions: Sequence[SessionEntry]) -> str:
    """Return the diagram of the last session that shows a worker at work, or ""."""
    workers = _last_session(every, sessions)
    if not workers:
        return ""
    lines = [
        "---",
        "displayMode: compact",
        "---",
        "gantt",
        "  dateFormat x",
        f"  axisFormat {_clock(workers)}",
    ]
    size = sum(map(len, lines))
    for index, worker in enumerate(workers[:_WORKERS_SHOWN]):
        block = [f"  section {_lane(worker)}", *_bars(worker)]
        size += sum(len(line) + 1 for line in block)
        if size > _SIZE_LIMIT:
            return "\n".join([*lines, f"  %% {len(workers) - index} more workers"])
        lines += block
    if len(workers) > _WORKERS_SHOWN:
        lines.append(f"  %% {len(workers) - _WORKERS_SHOWN} more workers")
    return "\n".join(lines)


def _last_session(
    every: Sequence[WorkerEntry], sessions: Sequence[SessionEntry]
) -> list[WorkerEntry]:
    by_id = {worker.id: worker for worker in every}
    for session in reversed(sessions):
        known = (by_id[name] for name in session.workers if name in by_id)
        workers = [worker for worker in known if worker.spans]
        if workers:
            return workers
    return []


def _clock(workers: Sequence[WorkerEntry]) -> str:
    spans = [span for worker in workers for span in worker.spans]
    length = max(span.end for span in spans) - min(span.start for span in spans)
    return "%H:%M" if length > _SHORT_S else "%H:%M:%S"


def _lane(worker: WorkerEntry) -> str:
    shard = "" if worker.shard is None else f"{worker.shard} "
    return shard + mermaid_label(worker.id, 24)


def _bars(worker: WorkerEntry) -> Iterator[str]:
    for look, group in groupby(worker.spans, key=lambda span: _LOOKS.get(span.kind, "")):
        yield _bar(look, list(group))
    if worker.died and worker.left_at:
        yield f"  x :milestone, crit, {round(worker.left_at * 1000)}, 0ms"


def _bar(look: str, spans: Sequence[WorkerSpan]) -> str:
    first, last = spans[0], spans[-1]
    start, end = round(first.start * 1000), round(last.end * 1000)
    label = _SIGNS.get(first.kind, str(len(spans)))
    return f"  {label} :{look}{start}, {max(1, end - start)}ms"
