"""The ledger's promises, over schedules that hypothesis chooses: see ``fakes.virtual``."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from orchestrator.errors import EXIT_INFRASTRUCTURE
from orchestrator.ledger import paths
from orchestrator.ledger.causes import ARENA_CAUSES, ATTEMPTS_LIMIT, RULES, Cause, Status
from orchestrator.ledger.fold import Folded, Stored, fold, read_objects
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, suite_of
from orchestrator.results.verdict import AttemptVerdict
from orchestrator.worker.attempt import Seen
from tests.fakes.virtual import Actor
from tests.fakes.virtual_world import World, open_world

if TYPE_CHECKING:
    from orchestrator.ledger.records import Outcome
    from orchestrator.planning.suite import Unit

LEASE_S, HEARTBEAT_S = 60.0, 10.0
_CURSES = [Cause.ARENA, Cause.EVALUATOR]
_FATES = [None, None, None, None, Cause.ARENA, Cause.SETUP, Cause.EVALUATOR, Cause.TIMEOUT]


class Fleet(RuleBasedStateMachine):
    """Workers that claim, die, stand still, come back, lose the store and lose replies."""

    @initialize(workers=st.integers(2, 4), tasks=st.integers(3, 9), seed=st.integers(0, 2**16))
    def start(self, workers: int, tasks: int, seed: int) -> None:
        self.scratch = Path(tempfile.mkdtemp(prefix="protocol-"))
        suite = suite_of(tuple(TaskKey("d", f"t{number}") for number in range(tasks)))
        plan = make_plan(PlanInputs(suite, heartbeat_s=HEARTBEAT_S, lease_s=LEASE_S))
        self.world: World = open_world(plan)
        self.seed = seed
        self.shards = workers
        self.actors = [self.spawn(shard) for shard in range(workers)]
        self.faulted: set[str] = set()

    def spawn(self, shard: int) -> Actor:
        return Actor(self.world, f"w{shard:03d}", (shard, self.shards), self.scratch, self.fate)

    def fate(self, unit: Unit, attempt: int) -> Seen:
        """Return how an attempt goes; some tasks are cursed and always fail alike."""
        curse = random.Random(f"{self.seed}/{unit}").choice([*[None] * 6, *_CURSES])
        draw = random.Random(f"{self.seed}/{unit}/{attempt}")
        cause = curse or draw.choice(_FATES)
        score = None if cause else float(draw.random() < 0.5)
        return Seen(AttemptVerdict(score, cause, (), ""), 3, draw.uniform(5.0, 90.0), {}, None)

    def pick(self, index: int) -> Actor:
        return self.actors[index % len(self.actors)]

    @rule(index=st.integers(0, 7), turns=st.integers(1, 40))
    def run(self, index: int, turns: int) -> None:
        actor = self.pick(index)
        for _ in range(turns):
            self.let(actor)

    @rule(seconds=st.sampled_from([2.0, 10.0, 30.0, 100.0]), turns=st.integers(1, 20))
    def pass_time(self, seconds: float, turns: int) -> None:
        self.advance(seconds, turns)

    def advance(self, seconds: float, turns: int) -> None:
        """Let time pass in small steps; live workers beat and get ``turns`` turns each second."""
        until = self.world.now + seconds
        while self.world.now < until:
            self.world.now += 1.0
            for actor in self.actors:
                actor.pulse()
                for _ in range(turns):
                    self.let(actor)

    @precondition(lambda self: sum(not a.dead for a in self.actors) > 1)
    @rule(index=st.integers(0, 7), proven=st.booleans())
    def kill(self, index: int, proven: bool) -> None:
        actor = self.pick(index)
        if not actor.ended and not actor.standing:
            self.faulted.add(actor.name)
            actor.kill(proven=proven)

    def put_down(self, actor: Actor, *, proven: bool) -> None:
        if not actor.ended:
            self.faulted.add(actor.name)
            actor.kill(proven=proven)

    @rule(index=st.integers(0, 7))
    def stand_still(self, index: int) -> None:
        actor = self.pick(index)
        self.faulted.add(actor.name)
        actor.standing = True

    @rule(index=st.integers(0, 7))
    def go_on(self, index: int) -> None:
        self.pick(index).standing = False

    @rule(index=st.integers(0, 7), down=st.booleans())
    def outage(self, index: int, down: bool) -> None:
        actor = self.pick(index)
        self.faulted.add(actor.name)
        actor.line.down = down

    @rule(index=st.integers(0, 7))
    def lose_a_reply(self, index: int) -> None:
        """Lose the reply of the next create, and let that create come about."""
        actor = self.pick(index)
        actor.line.lose_reply = True
        for _ in range(60):
            if actor.line.lose_reply:
                self.let(actor)

    def teardown(self) -> None:
        if not hasattr(self, "actors"):
            return
        try:
            self.finish()
            self.check(fold(self.world.plan.units, read_objects(self.stored())))
        finally:
            for actor in self.actors:
                actor.kill(proven=False)
            shutil.rmtree(self.scratch, ignore_errors=True)

    def unsettled(self) -> list[Unit]:
        """Return the units that still have a claim to an attempt."""
        folded = fold(self.world.plan.units, read_objects(self.stored()))
        return [
            result.unit for result in folded.results if not settled(result.status, result.attempts)
        ]

    def let(self, actor: Actor) -> None:
        """Let a worker go on to its next blocking point; see that it does not desert."""
        if not actor.ready:
            return
        actor.resume()
        if actor.ended and actor.exit_code != EXIT_INFRASTRUCTURE and self.unsettled():
            recent = self.world.now - 2 * LEASE_S
            stays = [
                entry for entry in self.actors if entry is not actor and entry.alive_since(recent)
            ]
            assert stays, f"{actor.name} left {self.unsettled()} to nobody"

    def finish(self) -> None:
        """Heal everything, bring one new worker, and let the run come to its end."""
        for actor in self.actors:
            actor.standing = actor.line.down = actor.line.lose_reply = False
        mortal = list(self.actors)
        self.actors.append(self.spawn_last())
        draw = random.Random(self.seed)
        for _ in range(400):
            self.advance(draw.uniform(1.0, 30.0), 40)
            if mortal and draw.random() < 0.3:
                self.put_down(mortal.pop(), proven=draw.random() < 0.5)
            if all(actor.ended for actor in self.actors):
                if not self.unsettled():
                    return
                # The last one was killed, or wore out its arena: whoever starts workers
                # replaces it.
                self.actors.append(self.spawn_last())
        waiting = {actor.name: actor.ledger_client.shown.phase for actor in self.actors}
        raise AssertionError(f"the run does not end: {waiting}")

    def spawn_last(self) -> Actor:
        name = f"x-last-{len(self.actors)}"
        return Actor(self.world, name, (0, self.shards), self.scratch, self.fate)

    def stored(self) -> list[Stored]:
        return [Stored(path, at, data) for path, (data, at) in self.world.objects.items()]

    # -- what must hold ---------------------------------------------------------------------

    def check(self, folded: Folded) -> None:
        units = self.world.plan.units
        assert [result.unit for result in folded.results] == list(units)
        assert folded.damage == ()
        for result in folded.results:
            assert settled(result.status, result.attempts), result
            self.check_budget(result.attempts)
        self.check_indifferent(folded)
        self.check_takeovers()
        self.check_one_owner()
        assert self.world.presumptuous == []

    def check_budget(self, attempts: tuple[Outcome, ...]) -> None:
        numbers: dict[int, list[Outcome]] = defaultdict(list)
        for outcome in attempts:
            numbers[outcome.attempt].append(outcome)
        costly = [outcome for outcome in attempts if outcome.cause is not Cause.RELEASED]
        assert len(costly) <= ATTEMPTS_LIMIT
        for cause, count in counted_causes(attempts).items():
            assert count <= (RULES[cause].retries or 0) + 1, (cause, count)
        assert all(len(ones) == 1 for ones in numbers.values())
        settled = [outcome.attempt for outcome in attempts if outcome.status is Status.SCORED]
        # A second score needs a first one that came back late from a worker given up for dead.
        late = {outcome.attempt for outcome in attempts if outcome.worker in self.faulted}
        assert len(settled) <= 1 or late.intersection(settled)

    def check_indifferent(self, folded: Folded) -> None:
        objects = self.stored() * 2
        random.Random(self.seed).shuffle(objects)
        again = fold(self.world.plan.units, read_objects(objects))
        assert again.results == folded.results

    def check_takeovers(self) -> None:
        """Nobody's task is taken over while it speaks within its lease."""
        for takeover in self.world.takeovers:
            assert takeover.left or takeover.silent_s > LEASE_S, takeover

    def check_one_owner(self) -> None:
        """An outcome belongs to the worker that has the claim."""
        snapshot = read_objects(self.stored())
        for key in snapshot.outcomes:
            claim = snapshot.claims[paths.ClaimPath(key.unit, key.attempt)]
            assert claim is not None
            assert claim.worker == key.worker


def settled(status: Status, attempts: tuple[Outcome, ...]) -> bool:
    """Whether a task is scored, or has used up a budget."""
    spent = any(
        count > (RULES[cause].retries or 0) for cause, count in counted_causes(attempts).items()
    )
    return status is Status.SCORED or spent or len(attempts) >= ATTEMPTS_LIMIT


def counted_causes(attempts: tuple[Outcome, ...]) -> Counter[Cause]:
    """Return how often each cause that costs something occurred; set-up counts as the arena."""
    causes = [outcome.cause for outcome in attempts if outcome.cause not in (None, Cause.RELEASED)]
    return Counter(Cause.ARENA if cause in ARENA_CAUSES else cause for cause in causes if cause)


Fleet.TestCase.settings = settings(
    max_examples=60 if settings().derandomize else 2000,
    stateful_step_count=40,
    # A failing schedule is printed as it is: shrinking one takes longer than reading it.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestFleet = Fleet.TestCase


# Found by exploring: a worker's outcome and its `left` came between two listings of another's look.
SCHEDULE = [
    ("pass_time", 10.0, 1),
    ("pass_time", 10.0, 18),
    ("pass_time", 100.0, 16),
    ("pass_time", 100.0, 14),
    ("outage", False, 3),
    ("pass_time", 10.0, 13),
    ("outage", False, 5),
    ("pass_time", 2.0, 3),
    ("pass_time", 2.0, 18),
    ("lose_a_reply", 3),
    ("outage", True, 7),
    ("pass_time", 2.0, 7),
    ("outage", True, 1),
    ("outage", True, 5),
    ("pass_time", 10.0, 3),
    ("pass_time", 100.0, 7),
    ("pass_time", 100.0, 6),
    ("pass_time", 10.0, 2),
    ("outage", True, 2),
    ("outage", False, 6),
    ("pass_time", 10.0, 6),
    ("pass_time", 100.0, 9),
    ("lose_a_reply", 1),
    ("lose_a_reply", 5),
    ("outage", False, 4),
    ("pass_time", 30.0, 15),
    ("pass_time", 2.0, 16),
    ("outage", False, 3),
    ("lose_a_reply", 4),
    ("pass_time", 10.0, 16),
    ("outage", False, 2),
    ("lose_a_reply", 4),
    ("outage", False, 5),
    ("lose_a_reply", 5),
    ("lose_a_reply", 3),
    ("pass_time", 10.0, 8),
    ("outage", False, 6),
    ("outage", False, 4),
    ("pass_time", 100.0, 8),
]


def test_an_end_between_two_listings_costs_no_further_attempt() -> None:
    fleet = Fleet()
    fleet.start(3, 4, 11908)
    for rule_name, *arguments in SCHEDULE:
        getattr(fleet, str(rule_name))(*arguments)
    fleet.teardown()
