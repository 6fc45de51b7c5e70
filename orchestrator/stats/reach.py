"""The smallest difference that a comparison of this shape would show, by the test that decides it.

The model between tasks is stated, for the answer depends on it: on the first side each task has a
chance of success, spread as ``CHANCES`` over the tasks; on the second all are lower by one step of
the log-odds, or higher where no fall could be seen. Each draw goes through the same test and the
same gate as a verdict: the exact test on what is scored, and again with every missing score filled
against the finding.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from orchestrator.stats.many import p_and_direction
from orchestrator.stats.power import ALPHA, POWER, mcnemar_power

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orchestrator.stats.paired import Pair

CHANCES = (0.35, 0.9)
"""The Beta distribution of tasks' chances: a mean of 28%, and two like runs differ on 22%."""

_GRID = 2_000
_DRAWS, _FEWEST_DRAWS = 1_000, 100
_WORK = 1_000_000
_STEPS = 4
_WIDEST = 24.0  # of the log-odds: nearly every task then fails, or succeeds

_SIGNS = (-1, 1)

Shape = tuple[int, int, int, int]
"""A task's scored and expected trials on the first side, then on the second."""


Chances = tuple[float, float]
"""The two parameters of the Beta distribution of tasks' chances."""


def detectable(
    pairs: Iterable[Pair],
    alpha: float = ALPHA,
    power: float = POWER,
    chances: Chances = CHANCES,
) -> float | None:
    """Return the smallest true difference of success rates that would be decided.

    Only how many trials each task has, and how many of them are scored, is read of ``pairs``.

    Returns:
        A fraction: at that difference the verdict is reached with chance ``power``, under the
        module's model, with tasks spread as ``chances``. None when no difference would be.
    """
    return _detectable(_shapes(pairs), alpha, power, chances)


def chance_to_decide(
    pairs: Iterable[Pair], effect: float, alpha: float = ALPHA, chances: Chances = CHANCES
) -> float | None:
    """Return the power at a difference: the chance that a true one of ``effect`` is decided.

    Args:
        pairs: Read as ``detectable`` does.
        effect: The difference of the success rates, a fraction above 0.
        alpha: The two-sided level of the test.
        chances: How the first side's chances are spread over the tasks.

    Returns:
        None where no step of the log-odds makes so large a difference.
    """
    shapes = _shapes(pairs)
    if not shapes:
        return None
    for sign in _SIGNS:
        if abs(difference(sign * _WIDEST, chances)) >= effect:
            return _power_at(shapes, _step_of(sign * effect, chances), alpha, chances)
    return None


def _step_of(effect: float, chances: Chances) -> float:
    """Return the step of the log-odds that makes this difference, a fall where it is negative."""
    sign = 1 if effect > 0 else -1
    wanted = abs(effect)
    return sign * _smallest(lambda step: abs(difference(sign * step, chances)) >= wanted)


@lru_cache(maxsize=64)
def _power_at(
    shapes: tuple[tuple[Shape, int], ...], step: float, alpha: float, chances: Chances
) -> float:
    if _single(shapes):
        return _enumerated(shapes[0][1], step, alpha, chances)
    return _Drawn.of(shapes, chances).power(step, alpha)


def _shapes(pairs: Iterable[Pair]) -> tuple[tuple[Shape, int], ...]:
    shapes = Counter(
        (pair.first.scored, pair.first.expected, pair.second.scored, pair.second.expected)
        for pair in pairs
    )
    return tuple(sorted(shapes.items()))


def _single(shapes: tuple[tuple[Shape, int], ...]) -> bool:
    return [shape for shape, _ in shapes] == [(1, 1, 1, 1)]


@lru_cache(maxsize=64)
def _detectable(
    shapes: tuple[tuple[Shape, int], ...], alpha: float, power: float, chances: Chances
) -> float | None:
    if not shapes:
        return None
    if _single(shapes):
        return _by_enumeration(shapes[0][1], alpha, power, chances)
    drawn = _Drawn.of(shapes, chances)
    for sign in _SIGNS:
        if drawn.power(sign * _WIDEST, alpha) >= power:
            return _by_draws(drawn, sign, alpha, power)
    return None


def _by_enumeration(tasks: int, alpha: float, power: float, chances: Chances) -> float | None:
    """Sum over every outcome of one trial a side."""
    for sign in _SIGNS:
        if _enumerated(tasks, sign * _WIDEST, alpha, chances) >= power:
            return _smallest_difference(
                lambda step: _enumerated(tasks, step, alpha, chances), sign, power, chances
            )
    return None


def _enumerated(tasks: int, step: float, alpha: float, chances: Chances) -> float:
    gained, lost = _discordant(step, chances)
    return mcnemar_power(tasks, gained + lost, abs(gained - lost), alpha)


def _smallest_difference(
    chance: Callable[[float], float], sign: int, power: float, chances: Chances
) -> float:
    step = _smallest(lambda step: chance(sign * step) >= power)
    return abs(difference(sign * step, chances))


def _smallest(enough: Callable[[float], bool]) -> float:
    """Return the smallest step of the log-odds that is enough; the widest one is."""
    low, high = 0.0, _WIDEST
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _by_draws(drawn: _Drawn, sign: int, alpha: float, power: float) -> float:
    """Move the difference until so many draws are decided, along the normal curve of the power."""
    normal = NormalDist()
    edge = normal.inv_cdf(1 - alpha / 2)
    start = (edge + normal.inv_cdf(power)) * drawn.error
    step = _smallest(lambda step: abs(difference(sign * step, drawn.chances)) >= start)
    for _ in range(_STEPS):
        chance = min(0.98, max(0.02, drawn.power(sign * step, alpha)))
        wanted = (edge + normal.inv_cdf(power)) / max(0.2, edge + normal.inv_cdf(chance))
        step = min(_WIDEST, step * min(2.0, max(0.5, wanted)))
    return abs(difference(sign * step, drawn.chances))


@lru_cache(maxsize=8)
def _log_odds(chances: Chances) -> Any:
    """Return the model's quantiles, as log-odds."""
    import numpy as np
    from scipy.special import logit
    from scipy.stats import beta

    return logit(_inner(beta.ppf((np.arange(_GRID) + 0.5) / _GRID, *chances)))


def _inner(chances: Any) -> Any:
    """Return chances that have log-odds: a spread with much at its ends rounds to 0 and 1."""
    import numpy as np

    return np.clip(chances, 1e-12, 1 - 1e-12)


def difference(step: float, chances: Chances = CHANCES) -> float:
    """Return the difference of the success rates of sides that are a step of log-odds apart."""
    from scipy.special import expit

    middle = _log_odds(chances)
    return float((expit(middle + step) - expit(middle)).mean())


def _discordant(step: float, chances: Chances) -> tuple[float, float]:
    """Return the chances that a task, tried once a side, is gained, and that it is lost."""
    from scipy.special import expit

    middle = _log_odds(chances)
    first, second = expit(middle), expit(middle + step)
    return float((second * (1 - first)).mean()), float((first * (1 - second)).mean())


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Chances of tasks, drawn once: ``middle`` has a row a draw, in log-odds."""

    middle: Any
    scored: tuple[Any, Any]
    missing: tuple[Any, Any]
    chances: Chances

    @classmethod
    def of(cls, shapes: tuple[tuple[Shape, int], ...], spread: Chances) -> _Drawn:
        import numpy as np
        from scipy.special import logit

        every = np.array([shape for shape, count in shapes for _ in range(count)])
        first, expected, second, expected_second = every.T
        cells = len(every) + int(np.minimum(expected, expected_second).sum())
        draws = min(_DRAWS, max(_FEWEST_DRAWS, _WORK // cells))
        chances = np.random.default_rng(0).beta(*spread, (draws, len(every)))
        return cls(
            logit(_inner(chances)),
            (first, second),
            (expected - first, expected_second - second),
            spread,
        )

    @property
    def error(self) -> float:
        """The standard error of the mean difference between like sides."""
        import numpy as np

        first, second = self.scored
        known = (first > 0) & (second > 0)
        if not known.any():
            return 1.0
        a, b = self.chances
        within = a * b / ((a + b) * (a + b + 1))
        spread = within * (1 / first[known] + 1 / second[known])
        return math.sqrt(float(np.mean(spread)) / int(known.sum()))

    def power(self, step: float, alpha: float) -> float:
        """Return the share of draws in which the second side, so moved, is called so."""
        import numpy as np
        from scipy.special import expit

        draws = np.random.default_rng(1)
        first = draws.binomial(self.scored[0], expit(self.middle))
        second = draws.binomial(self.scored[1], expit(self.middle + step))
        sign = 1 if step > 0 else -1
        seen = _decided(first, second, self.scored, sign, alpha)
        if not (self.missing[0].any() or self.missing[1].any()):
            return float(seen.mean())
        # The gate: what is missing succeeds on the side that is behind, and fails on the other.
        behind = first if sign > 0 else second
        behind += self.missing[0 if sign > 0 else 1]
        whole = (self.scored[0] + self.missing[0], self.scored[1] + self.missing[1])
        return float((seen & _decided(first, second, whole, sign, alpha)).mean())


def _decided(first: Any, second: Any, trials: tuple[Any, Any], sign: int, alpha: float) -> Any:
    p, direction = p_and_direction(first, second, *trials)
    return (p <= alpha) & (direction == sign)
