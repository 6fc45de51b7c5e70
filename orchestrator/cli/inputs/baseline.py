"""What a run is compared with: runs that were named, runs that were kept, or runs on GitHub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options.github import github_problems
from orchestrator.errors import BadInputError, MatrixError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.cli.inputs.event import WorkflowEvent
    from orchestrator.cli.inputs.runs import RunFinder
    from orchestrator.cli.options.baseline import HistoryOptions
    from orchestrator.cli.options.github import GitHubOptions
    from orchestrator.comparison import Branch, RunRecord

BASELINE_WORKFLOW = "baseline.yml"
"""The repository's own workflow of the baseline."""

_TIMEOUT_S = 30.0

LOOKED_AT = 4
"""Runs on GitHub that are looked at, for each one that may be pooled."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The runs to compare with, oldest first; where there are none, ``why_not`` says why.

    ``branch`` is the one that they are of, with all of its runs that were made like them.
    """

    runs: list[RunRecord]
    why_not: str = ""
    branch: Branch | None = None


@dataclass(frozen=True, slots=True)
class BranchRuns:
    """Which runs of a branch are looked for: at most ``last``, kept ones in ``kept``'s store."""

    kept: HistoryOptions
    branch: str
    last: int


def find_baseline(
    record: RunRecord,
    finder: RunFinder,
    event: WorkflowEvent,
    wanted: BranchRuns,
    github: GitHubOptions,
    workflow: str,
) -> Baseline:
    """Return a branch's last runs, which a workflow's run is compared with.

    ``workflow`` is the file of the one whose runs are looked at on GitHub, if one is named.

    Raises:
        MatrixError: The store or GitHub could not be read.
    """
    reachable = event.in_actions or not github_problems(github)
    tried = workflows(event, workflow) if reachable else []
    result = last_runs(record, finder, wanted, [record], tried, create=True)
    if result.runs or reachable:
        return result
    return Baseline([], f"{result.why_not} GitHub was not asked, for there is no access to it.")


def why_no_baseline(error: MatrixError) -> str:
    """Return why there is nothing to compare with; what a store or GitHub said is in the log."""
    if not isinstance(error, BadInputError):
        return "the baseline could not be read."
    return f"the baseline cannot be used: {' '.join(str(problem) for problem in error.problems)}"


def workflows(event: WorkflowEvent, named: str) -> list[str]:
    """Return the files of the workflows whose runs may be a baseline, in the order to try them."""
    calling = event.workflow.rpartition("/")[2]
    tried = [named] if named else [BASELINE_WORKFLOW, calling]
    return [name for name in dict.fromkeys(tried) if name]


def last_runs(
    record: RunRecord,
    finder: RunFinder,
    wanted: BranchRuns,
    judged: Sequence[RunRecord],
    tried: Sequence[str],
    *,
    create: bool = False,
) -> Baseline:
    """Return a branch's last runs that were made like ``record``: kept ones, else those on GitHub.

    Args:
        record: The run to judge.
        finder: What reads runs on GitHub.
        wanted: The branch, how many, and where runs are kept, if they are.
        judged: Runs that are no baseline, for they are judged themselves.
        tried: The workflow files whose runs are looked at, in this order.
        create: A history that is not there yet is made, and is empty.

    Raises:
        MatrixError: The store or GitHub could not be read.
    """
    missing = []
    if wanted.kept.history:
        kept = from_history(record, wanted, judged, create=create)
        if kept.runs:
            return kept
        missing.append(kept.why_not)
    search = Search(finder, wanted.branch, wanted.last, judged)
    for workflow in tried:
        result = search.of(record, workflow)
        if result.runs:
            return result
        missing.append(result.why_not)
    looked = f": {'; '.join(missing)}" if missing else ""
    return Baseline([], f"no run of {wanted.branch} is known to compare with{looked}.")


def from_history(
    record: RunRecord,
    wanted: BranchRuns,
    judged: Sequence[RunRecord],
    *,
    create: bool,
) -> Baseline:
    """Return the kept runs to compare ``record`` with, none of which is among the ``judged``.

    Raises:
        MatrixError: The store could not be read.
    """
    kept = kept_records(wanted.kept, wanted.branch, create=create, count=10 * wanted.last)
    earlier = [run for run in kept if not _is_judged(run, judged)]
    why_not = "the history keeps none that shares a task with it"
    return _chosen(record, earlier, wanted.last, wanted.branch, why_not)


def _chosen(
    record: RunRecord, earlier: Sequence[RunRecord], last: int, branch: str, why_not: str
) -> Baseline:
    from orchestrator.comparison import Branch
    from orchestrator.comparison.baseline import choose_baseline

    records = choose_baseline(record, earlier, last)
    if not records:
        return Baseline([], why_not)
    like = choose_baseline(record, earlier, len(earlier))
    return Baseline(records, branch=Branch(branch, tuple(like)))


def _is_judged(run: RunRecord, judged: Sequence[RunRecord]) -> bool:
    from orchestrator.comparison import is_same_run

    return any(is_same_run(run, record) for record in judged)


def kept_records(
    options: HistoryOptions, branch: str | None, *, create: bool, count: int
) -> list[RunRecord]:
    """Return the last runs of a branch that were kept, oldest first, of every one for None.

    At most ``count``; damaged ones are passed over.
    ``create``: a history that is not there yet is made, and is empty.
    """
    from orchestrator.cli.inputs.run_store import readable
    from orchestrator.comparison import read_record
    from orchestrator.comparison.history import History

    name, ca = options.history_name, options.trust.store_ca
    where = readable(options.history, name, ca, _TIMEOUT_S, create=create)
    result = []
    for kept in History(where).last(branch, count):
        try:
            result.append(read_record(kept.document, kept.path))
        except BadInputError as error:
            click.echo(f"warning: passed over: {error.problems[0]}", err=True)
    return result


@dataclass(frozen=True, slots=True)
class Search:
    """Looks through the last runs of a branch on GitHub; those that are ``judged`` do not count."""

    finder: RunFinder
    branch: str
    last: int
    judged: Sequence[RunRecord]

    def of(self, record: RunRecord, workflow: str) -> Baseline:
        """Return the runs of a workflow to compare ``record`` with.

        Newest first, until ``last`` runs that were made alike are found, or ``LOOKED_AT`` times as
        many were looked at. Runs whose report is damaged are passed over, and named.

        Raises:
            GitHubError: GitHub could not be asked.
        """
        from orchestrator.comparison.baseline import is_settled

        runs = self.finder.github().runs.completed(workflow, self.branch)
        if runs is None:
            return Baseline([], f"there is no workflow {workflow} on GitHub")
        ids = [run.id for run in runs[: LOOKED_AT * self.last]]
        result: dict[str, RunRecord] = {}
        for run_id in ids:
            run = self._record(run_id)
            if run is None or _is_judged(run, self.judged):
                continue
            result.setdefault(run.id, run)  # a resumed run's newest report holds the earlier ones
            if is_settled(record, _oldest_first(result), self.last):
                break
        why_not = _why_not(workflow, len(ids), len(result))
        return _chosen(record, _oldest_first(result), self.last, self.branch, why_not)

    def _record(self, run_id: int) -> RunRecord | None:
        from orchestrator.comparison import read_record
        from orchestrator.github import ArchiveError, FailureKind, GitHubError

        try:
            loaded = self.finder.reported(run_id)
            return None if loaded is None else read_record(loaded.document, loaded.where)
        except (BadInputError, ArchiveError) as error:
            _pass_over(run_id, error)
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            _pass_over(run_id, error)  # it was deleted, or it expired, since it was listed
        return None


def _pass_over(run_id: int, error: MatrixError) -> None:
    said = error.problems[0] if isinstance(error, BadInputError) else error
    click.echo(f"warning: passed over GitHub run {run_id}: {said}", err=True)


def _oldest_first(result: Mapping[str, RunRecord]) -> list[RunRecord]:
    return list(result.values())[::-1]


def _why_not(workflow: str, looked_at: int, readable: int) -> str:
    if not looked_at:
        return f"{workflow} has no completed run on GitHub"
    runs = f"of the last {looked_at} completed runs of {workflow} on GitHub"
    if not readable:
        return f"{runs} none has a report of another run that is still kept and can be read"
    return f"{runs} none shares a task with it"
