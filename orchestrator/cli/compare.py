"""``waa-matrix compare``: better, worse, or not distinguishable, and why."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.command import command
from orchestrator.cli.github import github_options, opened_github
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    BadInputError,
    Problem,
    StoreError,
    bad_input,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.cli.baseline import Baseline
    from orchestrator.cli.runs import RunFinder
    from orchestrator.report.comparison import Comparison, Published, RunRecord

FILES = ("comparison.html", "comparison.json", "comparison.md")
VERDICTS = ("better", "worse", "not-distinguishable", "underpowered", "none")


on_option = click.option(
    "--on",
    type=click.Choice(("success", "score")),
    default="success",
    show_default=True,
    help="What decides. Fix it before the scores are seen.",
)


@command()
@click.argument("runs", nargs=-1, required=True)
@click.option(
    "--pool",
    multiple=True,
    help="A further run of the baseline, pooled with the first. Repeatable.",
)
@click.option(
    "--baseline", default="", help="Published numbers: navi, human, or a file. See below."
)
@click.option("--history", default="", help="Take the baseline from the runs kept in this store.")
@click.option(
    "--history-name", default="waa-history", show_default=True, help="The history's name there."
)
@click.option(
    "--baseline-workflow", default="", help="Or from this workflow file's runs on GitHub."
)
@click.option("--branch", default="", help="The baseline's.  [default: the default branch]")
@click.option(
    "--last", type=click.IntRange(min=1), default=5, show_default=True, help="Pool at most so many."
)
@on_option
@click.option("--store-ca", default="", help="Root certificate (PEM file) of the store.")
@github_options
@click.option("--out", type=click.Path(file_okay=False), default=None, help="Write files here.")
@click.option("--json", "as_json", is_flag=True, help="Print comparison.json.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@click.option(
    "--fail-if",
    multiple=True,
    type=click.Choice(VERDICTS),
    help="Exit 1 on this verdict. Repeatable.",
)
def compare(runs: tuple[str, ...], *, as_json: bool, markdown: bool, **options: Any) -> int:
    """Compare runs with the first of RUNS, task by task.

    A run is a results.json, a run's directory, a ledger's URL (file:///DIR/RUN, az://ACCOUNT/RUN),
    or the id of a workflow run, whose report artifact is fetched. On full successes the exact
    unconditional McNemar test decides (one trial a side; above 1,000 tasks the conditional one), or
    an exact stratified one (several), two-sided at 0.05, and only if the verdict stands however the
    tasks without a score had ended. --on score decides on mean scores, by dealing each task's
    trials anew to the two sides, where a score is neither 0 nor 1. With --history the baseline is
    the last runs of a branch that were made alike, pooled, and every run given is judged; with
    --baseline-workflow it is those of a workflow file whose reports GitHub still keeps. --baseline
    adds published numbers, unpaired: {"name": "…", "rates": {"Office": 0.1, "All": 0.2}}.

    \b
    Example:
      waa-matrix compare last/results.json nightly --fail-if worse
      waa-matrix compare 9182736450 9182736999 --repository octo/bench --out comparison
      waa-matrix compare nightly --history az://waaruns --branch main --json
      waa-matrix compare nightly --baseline-workflow baseline.yml --repository octo/bench
    """
    from orchestrator.report.comparison import to_comparison
    from orchestrator.report.comparison.markdown import render_comparison_markdown
    from orchestrator.report.comparison.terminal import render_text

    with ExitStack() as stack:
        comparison = compared(runs, options, stack)
    document = json.dumps(to_comparison(comparison), indent=1) + "\n"
    if as_json:
        text = document
    else:
        text = render_comparison_markdown(comparison) if markdown else render_text(comparison)
    click.echo(text, nl=False)
    if options["out"]:
        write_comparison(comparison, Path(options["out"]))
    return failing(comparison, options["fail_if"])


def compared(runs: Sequence[str], options: Mapping[str, Any], stack: ExitStack) -> Comparison:
    """Find the runs and compare them.

    Raises:
        BadInputError: Naming every run that cannot be used.
    """
    from orchestrator.cli.runs import RunFinder, records
    from orchestrator.report.comparison import against, compare, side_of

    if options["last"] < 1:
        raise bad_input("--last", "is below 1", "Give 1 or more.")
    of_branch = bool(options["history"] or options["baseline_workflow"])
    if options["pool"] and of_branch:
        fix = "Name the baseline's runs, or take them from a branch."
        raise bad_input("--pool", "is not used with --history or --baseline-workflow", fix)
    published = _published(options["baseline"])
    finder = RunFinder(lambda: stack.enter_context(opened_github(options)), options["store_ca"])
    found = records(finder, [*options["pool"], *runs])
    pool, named = found[: len(options["pool"])], found[len(options["pool"]) :]
    if of_branch:
        kept = _of_branch(named, finder, options)
        baseline, branch, candidates = kept.runs, kept.branch, named
    else:
        if len(named) < 2 and published is None:
            fix = "Give two runs, or --history, or --baseline-workflow, or --baseline."
            raise bad_input("RUNS", "is one run, with nothing to compare it with", fix)
        baseline, branch, candidates = [named[0], *pool], None, named[1:]
    sides = [side_of([one]) for one in candidates]
    judged = (sides or [side_of(baseline)]) if published else []
    beside = [against(side, published) for side in judged if published]
    return compare(side_of(baseline), sides, beside, on=options["on"], branch=branch)


def _of_branch(
    candidates: Sequence[RunRecord], finder: RunFinder, options: Mapping[str, Any]
) -> Baseline:
    from orchestrator.cli.baseline import last_runs
    from orchestrator.cli.event import default_branch, workflow_event

    event = workflow_event(options["repository"])
    branch = options["branch"] or default_branch(event, options, finder.github)

    workflow = options["baseline_workflow"]
    tried = [workflow] if workflow else []
    found = last_runs(candidates[0], finder, {**options, "branch": branch}, candidates, tried)
    if not found.runs:
        fix = "Keep one with waa-matrix history add, or name a run to compare with."
        flag = "--baseline-workflow" if workflow else "--history"
        raise bad_input(flag, found.why_not.rstrip("."), fix)
    return found


def _published(named: str) -> Published | None:
    from orchestrator.report.comparison import KNOWN, parse_published

    if not named or named in KNOWN:
        return KNOWN.get(named)
    try:
        return parse_published(Path(named).read_text(encoding="utf-8"), named)
    except (OSError, UnicodeDecodeError) as error:
        fix = f"Give a file, or one of {', '.join(KNOWN)}."
        raise BadInputError([Problem(f"--baseline {named}", "cannot be read", fix)]) from error


def write_comparison(comparison: Comparison, out: Path) -> None:
    """Write the comparison's files into ``out``.

    Raises:
        StoreError: The directory cannot be written to.
    """
    from orchestrator.report.comparison import to_comparison
    from orchestrator.report.comparison.markdown import render_comparison_markdown
    from orchestrator.report.comparison_page import render_comparison_html

    document = to_comparison(comparison)
    texts = (
        render_comparison_html(document),
        json.dumps(document, indent=1) + "\n",
        render_comparison_markdown(comparison),
    )
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in zip(FILES, texts, strict=True):
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{out}: cannot be written ({error.strerror}). Choose another --out."
        ) from error


def failing(comparison: Comparison, verdicts: Sequence[str]) -> int:
    """Return the exit code that ``--fail-if`` asks for."""
    found = {one.verdict.value for one in comparison.candidates}
    found |= {one.verdict.value for one in comparison.against}
    return EXIT_INCOMPLETE if found & set(verdicts) else EXIT_COMPLETE
