"""The options that name the runs to compare with, and what a comparison is judged by."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import click

from orchestrator.cli.options.store import StoreCa
from orchestrator.cli.options.values import option, option_values

VERDICTS = ("better", "worse", "not-distinguishable", "underpowered", "none")
HISTORY_NAME = "waa-history"


@option_values
class HistoryOptions:
    """A store of kept runs."""

    heading: ClassVar[str] = "Baseline"
    history: Annotated[
        str, option("--history", help="Store of kept runs: file:///DIR or az://ACCOUNT.")
    ] = ""
    history_name: Annotated[str, option("--history-name", help="The history's name there.")] = (
        HISTORY_NAME
    )
    trust: StoreCa


@option_values
class BaselineOptions:
    """A branch's last runs: those that were kept, else those on GitHub."""

    heading: ClassVar[str] = "Baseline"
    kept: HistoryOptions
    last: Annotated[
        int, option("--last", type=click.IntRange(min=1), help="Pool at most so many.")
    ] = 5
    baseline_workflow: Annotated[
        str,
        option(
            "--baseline-workflow",
            help="File of the workflow whose runs on GitHub are the baseline.",
        ),
    ] = ""


@option_values
class VerdictOptions:
    """What decides, and which verdicts fail."""

    heading: ClassVar[str] = "Verdict"
    on: Annotated[
        Literal["success", "score"],
        option("--on", help="What decides. Fix it before the scores are seen."),
    ] = "success"
    fail_if: Annotated[
        tuple[str, ...],
        option(
            "--fail-if", type=click.Choice(VERDICTS), help="Exit 1 on this verdict. Repeatable."
        ),
    ] = ()
