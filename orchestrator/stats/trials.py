"""Several trials of each task: how often at least one, or all of k, would succeed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.stats.intervals import Interval, by_task, share_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def pass_at(trials: int, successes: int, k: int) -> float:
    """Return the unbiased estimate of the chance that at least one of k trials succeeds.

    1 - C(n - c, k) / C(n, k). Source: M. Chen et al., "Evaluating large language models trained on
    code", arXiv:2107.03374 (2021), section 2.1.

    Args:
        trials: n, at least ``k``.
        successes: c of them.
        k: How many.
    """
    return 1 - math.comb(trials - successes, k) / math.comb(trials, k)


def pass_all(trials: int, successes: int, k: int) -> float:
    """Return the unbiased estimate of the chance that all of k trials succeed (pass^k).

    C(c, k) / C(n, k). Source: S. Yao et al., "tau-bench: a benchmark for tool-agent-user
    interaction in real-world domains", arXiv:2406.12045 (2024), section 5.
    """
    return math.comb(successes, k) / math.comb(trials, k)


def flip_rate(trials: int, successes: int) -> float | None:
    """Return the unbiased estimate of the chance that two trials of a task disagree.

    2 c (n - c) / (n (n - 1)), twice the sample variance of its successes (the U-statistic with the
    kernel [x != y]: W. Hoeffding, Annals of Mathematical Statistics 19 (1948), 293-325). None for
    fewer than two trials.
    """
    if trials < 2:
        return None
    return 2 * successes * (trials - successes) / (trials * (trials - 1))


@dataclass(frozen=True, slots=True)
class Trials:
    """What trials say together.

    ``pass_at`` and ``pass_all`` map k to the mean over one set of tasks, the same for every k: the
    ``pass_tasks`` that have ``most`` scored trials. ``tasks`` counts those with two or more, over
    which ``flip_rate`` is the mean. Intervals are ``share_interval``'s, over the same tasks: that
    of pass@1 is the one of the success rate, where all tasks have as many trials.
    """

    most: int
    tasks: int
    pass_at: Mapping[int, float]
    pass_all: Mapping[int, float]
    flip_rate: float | None
    interval: Interval | None
    pass_tasks: int
    pass_at_intervals: Mapping[int, Interval | None]
    pass_all_intervals: Mapping[int, Interval | None]
    flip_interval: Interval | None


def over_trials(tasks: Sequence[Sequence[float]]) -> Trials | None:
    """Return what the scores of each task's trials say; a success is a score of 1.

    Returns:
        None where no task has more than one scored trial.
    """
    counts = [(len(scores), sum(score >= 1.0 for score in scores)) for scores in tasks if scores]
    most = max((n for n, _ in counts), default=0)
    if most < 2:
        return None
    whole = [c for n, c in counts if n == most]
    at = {k: [pass_at(most, c, k) for c in whole] for k in range(1, most + 1)}
    every = {k: [pass_all(most, c, k) for c in whole] for k in range(1, most + 1)}
    flipped = [n for n, _ in counts if n > 1]
    flips = [rate for n, c in counts if (rate := flip_rate(n, c)) is not None]
    return Trials(
        most=most,
        tasks=len(flips),
        pass_at={k: _mean(values) for k, values in at.items()},
        pass_all={k: _mean(values) for k, values in every.items()},
        flip_rate=_mean(flips),
        interval=by_task(tasks),
        pass_tasks=len(whole),
        pass_at_intervals={k: share_interval(shares, most) for k, shares in at.items()},
        pass_all_intervals={k: share_interval(shares, most) for k, shares in every.items()},
        flip_interval=share_interval(flips, min(flipped)),
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
