"""``waa-matrix plan``: what a run would do, take and cost, before anything starts."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import click

from orchestrator.cli.command import collect, command
from orchestrator.cli.options.duration import Duration
from orchestrator.cli.options.local import EvidenceKept
from orchestrator.cli.options.output import AsJson
from orchestrator.cli.options.plan import PlanOptions, planned
from orchestrator.cli.options.prices import PriceOptions, rates_of, rates_or_why
from orchestrator.cli.options.values import option, option_values
from orchestrator.errors import BadInputError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.planning.costs import Rates
    from orchestrator.planning.forecast import Prediction
    from orchestrator.planning.plan import Plan

_SHOWN_TASKS = 6


@option_values
class PlanCommand:
    """A plan, and what is asked of it."""

    plan: PlanOptions
    max_workers: Annotated[int, option("--max-workers", help="Predict for 1 to N.")] = 40
    workers: Annotated[
        int | None, option("--workers", help="Show the home shards of N workers.")
    ] = None
    deadline: Annotated[
        float | None,
        option(
            "--deadline",
            type=Duration(bare="m"),
            help="Choose the fewest workers that are done by then: 90m, 2h.",
        ),
    ] = None
    budget: Annotated[
        float | None, option("--budget", help="Choose the fastest within so many US dollars.")
    ] = None
    prices: PriceOptions
    keep: EvidenceKept
    output: AsJson


def _read(options: PlanCommand, problems: list[Problem]) -> Plan | None:
    """Return what the options ask for; add every problem to ``problems``."""
    made = collect(problems, lambda: planned(options.plan).plan)
    above_zero = {
        "--max-workers": options.max_workers,
        "--workers": options.workers,
        "--deadline": options.deadline,
        "--budget": options.budget,
    }
    problems += [
        Problem(flag, f"is {value:g}", "Give a number above 0.")
        for flag, value in above_zero.items()
        if value is not None and value <= 0
    ]
    return made


@command(PlanCommand, read=_read)
def plan(options: PlanCommand) -> int:
    """Show the tasks, their home shards, and what 1 to N machines would take and cost.

    Decisions go by the high figure, the ninth decile of simulated runs.

    \b
    Example:
      waa-matrix plan --suite demo --deadline 2h
      waa-matrix plan --suite waa --durations-from last/results.json --workers 10 --json
    """
    problems: list[Problem] = []
    made = _read(options, problems)
    if made is None or problems:
        raise BadInputError(problems)
    return _Forecast(made, options).show()


class _Forecast:
    """One call of ``plan``."""

    def __init__(self, plan: Plan, options: PlanCommand) -> None:
        self._plan, self._options = plan, options

    def show(self) -> int:
        """Print the forecast."""
        from orchestrator.planning.costs import MachineKind
        from orchestrator.planning.forecast import Money, assume, choose, forecast

        options = self._options
        rates, trouble = self._rates()
        money = None if rates is None else Money(rates, MachineKind(spot=options.prices.spot))
        counts = range(1, options.max_workers + 1)
        # Machines have one speed, whatever the simulated arena's is on this one.
        real = replace(self._plan, speed=1.0)
        predictions = forecast(real, counts, assume(real, fleet=True), money)
        chosen = None
        if options.deadline is not None or options.budget is not None:
            chosen = choose(predictions, deadline_s=options.deadline, budget_usd=options.budget)
        if options.output.as_json:
            click.echo(json.dumps(self._document(predictions, chosen, rates), indent=1))
        else:
            self._print(predictions, chosen, rates, trouble)
        return 0

    def _rates(self) -> tuple[Rates | None, str]:
        """Return the prices, or why there are none; a budget cannot be kept without."""
        if self._options.budget is not None:
            return rates_of(self._options.prices), ""
        return rates_or_why(self._options.prices)

    def _document(
        self, predictions: Sequence[Prediction], chosen: Prediction | None, rates: Rates | None
    ) -> dict[str, object]:
        from orchestrator.planning.forecast import evidence_mb

        return {
            "digest": self._plan.digest,
            "simulated": self._plan.simulated,
            "tasks": [
                {"task": str(task.task), "expected_s": task.expected_s} for task in self._plan.tasks
            ],
            "trials": self._plan.trials,
            "homes": self._homes(),
            "predictions": [asdict(prediction) for prediction in predictions],
            "chosen_workers": None if chosen is None else chosen.workers,
            "evidence_mb": evidence_mb(self._plan, self._options.keep.evidence),
            "rates": None if rates is None else {"source": rates.source},
        }

    def _homes(self) -> list[list[str]]:
        count = self._options.workers
        homes = self._plan.homes(count) if count else []
        return [[str(unit) for unit in home] for home in homes]

    def _print(
        self,
        predictions: Sequence[Prediction],
        chosen: Prediction | None,
        rates: Rates | None,
        trouble: str,
    ) -> None:
        from orchestrator.planning.forecast import evidence_mb, minutes_text

        total = sum(self._plan.expected)
        click.echo(f"{len(self._plan.units)} tasks to run, {minutes_text(total)} of expected work")
        if self._plan.simulated:
            click.echo("The arena is simulated; the figures are what real machines would take.")
        for task in self._plan.tasks[:_SHOWN_TASKS]:
            click.echo(f"  {minutes_text(task.expected_s):>8}  {task.task}")
        if len(self._plan.tasks) > _SHOWN_TASKS:
            click.echo(f"  … and {len(self._plan.tasks) - _SHOWN_TASKS} more (--json lists all)")
        for shard, home in enumerate(self._homes()):
            click.echo(f"shard {shard}: {len(home)} tasks, first {home[0] if home else 'none'}")
        click.echo(f"evidence: about {evidence_mb(self._plan, self._options.keep.evidence):.0f} MB")
        click.echo(f"prices: {rates.source}" if rates else f"no prices: {trouble}")
        click.echo("")
        click.echo("workers   makespan   (high)      machine-minutes   USD (high)")
        for prediction in _shown(predictions, chosen):
            usd = (
                "-"
                if prediction.usd is None
                else f"{prediction.usd:.2f} ({prediction.usd_high:.2f})"
            )
            mark = "  <- chosen" if prediction is chosen else ""
            click.echo(
                f"{prediction.workers:7d}   {minutes_text(prediction.makespan_s):>8}   "
                f"({minutes_text(prediction.makespan_high_s)})   "
                f"{prediction.machine_minutes:15.0f}   {usd}{mark}"
            )


def _shown(predictions: Sequence[Prediction], chosen: Prediction | None) -> list[Prediction]:
    """Return the rows worth a line: the first few, then ever wider apart, and the chosen one."""
    wanted = {1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128, 192, 256}
    last = predictions[-1]
    return [
        prediction
        for prediction in predictions
        if prediction.workers in wanted or prediction in (chosen, last)
    ]
