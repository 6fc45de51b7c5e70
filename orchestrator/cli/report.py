"""``waa-matrix report``: the report of a run's ledger, of artifacts, or of a bare result tree."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from orchestrator.cli.command import command
from orchestrator.cli.inputs.provision_outcome import ProvisionOptions, provision_outcome
from orchestrator.cli.inputs.run_store import readable
from orchestrator.cli.options.score_bar import ScoreBar
from orchestrator.cli.options.store import DEFAULT_RUN, StoreOptions, located
from orchestrator.cli.options.suite import SuiteOptions, chosen_suite
from orchestrator.cli.options.values import argument, option, option_values
from orchestrator.cli.outputs.evidence_files import EvidenceDirectory, PageOptions
from orchestrator.cli.outputs.summary_lines import closing_lines
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    BadInputError,
    NoRunError,
    Problem,
    bad_input,
)

if TYPE_CHECKING:
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.suite import Suite
    from orchestrator.report.model.results import Results
    from orchestrator.results.tree import Tree
    from orchestrator.store import Store

_TIMEOUT_S = 30.0


_DIRECTORY = click.Path(file_okay=False)


@option_values
class ReportOptions:
    """What is reported, and where the report goes."""

    suite: SuiteOptions
    store: StoreOptions
    ledgers: Annotated[tuple[str, ...], argument(nargs=-1, type=_DIRECTORY)] = ()
    artifacts: Annotated[
        str | None,
        option(
            "--artifacts",
            type=_DIRECTORY,
            help="Directory of downloaded ledger-* artifacts, however unpacked: their ledgers of "
            "--run are folded in.",
        ),
    ] = None
    tree: Annotated[
        str | None, option("--tree", type=_DIRECTORY, help="A result tree of the client.")
    ] = None
    trials: Annotated[int, option("--trials", help="Trials in the tree.")] = 1
    out: Annotated[str, option("--out", type=_DIRECTORY, help="Where to write.")]
    page: PageOptions
    cache: Annotated[
        str | None,
        option(
            "--cache",
            type=_DIRECTORY,
            help="Keep evidence fetched from a store there; what is there already is not fetched "
            "again.",
        ),
    ] = None
    provision: ProvisionOptions
    bar: ScoreBar


@command(ReportOptions)
def report(options: ReportOptions) -> int:
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
    cache = Path(options.cache) if options.cache else None
    beside = EvidenceDirectory(Path(options.out), options.page.shown, cache)
    extra_trials: tuple[str, ...] = ()
    if options.tree is not None:
        _check_alone(options.ledgers, options.artifacts)
        results, extra_trials = _of_tree(Path(options.tree), options, beside)
    else:
        try:
            stores, run = _stores(options)
            results = _of_ledgers(stores, beside, run)
        except NoRunError as error:
            outcome = provision_outcome(options.provision)
            raise NoRunError([*error.problems, *outcome.problems]) from error
    for line in closing_lines(results, Path(options.out), ""):
        click.echo(line)
    for warning in results.facts.warnings:
        click.echo(f"warning: {warning}", err=True)
    under = options.bar.is_missed(results.score.mean)
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


def _stores(options: ReportOptions) -> tuple[list[Store], str]:
    """Return the stores that hold the run, and what the report calls it."""
    ledgers, artifacts = options.ledgers, options.artifacts
    store, run_name = options.store.store, options.store.run_name
    places = [located(ledger, None, run_name) for ledger in ledgers]
    if store is not None or not (places or artifacts):
        places.append(located(None, store, run_name))
    named = run_name or (Path(ledgers[0]).absolute().name if ledgers else "")
    opening = [
        partial(readable, url, name, options.store.trust.store_ca, _TIMEOUT_S)
        for url, name in places
    ]
    if not artifacts:
        return [opened() for opened in opening], named
    from orchestrator.cli.inputs.downloads import downloads, with_downloads

    run = run_name or (DEFAULT_RUN if ledgers else "")
    stores, run = with_downloads(opening, downloads(Path(artifacts)), run)
    return stores, named or run


def _of_ledgers(stores: list[Store], beside: EvidenceDirectory, run: str) -> Results:
    """Fold the union of some ledgers of one run."""
    from orchestrator.cli.inputs.load_run import gather
    from orchestrator.cli.outputs.evidence_files import collected_evidence
    from orchestrator.cli.outputs.report import write_report

    loaded = gather(stores, run, beside.waiting)
    evidence = collected_evidence(loaded.folded, stores, beside)
    return write_report(
        beside.page, loaded.plan, loaded.folded, loaded.facts, evidence, loaded.events
    )


def _of_tree(
    tree: Path, options: ReportOptions, beside: EvidenceDirectory
) -> tuple[Results, tuple[str, ...]]:
    """Report a tree as the client left it: what is not in it is missing.

    Returns:
        The results, and the trials in it that were not asked for.
    """
    from orchestrator import __version__
    from orchestrator.cli.outputs.evidence_files import tree_evidence
    from orchestrator.cli.outputs.report import write_report
    from orchestrator.ledger.fold import fold
    from orchestrator.report.model.facts import RunFacts
    from orchestrator.results.tree import read_tree

    if not tree.is_dir():
        raise bad_input(f"--tree {tree}", "is no directory", "Give the client's --result_dir.")
    plan = _tree_plan(chosen_suite(options.suite), options.trials)
    result = read_tree(tree, plan.units)
    if len(result.configurations) > 1:
        fix = "Give --tree the directory of one of them."
        names = ", ".join(result.configurations)
        raise bad_input(f"--tree {tree}", f"holds several configurations ({names})", fix)
    folded = fold(plan.units, result.snapshot())
    facts = RunFacts(
        run=tree.name,
        simulated=False,
        version=__version__,
        warnings=_tree_warnings(result, options.trials),
    )
    evidence = tree_evidence(folded, result.directories, beside)
    return write_report(beside.page, plan, folded, facts, evidence), result.extra_trials


def _tree_warnings(tree: Tree, trials: int) -> tuple[str, ...]:
    """Say what is in the tree and not in the report."""
    extra = ", ".join(tree.extra_trials)
    more = " or the directory of one" if trials == 1 else ""
    left_out = f"trials {extra} are in the tree and were not asked for: give --trials{more}"
    strangers = [
        directory for directory in tree.unexpected if directory.trial not in tree.extra_trials
    ]
    named = [left_out] if extra else []
    return (
        *named,
        *(f"{directory.task} is in the tree and not in the suite" for directory in strangers),
    )


def _tree_plan(suite: Suite, trials: int) -> Plan:
    from orchestrator.planning.plan import ArenaSettings, PlanInputs, make_plan

    # The tree does not say how it was made; it came from a real client, wherever that ran.
    arena = ArenaSettings(kind="winarena", image="unknown")
    return make_plan(PlanInputs(suite, trials=trials, arena=arena))
