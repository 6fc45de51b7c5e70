"""``waa-matrix report``: the report of a run's ledger, of artifacts, or of a bare result tree."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.closing import closing_lines
from orchestrator.cli.command import command
from orchestrator.cli.evidence_beside import page_beside, screenshot_options
from orchestrator.cli.options import DEFAULT_RUN, located, store_options, suite_options
from orchestrator.cli.provision_outcome import provision_options, provision_outcome
from orchestrator.cli.reading import readable
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    BadInputError,
    NoRunError,
    Problem,
    bad_input,
)

if TYPE_CHECKING:
    from orchestrator.cli.evidence_beside import Beside
    from orchestrator.plan import Plan
    from orchestrator.report.results import Results
    from orchestrator.results.tree import Tree
    from orchestrator.store import Store

_TIMEOUT_S = 30.0


@command()
@suite_options
@store_options
@click.argument("ledgers", nargs=-1, type=click.Path(file_okay=False))
@click.option(
    "--artifacts",
    type=click.Path(file_okay=False),
    default=None,
    help="Directory of downloaded ledger-* artifacts, however unpacked: their ledgers of --run are "
    "folded in.",
)
@click.option("--tree", type=click.Path(file_okay=False), help="A result tree of the client.")
@click.option("--trials", type=int, default=1, show_default=True, help="Trials in the tree.")
@click.option("--out", type=click.Path(file_okay=False), required=True, help="Where to write.")
@screenshot_options
@click.option(
    "--cache",
    type=click.Path(file_okay=False),
    default=None,
    help="Keep evidence fetched from a store there; what is there already is not fetched again.",
)
@provision_options
@click.option("--fail-under", type=float, default=None, help="Exit 1 if the mean is below this.")
def report(
    ledgers: tuple[str, ...],
    artifacts: str | None,
    tree: str | None,
    trials: int,
    out: str,
    fail_under: float | None,
    **options: Any,
) -> int:
    """Write report.html, results.json, summary.md and junit.xml.

    From run directories (LEDGERS: a run's --out, or workers' own ledgers, folded together), from
    a --store and --run, or from a --tree that the client wrote, against its --suite. What the
    page shows lies below --out, so that the directory can be sent and archived as it is.

    \b
    Example:
      waa-matrix report demo-run --out demo-run
      waa-matrix report demo-run --out to-send --single-file
      waa-matrix report --store az://waaruns --run waa-9182736450 --out report --screenshots small
      waa-matrix report --tree results --suite test_all.json --out tree-report
    """
    beside = page_beside(Path(out), options)
    extra_trials: tuple[str, ...] = ()
    if tree is not None:
        _check_alone(ledgers, artifacts)
        results, extra_trials = _of_tree(Path(tree), trials, beside, options)
    else:
        try:
            stores, run = _stores(ledgers, artifacts, options)
            results = _of_ledgers(stores, beside, run)
        except NoRunError as error:
            raise NoRunError([*error.problems, *provision_outcome(options).problems]) from error
    for line in closing_lines(results, Path(out), ""):
        click.echo(line)
    for warning in results.facts.warnings:
        click.echo(f"warning: {warning}", err=True)
    mean = results.score.mean
    under = fail_under is not None and (mean is None or mean < fail_under)
    complete = results.score.counts.complete and not under and not extra_trials
    return EXIT_COMPLETE if complete else EXIT_INCOMPLETE


def _check_alone(ledgers: tuple[str, ...], artifacts: str | None) -> None:
    """Refuse what a report of a tree would leave out."""
    problems = [
        Problem(what, "is given beside --tree", "Report a tree, or ledgers: not both in one call.")
        for what in (*ledgers[:1], *(["--artifacts"] if artifacts else []))
    ]
    if problems:
        raise BadInputError(problems)


def _stores(
    ledgers: tuple[str, ...], artifacts: str | None, options: dict[str, Any]
) -> tuple[list[Store], str]:
    """Return the stores that hold the run, and what the report calls it."""
    store, run_name, store_ca = options["store"], options["run_name"], options["store_ca"]
    places = [located(ledger, None, run_name) for ledger in ledgers]
    if store is not None or not (places or artifacts):
        places.append(located(None, store, run_name))
    named = run_name or (Path(ledgers[0]).absolute().name if ledgers else "")
    opening = [partial(readable, url, name, store_ca, _TIMEOUT_S) for url, name in places]
    if not artifacts:
        return [opened() for opened in opening], named
    from orchestrator.cli.downloads import downloads, with_downloads

    run = run_name or (DEFAULT_RUN if ledgers else "")
    stores, run = with_downloads(opening, downloads(Path(artifacts)), run)
    return stores, named or run


def _of_ledgers(stores: list[Store], beside: Beside, run: str) -> Results:
    """Fold the union of some ledgers of one run."""
    from orchestrator.cli.evidence_beside import collected_evidence
    from orchestrator.cli.gathered import gather
    from orchestrator.cli.reporting import write_report

    found = gather(stores, run, beside.waiting)
    evidence = collected_evidence(found.folded, stores, beside)
    return write_report(beside.page, found.plan, found.folded, found.facts, evidence, found.told)


def _of_tree(
    tree: Path, trials: int, beside: Beside, options: dict[str, Any]
) -> tuple[Results, tuple[str, ...]]:
    """Report a tree as the client left it: what is not in it is missing.

    Returns:
        The results, and the trials in it that were not asked for.
    """
    from orchestrator import __version__
    from orchestrator.cli.evidence_beside import tree_evidence
    from orchestrator.cli.options import chosen_suite
    from orchestrator.cli.reporting import write_report
    from orchestrator.ledger.fold import fold
    from orchestrator.report.facts import RunFacts
    from orchestrator.results.tree import read_tree

    if not tree.is_dir():
        raise bad_input(f"--tree {tree}", "is no directory", "Give the client's --result_dir.")
    plan = _tree_plan(chosen_suite(options), trials)
    found = read_tree(tree, plan.units)
    if len(found.configurations) > 1:
        fix = "Give --tree the directory of one of them."
        names = ", ".join(found.configurations)
        raise bad_input(f"--tree {tree}", f"holds several configurations ({names})", fix)
    folded = fold(plan.units, found.snapshot())
    facts = RunFacts(
        run=tree.name, simulated=False, version=__version__, warnings=_tree_warnings(found, trials)
    )
    evidence = tree_evidence(folded, found.directories, beside)
    return write_report(beside.page, plan, folded, facts, evidence), found.extra_trials


def _tree_warnings(found: Tree, trials: int) -> tuple[str, ...]:
    """Say what is in the tree and not in the report."""
    extra = ", ".join(found.extra_trials)
    more = " or the directory of one" if trials == 1 else ""
    left_out = f"trials {extra} are in the tree and were not asked for: give --trials{more}"
    strangers = [one for one in found.unexpected if one.trial not in found.extra_trials]
    named = [left_out] if extra else []
    return (*named, *(f"{one.task} is in the tree and not in the suite" for one in strangers))


def _tree_plan(suite: Any, trials: int) -> Plan:
    from orchestrator.plan import ArenaSettings, PlanInputs, make_plan

    # The tree does not say how it was made; it came from a real client, wherever that ran.
    arena = ArenaSettings(kind="winarena", image="unknown")
    return make_plan(PlanInputs(suite, trials=trials, arena=arena))
