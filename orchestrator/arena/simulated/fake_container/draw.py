"""What a stand-in task does, drawn from a seed: how long it takes, its steps and its score.

A duration is log-normal around 400 s, the median of nineteen published Windows Agent Arena
episodes: a factor of the domain (log-sd 0.3) times one of the task (log-sd 0.45). The task's factor
is mostly its own and a little the trial's, so that history helps a schedule without settling it.
"""

from __future__ import annotations

import math
from _blake2 import blake2b  # hashlib's own, without the time it takes to load OpenSSL
from typing import NamedTuple

MEDIAN_S = 400.0
DOMAIN_LOG_SD = 0.3
TASK_LOG_SD = 0.45
TRIAL_LOG_SD = 0.2
"""The part of ``TASK_LOG_SD`` that changes from trial to trial (variances add)."""

SHORTEST_S, LONGEST_S = 60.0, 3000.0
STEPS_LIMIT = 15
_STEP_S = 28.0
_FIXED_S = 60.0

# Success of one try is p = u ** _HARDNESS with u uniform over tasks: mean 1 / (1 + _HARDNESS).
_HARDNESS = 2.6
_PARTIAL = 0.12
_WHOLE_WORDS = (("0", "1"), ("0.0", "1.0"), ("False", "True"), ("0.0", "1.0"))


class DrawnTrial(NamedTuple):
    """One trial of one task. ``result`` is the text that ``result.txt`` will hold for ``score``."""

    duration_s: float
    steps: int
    score: float
    result: str


def draw(seed: int, domain: str, name: str, trial: int) -> DrawnTrial:
    """Return what this trial does; the same arguments always give the same answer."""
    task = (seed, domain, name)
    spread = math.sqrt(TASK_LOG_SD**2 - TRIAL_LOG_SD**2)
    log_factor = (
        DOMAIN_LOG_SD * _normal(seed, domain, "domain")
        + spread * _normal(*task, "task")
        + TRIAL_LOG_SD * _normal(*task, trial, "trial")
    )
    duration = min(LONGEST_S, max(SHORTEST_S, MEDIAN_S * math.exp(log_factor)))
    pace = _STEP_S * math.exp(0.25 * _normal(*task, trial, "pace"))
    steps = min(STEPS_LIMIT, max(2, round((duration - _FIXED_S) / pace)))
    score = _score(task, trial)
    return DrawnTrial(duration, steps, score, result_text(seed, domain, name, score))


def result_text(seed: int, domain: str, name: str, score: float) -> str:
    """Spell a score as this task's metric does: an int, a float, or the words True and False."""
    words = _WHOLE_WORDS[int(_uniform(seed, domain, name, "words") * len(_WHOLE_WORDS))]
    return {0.0: words[0], 1.0: words[1]}.get(score, str(score))


def _score(task: tuple[int, str, str], trial: int) -> float:
    chance = _uniform(*task, "hardness") ** _HARDNESS
    luck = _uniform(*task, trial, "luck")
    if luck < chance:
        return 1.0
    partial = not task[2].startswith("INF-") and _uniform(*task, "partial") < _PARTIAL
    return 0.5 if partial and luck < 0.5 else 0.0


def _uniform(*key: object) -> float:
    """Return a number in (0, 1) that depends on ``key`` alone."""
    text = "\n".join(str(part) for part in key)
    digest = blake2b(text.encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 0.5) / 2.0**64


def _normal(*key: object) -> float:
    """Return a standard normal deviate that depends on ``key`` alone (Box and Muller, 1958)."""
    radius = math.sqrt(-2.0 * math.log(_uniform(*key, "radius")))
    return radius * math.cos(2.0 * math.pi * _uniform(*key, "angle"))
