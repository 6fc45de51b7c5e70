"""Who worked on what, when: workers, their spans of time, and the sessions they belong to.

Times come from outcomes, heartbeats and the proofs of an end. They are for display only, and a
foreign or damaged record may say anything: what is no plausible time is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.ledger.causes import Cause, Status
from orchestrator.ledger.records import plausible_time
from orchestrator.planning.schedule import homes
from orchestrator.report.model.entries import SessionEntry, WorkerEntry, WorkerSpan, grade
from orchestrator.text import NAME_LIMIT, clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.ledger.fold import Folded
    from orchestrator.ledger.records import Heartbeat, Left, Outcome
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.suite import Unit

_SHARDS_LIMIT = 10_000  # a session's record is foreign text: no allocation follows its number


@dataclass(frozen=True, slots=True)
class Homes:
    """Whose home each unit was, in sessions of each size."""

    shards_of: Mapping[str, int]
    session_size: Mapping[str, int]
    by_size: Mapping[int, Mapping[Unit, int]]

    def stolen(self, outcome: Outcome) -> bool:
        """Whether an attempt was made by another shard than the unit's own."""
        shard = self.shards_of.get(outcome.worker)
        size = self.session_size.get(outcome.session)
        home = self.by_size.get(size, {}).get(outcome.unit) if size else None
        return shard is not None and home is not None and home != shard


def home_shards(plan: Plan, folded: Folded) -> Homes:
    """Return where each unit was at home in each session."""
    units = plan.units
    expected = plan.expected
    sizes = {session.session: session.machines for session in folded.sessions}
    by_size = {
        size: {
            units[index]: shard
            for shard, share in enumerate(homes(expected, size))
            for index in share
        }
        for size in set(sizes.values())
        if 0 < size <= _SHARDS_LIMIT
    }
    shards_of = {name: beat.shard for name, beat in folded.heartbeats.items()}
    return Homes(shards_of, sizes, by_size)


@dataclass(slots=True)
class _Lane:
    """What is known of one worker, before its spans are laid out."""

    worker: str
    beat: Heartbeat | None
    left: Left | None
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def session(self) -> str:
        if self.beat is not None:
            return self.beat.session
        if self.left is not None:
            return self.left.session
        return next((outcome.session for outcome in self.outcomes), "")

    @property
    def left_at(self) -> float:
        return self.left.at if self.left is not None and plausible_time(self.left.at) else 0.0

    @property
    def first(self) -> float:
        starts = [outcome.started for outcome in self.outcomes if _timed(outcome)]
        return min(starts, default=self.left_at)

    @property
    def last(self) -> float:
        return max((outcome.ended for outcome in self.outcomes if _timed(outcome)), default=0.0)


def _timed(outcome: Outcome) -> bool:
    return plausible_time(outcome.started) and outcome.started <= outcome.ended < 2e10


def workers_of(folded: Folded, where: Homes) -> tuple[WorkerEntry, ...]:
    """Return every worker that the ledger names, by session, shard and first sign of life."""
    lanes = _lanes(folded)
    started = {session.session: session.started for session in folded.sessions}
    order = {session.session: index for index, session in enumerate(folded.sessions)}
    lanes.sort(
        key=lambda lane: (
            order.get(lane.session, len(order)),
            lane.beat.shard if lane.beat else _SHARDS_LIMIT,
            lane.first,
            lane.worker,
        )
    )
    entries: list[WorkerEntry] = []
    previous: _Lane | None = None
    for lane in lanes:
        since = started.get(lane.session, 0.0)
        if previous is not None and _same_place(previous, lane):
            since = max(since, previous.last, previous.left_at)
        entries.append(_entry(lane, since, where))
        previous = lane
    return tuple(entries)


def _lanes(folded: Folded) -> list[_Lane]:
    lanes = {
        name: _Lane(name, folded.heartbeats.get(name), folded.left.get(name))
        for name in (*folded.heartbeats, *folded.left)
    }
    for result in folded.results:
        for outcome in result.attempts:
            if outcome.worker:
                lane = lanes.setdefault(outcome.worker, _Lane(outcome.worker, None, None))
                lane.outcomes.append(outcome)
    return list(lanes.values())


def _same_place(lane: _Lane, other: _Lane) -> bool:
    return (
        lane.beat is not None
        and other.beat is not None
        and (lane.session, lane.beat.shard) == (other.session, other.beat.shard)
    )


def _entry(lane: _Lane, since: float, where: Homes) -> WorkerEntry:
    left = lane.left
    machine = lane.beat.machine if lane.beat else next((o.machine for o in lane.outcomes), "")
    return WorkerEntry(
        id=clean(lane.worker, NAME_LIMIT),
        shard=lane.beat.shard if lane.beat else None,
        machine=clean(machine, NAME_LIMIT),
        session=clean(lane.session, NAME_LIMIT),
        exit_code=left.exit_code if left else None,
        reason=clean(left.reason) if left else "",
        died=left is not None and left.by != left.worker,
        left_at=lane.left_at,
        scored=sum(outcome.status is Status.SCORED for outcome in lane.outcomes),
        stolen=sum(where.stolen(outcome) for outcome in lane.outcomes),
        busy_s=sum(outcome.ended - outcome.started for outcome in lane.outcomes if _timed(outcome)),
        spans=_spans(lane, since, where),
    )


def _spans(lane: _Lane, since: float, where: Homes) -> tuple[WorkerSpan, ...]:
    timed = sorted(
        (outcome for outcome in lane.outcomes if _timed(outcome)),
        key=lambda outcome: (outcome.started, outcome.attempt),
    )
    spans: list[WorkerSpan] = []
    if timed and plausible_time(since) and since < timed[0].started:
        spans.append(WorkerSpan("boot", since, timed[0].started))
    spans += [_span(outcome, outcome.started, outcome.ended, where) for outcome in timed]
    end = spans[-1].end if spans else since
    for outcome in lane.outcomes:
        if outcome.cause is Cause.LOST and not _timed(outcome):
            start = _lost_since(lane, outcome, end)
            if plausible_time(start) and lane.left_at >= start:
                spans.append(_span(outcome, start, lane.left_at, where))
    return tuple(spans)


def _lost_since(lane: _Lane, outcome: Outcome, end: float) -> float:
    """Return when a lost attempt began: its worker's last heartbeat knew, if it was about it."""
    beat = lane.beat
    if beat is not None and (beat.unit, beat.attempt) == (outcome.unit, outcome.attempt):
        return max(beat.since, end)
    return end


def _span(outcome: Outcome, start: float, end: float, where: Homes) -> WorkerSpan:
    return WorkerSpan(
        kind=kind_of(outcome),
        start=start,
        end=end,
        domain=clean(outcome.unit.task.domain, NAME_LIMIT),
        name=clean(outcome.unit.task.name, NAME_LIMIT),
        trial=outcome.unit.trial,
        attempt=outcome.attempt,
        stolen=where.stolen(outcome),
    )


def kind_of(outcome: Outcome) -> str:
    """Return what a span of this attempt shows: its grade, or ``lost`` or ``released``."""
    if outcome.cause in (Cause.LOST, Cause.RELEASED):
        return outcome.cause.value
    return grade(outcome.status, outcome.points)


def sessions_of(folded: Folded, workers: Sequence[WorkerEntry]) -> tuple[SessionEntry, ...]:
    """Return the run's sessions in order of their start, those without a record last."""
    by_session: dict[str, list[WorkerEntry]] = {}
    for worker in workers:
        by_session.setdefault(worker.session, []).append(worker)
    entries = []
    for session in folded.sessions:
        name = clean(session.session, NAME_LIMIT)
        members = by_session.pop(name, [])
        entries.append(
            _session(name, members, session.started, clean(session.who), session.machines)
        )
    entries += [_session(name, members, 0.0, "", 0) for name, members in by_session.items()]
    return tuple(entries)


def _session(
    name: str, members: Iterable[WorkerEntry], started: float, who: str, machines: int
) -> SessionEntry:
    members = list(members)
    spans = [span for worker in members for span in worker.spans]
    known = started if plausible_time(started) else 0.0
    start = known or min((span.start for span in spans), default=0.0)
    ends = [span.end for span in spans] + [worker.left_at for worker in members]
    end = max(ends, default=start)
    return SessionEntry(name, start, max(start, end), who, machines, tuple(w.id for w in members))
