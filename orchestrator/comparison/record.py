"""One run as a comparison reads it, from its ``results.json``. Nothing in that file is trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.comparison.schema import SCHEMAS_READ
from orchestrator.errors import BadInputError, Problem
from orchestrator.ledger.causes import Cause, Status
from orchestrator.ledger.records import plausible_time
from orchestrator.text import NAME_LIMIT, clean

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIX = "Give a results.json that this program wrote."
_PROBLEMS_SHOWN = 20
_VALUES_KEPT = 8

# What tells one task of a run from another without making runs unlike.
_OF_ONE_TASK = frozenset({"position", "position_since_reset"})


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one trial of a task. ``score`` is None unless ``status`` is scored."""

    status: Status
    cause: str
    score: float | None
    seconds: float
    attempts: int

    @property
    def success(self) -> bool:
        """Whether it has the full score."""
        return self.score is not None and self.score >= 1.0


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run. Texts are clean; moments Unix seconds, None where unknown; costs US dollars.

    ``trials`` has every expected trial by (domain, name); ``fingerprint`` every value of each key.
    ``source`` says where it was read from; digests are "" where unknown; ``working`` counts workers
    that had not ended when the document was written.
    """

    id: str
    source: str
    simulated: bool
    started: float | None
    ended: float | None
    makespan_s: float | None
    cost_usd: float | None
    suite_digest: str
    plan_digest: str
    working: int
    trials: Mapping[tuple[str, str], tuple[Trial, ...]]
    fingerprint: Mapping[str, tuple[str, ...]]

    @property
    def all_trials(self) -> list[Trial]:
        """Every expected trial."""
        return [trial for trials in self.trials.values() for trial in trials]

    @property
    def expected(self) -> int:
        """How many trials it was to have."""
        return sum(map(len, self.trials.values()))

    @property
    def scored(self) -> int:
        """How many of its trials have a score."""
        return sum(trial.score is not None for trial in self.all_trials)

    @property
    def missing(self) -> int:
        """How many of its trials never ended an attempt."""
        return sum(trial.status is Status.MISSING for trial in self.all_trials)

    def value(self, key: str) -> str:
        """Return what the fingerprint says of ``key``, "" when it says nothing."""
        return ", ".join(self.fingerprint.get(key, ()))


def read_record(document: object, where: str) -> RunRecord:
    """Return the run that a parsed ``results.json`` describes.

    Args:
        document: The parsed JSON; fields that a comparison does not use are not looked at.
        where: What to call it in messages, and its ``source``.

    Raises:
        BadInputError: Another format, no tasks, or tasks that cannot be read; the first twenty.
    """
    if not isinstance(document, dict) or document.get("schema") not in SCHEMAS_READ:
        raise BadInputError([Problem(where, _other_format(document), _FIX)])
    run, tasks = document.get("run"), document.get("tasks")
    problems = []
    if not isinstance(run, dict) or not isinstance(run.get("simulated"), bool):
        problems.append(Problem(f"{where}: run", "does not say whether it is simulated", _FIX))
    if not isinstance(tasks, list) or not tasks:
        problems.append(Problem(f"{where}: tasks", "is no list with a task in it", _FIX))
    reader = _TaskReader(where, problems)
    for index, task in enumerate(tasks if isinstance(tasks, list) else ()):
        reader.read(index, task)
    if problems or not isinstance(run, dict):
        raise BadInputError(problems[:_PROBLEMS_SHOWN])
    return RunRecord(
        id=clean(str(run.get("id", "")), NAME_LIMIT) or "unnamed",
        source=clean(where),
        simulated=run["simulated"],
        started=_moment(run.get("started")),
        ended=_moment(run.get("ended")),
        makespan_s=_amount(run.get("makespan_s")),
        cost_usd=_cost(document, run),
        suite_digest=clean(str(run.get("suite_digest", "")), NAME_LIMIT),
        plan_digest=clean(str(run.get("plan_digest", "")), NAME_LIMIT),
        working=_working(document.get("workers")),
        trials={key: tuple(trials) for key, trials in reader.trials.items()},
        fingerprint=_fingerprint(document.get("fingerprint")),
    )


def _other_format(document: object) -> str:
    """Return what a document is that is no run of a format which is read here."""
    formats = " or ".join(SCHEMAS_READ)
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, str):
        return f"is not of the format {formats}"
    return f"is of the format {clean(schema, NAME_LIMIT)}, not {formats}"


def _working(workers: Any) -> int:
    """Return how many workers neither left nor were found dead; a history keeps none."""
    known = (
        [worker for worker in workers if isinstance(worker, dict)]
        if isinstance(workers, list)
        else []
    )
    return sum(entry.get("left_at") is None and entry.get("died") is not True for entry in known)


class _TaskReader:
    """Collects trials by task, and what is wrong with any."""

    def __init__(self, where: str, problems: list[Problem]) -> None:
        self._where, self._problems = where, problems
        self._seen: set[tuple[str, str, int]] = set()
        self.trials: dict[tuple[str, str], list[Trial]] = {}

    def read(self, index: int, task: Any) -> None:
        """Take in one entry of ``tasks``, or say what is wrong with it."""
        try:
            key, number, trial = _task(task)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"cannot be read ({type(error).__name__}: {clean(str(error), 80)})"
            self._problems.append(Problem(f"{self._where}: tasks[{index}]", what, _FIX))
            return
        if (*key, number) in self._seen:
            what = f"{clean('/'.join(key), NAME_LIMIT)} appears twice"
            self._problems.append(Problem(f"{self._where}: tasks[{index}]", what, _FIX))
        self._seen.add((*key, number))
        self.trials.setdefault(key, []).append(trial)


def _task(task: Any) -> tuple[tuple[str, str], int, Trial]:
    domain, name, number = task["domain"], task["name"], task.get("trial", 0)
    if not (isinstance(domain, str) and isinstance(name, str) and domain and name):
        raise ValueError("domain and name must be texts")
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError("trial must be a whole number")
    status, score, cause = Status(task["status"]), task["score"], task.get("cause")
    if (status is Status.SCORED) != (score is not None):
        raise ValueError("a score must be there if it is scored, and only then")
    if score is not None and not 0 <= _number(score) <= 1:
        raise ValueError("score must be from 0 to 1")
    attempts = task.get("attempts")
    trial = Trial(
        status=status,
        cause="" if cause is None else Cause(cause).value,
        score=None if score is None else float(score),
        seconds=max(0.0, _number(task.get("seconds", 0.0))),
        attempts=len(attempts) if isinstance(attempts, list) else 0,
    )
    return (clean(domain, NAME_LIMIT), clean(name, NAME_LIMIT)), number, trial


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a number was expected")
    return float(value)


def _amount(value: Any) -> float | None:
    """Return a number that is not negative, else None: nothing is decided by it."""
    try:
        number = _number(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < 1e12 else None


def _moment(value: Any) -> float | None:
    result = _amount(value)
    return result if result is not None and plausible_time(result) else None


def _cost(document: Mapping[str, Any], run: Mapping[str, Any]) -> float | None:
    """Return what the fleet cost in the end, else what the run says."""
    fleet = document.get("fleet")
    cost = fleet.get("cost") if isinstance(fleet, dict) else None
    final = _amount(cost.get("final_usd")) if isinstance(cost, dict) else None
    return final if final is not None else _amount(run.get("cost_usd"))


def _fingerprint(result: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(result, dict):
        return {}
    common, varying = result.get("common"), result.get("varying")
    values: dict[str, tuple[str, ...]] = {}
    for key, value in (common if isinstance(common, dict) else {}).items():
        values[clean(str(key), NAME_LIMIT)] = (clean(str(value), NAME_LIMIT),)
    for key, several in (varying if isinstance(varying, dict) else {}).items():
        if isinstance(several, list):
            kept = sorted({clean(str(entry), NAME_LIMIT) for entry in several})[:_VALUES_KEPT]
            values[clean(str(key), NAME_LIMIT)] = tuple(kept)
    return {key: values[key] for key in sorted(values) if key not in _OF_ONE_TASK}
