"""``waa-matrix compare``: better, worse, or not distinguishable, and why."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from orchestrator.cli.command import command
from orchestrator.cli.options.baseline import BaselineOptions, VerdictOptions
from orchestrator.cli.options.github import GitHubOptions, opened_github
from orchestrator.cli.options.values import argument, option, option_values
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    BadInputError,
    Problem,
    StoreError,
    bad_input,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.cli.inputs.baseline import Baseline
    from orchestrator.cli.inputs.runs import RunFinder
    from orchestrator.comparison import Comparison, Published, RunRecord

FILES = ("comparison.html", "comparison.json", "comparison.md")


@option_values
class CompareOptions:
    """Which runs, with which baseline, and how the comparison is told."""

    runs: Annotated[tuple[str, ...], argument(nargs=-1, required=True)] = ()
    pool: Annotated[
        tuple[str, ...],
        option("--pool", help="A further run of the baseline, pooled with the first. Repeatable."),
    ] = ()
    baseline: Annotated[
        str,
        option("--baseline", help="Published numbers: navi, human, or a file. See below."),
    ] = ""
    against: BaselineOptions
    branch: Annotated[
        str, option("--branch", help="The baseline's.  [default: the default branch]")
    ] = ""
    verdict: VerdictOptions
    github: GitHubOptions
    out: Annotated[
        str | None,
        option("--out", type=click.Path(file_okay=False), help="Write files here."),
    ] = None
    as_json: Annotated[bool, option("--json", help="Print comparison.json.")] = False
    markdown: Annotated[bool, option("--markdown", help="Print Markdown.")] = False


@command(CompareOptions)
def compare(options: CompareOptions) -> int:
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
    from orchestrator.report.formats.comparison_document import to_comparison
    from orchestrator.report.formats.comparison_markdown import render_comparison_markdown
    from orchestrator.report.formats.comparison_terminal import render_text

    with ExitStack() as stack:
        comparison = compared(options, stack)
    document = json.dumps(to_comparison(comparison), indent=1) + "\n"
    if options.as_json:
        text = document
    else:
        text = (
            render_comparison_markdown(comparison) if options.markdown else render_text(comparison)
        )
    click.echo(text, nl=False)
    if options.out:
        write_comparison(comparison, Path(options.out))
    return failing(comparison, options.verdict.fail_if)


def compared(options: CompareOptions, stack: ExitStack) -> Comparison:
    """Find the runs and compare them.

    Raises:
        BadInputError: Naming every run that cannot be used.
    """
    from orchestrator.cli.inputs.runs import RunFinder, records
    from orchestrator.comparison import against, compare, side_of

    of_branch = bool(options.against.kept.history or options.against.baseline_workflow)
    if options.pool and of_branch:
        fix = "Name the baseline's runs, or take them from a branch."
        raise bad_input("--pool", "is not used with --history or --baseline-workflow", fix)
    published = _published(options.baseline)
    finder = RunFinder(
        lambda: stack.enter_context(opened_github(options.github)),
        options.against.kept.trust.store_ca,
    )
    every = records(finder, [*options.pool, *options.runs])
    pool, named = every[: len(options.pool)], every[len(options.pool) :]
    if of_branch:
        kept = _of_branch(named, finder, options)
        baseline, branch, candidates = kept.runs, kept.branch, named
    else:
        if len(named) < 2 and published is None:
            fix = "Give two runs, or --history, or --baseline-workflow, or --baseline."
            raise bad_input("RUNS", "is one run, with nothing to compare it with", fix)
        baseline, branch, candidates = [named[0], *pool], None, named[1:]
    sides = [side_of([record]) for record in candidates]
    judged = (sides or [side_of(baseline)]) if published else []
    beside = [against(side, published) for side in judged if published]
    return compare(side_of(baseline), sides, beside, on=options.verdict.on, branch=branch)


def _of_branch(
    candidates: Sequence[RunRecord], finder: RunFinder, options: CompareOptions
) -> Baseline:
    from orchestrator.cli.inputs.baseline import BranchRuns, last_runs
    from orchestrator.cli.inputs.event import default_branch, workflow_event

    event = workflow_event(options.github.repository)
    branch = options.branch or default_branch(event, options.github, finder.github)
    workflow = options.against.baseline_workflow
    tried = [workflow] if workflow else []
    wanted = BranchRuns(options.against.kept, branch, options.against.last)
    result = last_runs(candidates[0], finder, wanted, candidates, tried)
    if not result.runs:
        fix = "Keep one with waa-matrix history add, or name a run to compare with."
        flag = "--baseline-workflow" if workflow else "--history"
        raise bad_input(flag, result.why_not.rstrip("."), fix)
    return result


def _published(named: str) -> Published | None:
    from orchestrator.comparison import KNOWN, parse_published

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
    from orchestrator.report.formats.comparison_document import to_comparison
    from orchestrator.report.formats.comparison_markdown import render_comparison_markdown
    from orchestrator.report.page.comparison_page import render_comparison_html

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
    texts = {candidate.verdict.value for candidate in comparison.candidates}
    texts |= {entry.verdict.value for entry in comparison.against}
    return EXIT_INCOMPLETE if texts & set(verdicts) else EXIT_COMPLETE
