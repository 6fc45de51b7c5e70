"""``waa-matrix power``: how many trials a difference takes, and what they cost."""

from __future__ import annotations

import json
import math
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import click

from orchestrator.cli.command import command
from orchestrator.cli.options.baseline import HistoryOptions
from orchestrator.cli.options.github import GitHubOptions, opened_github
from orchestrator.cli.options.output import AsJson
from orchestrator.cli.options.prices import PriceOptions, rates_or_why
from orchestrator.cli.options.values import argument, option, option_values
from orchestrator.errors import BadInputError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.comparison import RunRecord
    from orchestrator.planning.costs import Rates
    from orchestrator.planning.sample_size import Question, SampleSizeRow
    from orchestrator.stats import Chances

SUITE_TASKS = 154
"""The tasks of Windows Agent Arena."""

_MOST_TRIALS = 50
_MOST_TASKS = 2_000


@dataclass(frozen=True, slots=True)
class PowerRequest:
    """What is to be found, in fractions, and how it would be tried."""

    effect: float
    power: float
    missing: float
    tasks: int | None
    trials: int
    workers: int


@dataclass(frozen=True, slots=True)
class Model:
    """How tasks' chances are spread, whether runs say so, and of what."""

    chances: Chances
    fitted: bool
    said: str


def _share(text: str, flag: str, problems: list[Problem], *, least: float, most: float) -> float:
    """Return a percentage as a fraction; the sign may be left out."""
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        fix = f"Give percent from {least:g} to {most:g}."
        problems.append(Problem(f"{flag} {text}", "is no such percentage", fix))
    return value / 100


@option_values
class PowerOptions:
    """What difference is looked for, what is known of the runs, and what they would cost."""

    runs: Annotated[tuple[str, ...], argument(nargs=-1)] = ()
    effect: Annotated[str, option("--effect", help="Points of the success rate.")] = "5"
    power: Annotated[str, option("--power", help="Wanted chance to see it, percent.")] = "80"
    tasks: Annotated[
        int | None,
        option(
            "--task-count",
            old=("--tasks",),
            help="Tasks.  [default: the runs' own, else all 154]",
        ),
    ] = None
    trials: Annotated[int, option("--trials", help="At most, on each side.")] = 5
    missing: Annotated[str, option("--missing", help="Trials that will lack a score, percent.")] = (
        "0"
    )
    kept: HistoryOptions
    branch: Annotated[
        str | None, option("--branch", help="Only this branch's.  [default: all]")
    ] = None
    last: Annotated[int, option("--last", help="At most so many of them.")] = 10
    github: GitHubOptions
    workers: Annotated[int, option("--workers", help="Machines of a run.")] = 10
    prices: PriceOptions
    output: AsJson


def _read(options: PowerOptions, problems: list[Problem]) -> PowerRequest:
    """Return what the options ask for; add every problem to ``problems``."""
    whole = {
        "--task-count": (options.tasks, 1, _MOST_TASKS),
        "--trials": (options.trials, 1, _MOST_TRIALS),
        "--workers": (options.workers, 1, 256),
        "--last": (options.last, 1, 1_000),
    }
    problems += [
        Problem(flag, f"is {value}", f"Give {least} to {most}.")
        for flag, (value, least, most) in whole.items()
        if value is not None and not least <= value <= most
    ]
    return PowerRequest(
        effect=_share(options.effect, "--effect", problems, least=0.1, most=99),
        power=_share(options.power, "--power", problems, least=1, most=99.9),
        missing=_share(options.missing, "--missing", problems, least=0, most=90),
        tasks=options.tasks,
        trials=options.trials,
        workers=options.workers,
    )


@command(PowerOptions, read=_read)
def power(options: PowerOptions) -> int:
    """Show what 1 to N trials of each task a side would see, and what both sides would cost.

    The power is that of waa-matrix compare: of its test, and of its gate, for which every trial
    without a score goes against a finding (--missing). How unlike tasks are is learned from RUNS
    (see waa-matrix compare) and --history: of the runs that were made like the newest, how far
    the trials of one task agree. Where 20 tasks were not tried twice, a stated model stands in.

    \b
    Example:
      waa-matrix power --effect 5 --missing 2%
      waa-matrix power --effect 8 --history az://waaruns --branch main --trials 3 --json
      waa-matrix power monday tuesday wednesday --task-count 60 --offline
    """
    from orchestrator.planning.sample_size import rows

    problems: list[Problem] = []
    wish = _read(options, problems)
    if problems:
        raise BadInputError(problems)
    with ExitStack() as stack:
        known = _known(options, stack)
    model = _model(known)
    rates, trouble = rates_or_why(options.prices)
    question = _question(wish, known, model, rates, spot=options.prices.spot)
    results = rows(question)
    if options.output.as_json:
        click.echo(json.dumps(_document(question, model, results, rates), indent=1))
    else:
        prices = f"prices: {rates.source}" if rates else f"no prices: {trouble}"
        click.echo("\n".join([*_head(question, model), prices, "", *_table(question, results)]))
    return 0


def _known(options: PowerOptions, stack: ExitStack) -> list[RunRecord]:
    """Return the newest run that is given or kept, and those that were made like it.

    Raises:
        MatrixError: A run or the store cannot be read.
    """
    from orchestrator.cli.inputs.runs import RunFinder, records
    from orchestrator.comparison.baseline import made_alike
    from orchestrator.comparison.inputs import without_repeats

    ca = options.kept.trust.store_ca
    finder = RunFinder(lambda: stack.enter_context(opened_github(options.github)), ca)
    named = records(finder, options.runs)
    kept = _kept(options) if options.kept.history else []
    every = without_repeats([*kept, *named])
    alike = made_alike(every)
    for record in every:
        if record not in alike:
            click.echo(f"warning: passed over {record.id}: made unlike {alike[-1].id}", err=True)
    return alike


def _kept(options: PowerOptions) -> list[RunRecord]:
    from orchestrator.cli.inputs.baseline import kept_records

    return kept_records(options.kept, options.branch, create=False, count=options.last)


def _model(known: Sequence[RunRecord]) -> Model:
    """Return the spread that the runs tell, else the stated one; and which it is."""
    from orchestrator import stats
    from orchestrator.comparison import side_of
    from orchestrator.comparison.sides import tally

    if not known:
        return Model(stats.CHANCES, fitted=False, said="no run was given")
    side = side_of(known)
    tallies = [tally(trials) for trials in side.trials.values()]
    fitted = stats.fit_chances(tallies)
    twice = sum(task_tally.scored > 1 for task_tally in tallies)
    reported = f"{len(known)} {'run' if len(known) == 1 else 'runs'} made alike"
    if fitted is None:
        few = (
            f"{twice} tasks of {reported} have two scored trials, and {stats.FEWEST_TASKS} have to"
        )
        return Model(stats.CHANCES, fitted=False, said=few)
    simulated = ", simulated" if side.simulated else ""
    flips = [stats.flip_rate(task_tally.scored, task_tally.successes) for task_tally in tallies]
    seen = math.fsum(flip for flip in flips if flip is not None) / twice
    said = f"{reported}{simulated}; of {twice} tasks tried twice two trials differ on {seen:.1%}"
    return Model(fitted, fitted=True, said=said)


def _question(
    wish: PowerRequest, known: Sequence[RunRecord], model: Model, rates: Rates | None, *, spot: bool
) -> Question:
    from orchestrator.planning.costs import MachineKind
    from orchestrator.planning.forecast import Money
    from orchestrator.planning.sample_size import Question
    from orchestrator.planning.schedule import learn
    from orchestrator.planning.suite import TaskKey

    learned = learn(
        (TaskKey(*key), trial.seconds)
        for run in known
        for key, trials in run.trials.items()
        for trial in trials
        if trial.score is not None
    )
    own = len({key for run in known for key in run.trials})
    return Question(
        effect=wish.effect,
        power=wish.power,
        tasks=wish.tasks or own or SUITE_TASKS,
        most_trials=wish.trials,
        missing=wish.missing,
        chances=model.chances,
        durations=tuple(learned.by_task.values()),
        workers=wish.workers,
        money=None if rates is None else Money(rates, MachineKind(spot=spot)),
    )


def _head(question: Question, model: Model) -> list[str]:
    a, b = model.chances
    source = f"fitted: {model.said}" if model.fitted else f"the stated model: {model.said}"
    lacking = f", {question.missing:.1%} of the trials without a score" if question.missing else ""
    effect = f"a difference of {100 * question.effect:g} points"
    return [
        f"{question.tasks} tasks, {effect}, power {question.power:.0%}{lacking}",
        f"chances of tasks: Beta({a:.2f}, {b:.2f}), {source}",
        f"time and money: both sides, {question.workers} machines each",
    ]


def _table(question: Question, results: Sequence[SampleSizeRow]) -> list[str]:
    from orchestrator.planning.sample_size import enough
    from orchestrator.report.formats.comparison_terminal import table
    from orchestrator.report.phrases.amounts import NONE, dollars, percent

    head = ("trials", f"seen at {question.power:.0%}", "power", "attempts", "machine hours", "cost")
    shown = [
        (
            f"{row.trials} v {row.trials}",
            NONE if row.detectable is None else f"{100 * row.detectable:.1f} points",
            percent(row.power, 0),
            f"{row.attempts}",
            f"{row.machine_hours:.1f}",
            dollars(row.usd),
        )
        for row in results
    ]
    return [*table([head, *shown]), "", _answer(question, enough(results, question.power))]


def _answer(question: Question, fewest: SampleSizeRow | None) -> str:
    from orchestrator.report.phrases.amounts import dollars

    what = f"{100 * question.effect:g} points with power {question.power:.0%}"
    if fewest is None:
        cure = "fewer missing scores, " if question.missing else ""
        return (
            f"None of 1 to {question.most_trials} trials a side shows {what}: {cure}more tasks, "
            "more --trials, or a larger effect."
        )
    cost = "" if fewest.usd is None else f", {dollars(fewest.usd)}"
    trials = "trial" if fewest.trials == 1 else "trials"
    return (
        f"{fewest.trials} {trials} a side {'is' if fewest.trials == 1 else 'are'} enough for "
        f"{what}: {fewest.attempts} task attempts, {fewest.machine_hours:.1f} machine hours{cost}."
    )


def _document(
    question: Question, model: Model, results: Sequence[SampleSizeRow], rates: Rates | None
) -> dict[str, object]:
    from orchestrator.planning.sample_size import enough

    fewest = enough(results, question.power)
    return {
        "effect": question.effect,
        "power": question.power,
        "tasks": question.tasks,
        "missing": question.missing,
        "workers": question.workers,
        "chances": {"beta": list(model.chances), "fitted": model.fitted, "said": model.said},
        "rows": [asdict(row) for row in results],
        "enough": None if fewest is None else fewest.trials,
        "rates": None if rates is None else {"source": rates.source},
    }
