"""What a plan will take on 1, 2, … machines: time, machine minutes, money and evidence.

Pure. The durations a plan expects are means; a forecast plays the plan through the simulation over
seeded draws around them and reports the mean and a high figure, which is the one decisions go by.
"""

from __future__ import annotations

import math
import random
import statistics
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from orchestrator.errors import Problem, bad_input
from orchestrator.planning import costs
from orchestrator.planning.simulate import Overheads, Simulation, around_one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from orchestrator.planning.costs import MachineKind, Rates
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.simulate import Timeline

HOSTED_LIMIT_S = 5.5 * 3600
"""Boot and makespan of a run under one hosted job, which GitHub ends after 6 hours."""

DEFAULT_STEPS = 15
"""The client's own ``--max_steps``."""

_HIGH = 0.9

# Megabytes of evidence a step. Estimates, not measurements: a PNG of a whole Windows desktop about
# 0.5, of its foreground window about 0.4, an accessibility tree and the agent's notes about 0.2,
# the trajectory's and the log's lines about 0.01.
EVIDENCE_MB_PER_STEP: Mapping[str, float] = {
    "none": 0.0,
    "traj": 0.01,
    "screens": 0.51,
    "all": 1.11,
}


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a forecast takes for granted, in seconds of our time.

    Attributes:
        overheads: Boot of each machine, and what a worker needs before each task but its first.
        spread: Standard deviation of the logarithm of a duration around the expected one.
        delete_s: How long a machine is billed after its worker left.
        draws: How many runs are played for each number of workers.
        seed: Of the draws.
    """

    overheads: Overheads = field(default_factory=Overheads)
    spread: float = 0.45
    delete_s: float = 60.0
    draws: int = 20
    seed: int = 0


RESET_S = 180.0
"""A reset of a real arena: a fresh copy and a boot of Windows. Reported boots take 1 to 5 min."""


def assume(plan: Plan, *, fleet: bool) -> Assumptions:
    """Return the usual assumptions: 4-10 min for a fleet's machine to boot, none for a local one.

    A local real arena boots Windows once (1-5 min); a simulated one costs next to nothing.
    """
    if plan.simulated and not fleet:
        return Assumptions(delete_s=0.0)
    low, high = (240.0, 600.0) if fleet else (60.0, 300.0)
    resets = plan.arena.reset == "task" and not plan.simulated
    overheads = Overheads("as assumed", low, high, RESET_S if resets else 0.0)
    return Assumptions(overheads, delete_s=60.0 if fleet else 0.0)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a plan takes on ``workers`` machines; ``_high`` is the ninth decile of the draws.

    Times run from the launch and so include the boot. ``usd`` is None without rates.
    """

    workers: int
    makespan_s: float
    makespan_high_s: float
    machine_minutes: float
    usd: float | None
    usd_high: float | None


@dataclass(frozen=True, slots=True)
class Money:
    """What machines cost, and how they are bought."""

    rates: Rates
    kind: MachineKind


def forecast(
    plan: Plan, workers: Sequence[int], assumptions: Assumptions, money: Money | None = None
) -> tuple[Prediction, ...]:
    """Predict the plan on each number of ``workers``, in the given order."""
    ahead = Forecaster(plan, assumptions, money)
    return tuple(ahead.at(count) for count in workers)


def predict(
    plan: Plan, workers: int, assumptions: Assumptions, money: Money | None = None
) -> Prediction:
    """Predict the plan on this many workers; equal arguments give equal results."""
    return Forecaster(plan, assumptions, money).at(workers)


def simulated_runs(plan: Plan, workers: int, assumptions: Assumptions) -> list[Timeline]:
    """Play the plan ``assumptions.draws`` times; a simulated arena's speed is allowed for."""
    return list(Forecaster(plan, assumptions).runs(workers))


class Forecaster:
    """Predicts a plan on any number of workers. All numbers meet the same drawn durations."""

    def __init__(self, plan: Plan, assumptions: Assumptions, money: Money | None = None) -> None:
        self._assumptions, self._money = assumptions, money
        # Seeded for reproducibility; nothing here is a secret.
        rng = random.Random(assumptions.seed)  # noqa: S311
        self._drawn = [_durations(plan, rng, assumptions.spread) for _ in range(assumptions.draws)]
        names = [str(unit) for unit in plan.units]
        self._simulation = Simulation(plan.expected, identities=names)

    def at(self, workers: int) -> Prediction:
        """Predict the plan on this many workers; equal arguments give equal results."""
        lengths, machine_s = [], []
        for line in self.runs(workers):
            lengths.append(line.makespan_s)
            machine_s.append(line.billed_s(self._assumptions.delete_s))
        usd, usd_high = self._cost(machine_s)
        minutes = statistics.fmean(machine_s) / costs.MINUTE_S
        return Prediction(
            workers, statistics.fmean(lengths), _high(lengths), minutes, usd, usd_high
        )

    def runs(self, workers: int) -> Iterator[Timeline]:
        """Play the plan once a draw; a simulated arena's speed is allowed for."""
        overheads = self._assumptions.overheads
        rng = random.Random(self._assumptions.seed)  # noqa: S311 - as above
        for durations in self._drawn:
            boots = overheads.boots(rng, workers)
            yield self._simulation.play(
                durations, workers, boots=boots, between_s=overheads.between_s
            )

    def _cost(self, machine_s: Sequence[float]) -> tuple[float | None, float | None]:
        """Return US dollars, and those of the ninth decile; None without rates."""
        money = self._money
        if money is None:
            return None, None
        mean, high = statistics.fmean(machine_s), _high(machine_s)
        return (
            costs.predicted(money.rates, money.kind, mean),
            costs.predicted(money.rates, money.kind, high),
        )


def _durations(plan: Plan, rng: random.Random, spread: float) -> list[float]:
    """Draw seconds of our time; no task outlives the plan's deadline for one."""
    arena_s = [seconds * around_one(rng, spread) for seconds in plan.expected]
    return [min(seconds, plan.limits.task_s) / plan.speed for seconds in arena_s]


def _high(values: Sequence[float]) -> float:
    return sorted(values)[math.ceil(_HIGH * len(values)) - 1]


def evidence_mb(plan: Plan, evidence: str) -> float:
    """Return megabytes of evidence if every task takes all its steps, the reset's one included."""
    return len(plan.units) * (_steps(plan) + 1) * EVIDENCE_MB_PER_STEP[evidence]


def _steps(plan: Plan) -> int:
    """Return the client's ``--max_steps``; one that is no number is the client's to refuse."""
    steps = DEFAULT_STEPS
    arguments = [part for given in plan.agent.client_args for part in given.split("=", 1)]
    for flag, value in pairwise(arguments):
        if flag == "--max_steps" and value.isdecimal():
            steps = int(value)
    return steps


def choose(
    predictions: Sequence[Prediction],
    *,
    deadline_s: float | None = None,
    budget_usd: float | None = None,
) -> Prediction:
    """Choose a number of workers by the high figures.

    With a deadline: the fewest that meet it (within the budget, when both are given). With a budget
    alone: the fastest within it, and of equally fast ones the fewest.

    Raises:
        BadInputError: Neither is given, none fits, or a budget has no prices; names the nearest.
    """
    if budget_usd is not None and any(prediction.usd_high is None for prediction in predictions):
        raise bad_input(
            "--budget",
            "needs prices and there are none",
            "Give --size and --region, or --deadline.",
        )
    if deadline_s is None and budget_usd is None:
        raise bad_input("--workers", "is missing", "Give it, or a --deadline or --budget.")
    affordable = [
        prediction
        for prediction in predictions
        if budget_usd is None or _usd(prediction) <= budget_usd
    ]
    if not affordable:
        raise _too_dear(predictions)
    if deadline_s is None:
        return min(
            affordable, key=lambda prediction: (prediction.makespan_high_s, prediction.workers)
        )
    in_time = [prediction for prediction in affordable if prediction.makespan_high_s <= deadline_s]
    if not in_time:
        raise _too_slow(affordable, budget_usd)
    return min(in_time, key=lambda prediction: prediction.workers)


def _usd(prediction: Prediction) -> float:
    return math.inf if prediction.usd_high is None else prediction.usd_high


def _too_dear(predictions: Sequence[Prediction]) -> Exception:
    cheapest = min(predictions, key=lambda prediction: (_usd(prediction), prediction.workers))
    return bad_input(
        "--budget",
        f"is below what any number of workers up to {_most(predictions)} costs",
        f"The cheapest is {cheapest.workers}, at up to {_usd(cheapest):.2f} USD: "
        "raise the budget, choose a cheaper size or run fewer tasks.",
    )


def _too_slow(affordable: Sequence[Prediction], budget_usd: float | None) -> Exception:
    fastest = min(
        affordable, key=lambda prediction: (prediction.makespan_high_s, prediction.workers)
    )
    within = "" if budget_usd is None else f" within {budget_usd:.2f} USD"
    return bad_input(
        "--deadline",
        f"cannot be met{within} by any number of workers up to {_most(affordable)}",
        f"The fastest is {fastest.workers}, in up to {minutes_text(fastest.makespan_high_s)}: "
        "allow more time, more workers or more money, or run fewer tasks.",
    )


def _most(predictions: Sequence[Prediction]) -> int:
    return max(prediction.workers for prediction in predictions)


def minutes_text(seconds: float) -> str:
    """Return whole minutes, rounded up: "37 min", "5 h 31 min"."""
    hours, minutes = divmod(math.ceil(seconds / costs.MINUTE_S), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def hosted_problem(workers: int, at: Callable[[int], Prediction], most: int) -> Problem | None:
    """Return why a run on ``workers`` machines outlives its hosted job, or None when it does not.

    Args:
        workers: How many are asked for.
        at: Predicts for a number of workers.
        most: The largest number worth naming (a matrix has at most 256 jobs).
    """
    asked = at(workers)
    if asked.makespan_high_s <= HOSTED_LIMIT_S:
        return None
    what = (
        f"would take up to {minutes_text(asked.makespan_high_s)}, boot included; "
        f"a hosted job allows {minutes_text(HOSTED_LIMIT_S)}"
    )
    fits = _first_that_fits(workers + 1, at, most)
    if fits is None:
        return Problem(
            f"--workers {workers}",
            what,
            f"Not even {most} workers fit: select fewer tasks or trials, in several runs.",
        )
    return Problem(f"--workers {workers}", what, f"Give --workers {fits} or more.")


def _first_that_fits(low: int, at: Callable[[int], Prediction], most: int) -> int | None:
    """Bisect: more workers are never slower, but for the noise of boots."""
    if low > most or at(most).makespan_high_s > HOSTED_LIMIT_S:
        return None
    high = most
    while low < high:
        middle = (low + high) // 2
        if at(middle).makespan_high_s <= HOSTED_LIMIT_S:
            high = middle
        else:
            low = middle + 1
    return high
