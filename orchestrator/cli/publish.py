"""``waa-matrix publish``: the verdict where people look, on GitHub."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.command import command
from orchestrator.cli.compare import failing
from orchestrator.cli.inputs.event import (
    default_branch,
    summary_path,
    summary_size,
    uses_job_token,
    workflow_event,
)
from orchestrator.cli.inputs.provision_outcome import provision_outcome
from orchestrator.cli.inputs.run_store import readable, sign_in_problems
from orchestrator.cli.options.github import github_problems, opened_github
from orchestrator.cli.options.publish import PublishOptions
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INFRASTRUCTURE,
    BadInputError,
    MatrixError,
    bad_input,
    worst_exit,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.cli.inputs.baseline import Baseline
    from orchestrator.cli.inputs.event import WorkflowEvent
    from orchestrator.cli.inputs.runs import RunFinder
    from orchestrator.comparison import Comparison, RunRecord
    from orchestrator.github import GitHub
    from orchestrator.report.publication import CheckText, Publication

ACTIONS_LOGIN = "github-actions[bot]"
COMMENT_KEY = "verdict"
_TIMEOUT_S = 30.0


@command(PublishOptions)
def publish(options: PublishOptions) -> int:
    """Publish RUN (see waa-matrix compare): step summary, comment, and a check of its own.

    The baseline is --against, or the last runs of the base branch that were made alike: those in
    --history, else those on GitHub whose report is still kept. There the completed runs of
    --baseline-workflow are looked at (4 times --last at most), by default those of baseline.yml,
    then those of the workflow that calls; never those of pull requests.

    The summary goes to GITHUB_STEP_SUMMARY; the comment to the event's pull request, where one
    comment is kept and updated; the check to its head commit: it fails only when the run is worse.
    A run without results is a check that fails: when --provision-result says so, because its
    machines were never brought up, with the reasons in --provision-events. With --no-run a pull
    request that gets no run has a neutral check all the same, for a branch may require it; a
    verdict that is there already stays.
    Whatever cannot be published is named, keeps nothing else back, and makes the exit code 4.
    Comments need pull-requests: write, the check checks: write, a baseline on GitHub actions: read.

    \b
    Example:
      waa-matrix publish report --history az://waaruns --artifact-url "$URL"
      waa-matrix publish report --baseline-workflow nightly.yml --last 3
      waa-matrix publish --no-run "It has no label run-smoke."
      waa-matrix publish report --against last/results.json --keep --history file:///srv/runs
    """
    if problems := sign_in_problems(options.baseline.kept.history):
        raise BadInputError(problems)
    with ExitStack() as stack:
        call = _PublishCall(options, stack)
        return call.tell_no_run(options.no_run) if options.no_run else call.publish()


@dataclass
class _PublishCall:
    """One call of ``publish``."""

    options: PublishOptions
    stack: ExitStack
    troubles: list[str] = field(default_factory=list)
    _github: GitHub | None = None

    def publish(self) -> int:
        from orchestrator.cli.inputs.runs import RunFinder
        from orchestrator.comparison import read_record
        from orchestrator.report.publication import (
            SUMMARY_LIMIT,
            check_of,
            comment_of,
            summary_of,
        )

        event = workflow_event(self.options.github.repository)
        finder = RunFinder(self.github, self.options.baseline.kept.trust.store_ca)
        try:
            result = finder.find(self.options.run)
            record = read_record(result.document, result.where)
        except MatrixError as error:
            return self._failed(event, error)
        outcome = provision_outcome(self.options.provision)
        publication = self._publication(event, finder, result.content, record, outcome.warnings)
        room = SUMMARY_LIMIT - summary_size()
        self._attempt("the step summary", lambda: self._summarize(summary_of(publication, room)))
        self._tell_github(event, comment_of(publication), check_of(publication))
        if self.options.out and publication.comparison:
            from orchestrator.cli.compare import write_comparison

            write_comparison(publication.comparison, Path(self.options.out))
        if self.options.keep:
            self._attempt("the history", lambda: self._keep(event, result.content))
        return self._exit(
            failing(publication.comparison, self.options.verdict.fail_if)
            if publication.comparison
            else 0
        )

    def tell_no_run(self, reason: str) -> int:
        """Write a neutral check, where none has ended yet; a run that comes writes its own."""
        from orchestrator.report.publication import no_run_texts

        event = workflow_event(self.options.github.repository)
        text, check = no_run_texts(reason, event.run_url)
        self._attempt("the step summary", lambda: self._summarize(text))
        sha = self.options.sha or event.head_sha
        if sha:
            self._attempt("the check", lambda: self._check_no_run(event, sha, check))
        else:
            self._trouble("the check", bad_input("--sha", "is not known", "Name the commit."))
        return self._exit(EXIT_COMPLETE)

    def github(self) -> GitHub:
        """Open GitHub once, when it is first needed."""
        if self._github is None:
            self._github = self.stack.enter_context(opened_github(self.options.github))
        return self._github

    def _publication(
        self,
        event: WorkflowEvent,
        finder: RunFinder,
        document: Mapping[str, object],
        record: RunRecord,
        warnings: tuple[str, ...],
    ) -> Publication:
        from orchestrator.report.publication import Publication, read_run_stats

        stats = read_run_stats(document)
        base = self.options.branch or event.base_branch or self._default_branch(event)
        comparison, why_not = self._compared(event, finder, record, base)
        return Publication(
            record=record,
            stats=replace(stats, warnings=(*warnings, *stats.warnings)),
            comparison=comparison,
            base="" if self.options.against else base,
            why_not=why_not,
            run_url=event.run_url,
            artifact_url=self.options.artifact_url
            or (f"{event.run_url}#artifacts" if event.run_url else ""),
        )

    def _default_branch(self, event: WorkflowEvent) -> str:
        try:
            return default_branch(event, self.options.github, self.github)
        except MatrixError as error:
            self._trouble("the default branch", error)
            return ""

    def _compared(
        self, event: WorkflowEvent, finder: RunFinder, record: RunRecord, base: str
    ) -> tuple[Comparison | None, str]:
        """Compare with the baseline; where that fails, the run is published all the same."""
        from orchestrator.cli.inputs.baseline import why_no_baseline
        from orchestrator.comparison import compare, side_of

        if not (base or self.options.against):
            return None, "the branch to compare with is not known; give --branch."
        try:
            baseline = self._baseline(event, finder, record, base)
            if not baseline.runs:
                return None, baseline.why_not
            sides = side_of(baseline.runs), [side_of([record])]
            return compare(*sides, on=self.options.verdict.on, branch=baseline.branch), ""
        except MatrixError as error:
            self._trouble("the baseline", error)
            return None, why_no_baseline(error)

    def _baseline(
        self, event: WorkflowEvent, finder: RunFinder, record: RunRecord, branch: str
    ) -> Baseline:
        """Return the runs that are named, else the branch's last."""
        from orchestrator.cli.inputs.baseline import Baseline, BranchRuns, find_baseline
        from orchestrator.cli.inputs.runs import records

        if self.options.against:
            return Baseline(records(finder, self.options.against))
        named = self.options.baseline
        wanted = BranchRuns(named.kept, branch, named.last)
        github = self.options.github
        return find_baseline(record, finder, event, wanted, github, named.baseline_workflow)

    def _tell_github(self, event: WorkflowEvent, comment: str, check: CheckText) -> None:
        if not event.in_actions and github_problems(self.options.github):
            click.echo("not in a workflow, and no access to GitHub: no comment, no check", err=True)
            return
        number = self.options.pull_request or event.pull_request
        if number is None:
            click.echo("no pull request: no comment", err=True)
        else:
            self._attempt("the comment", lambda: self._comment(number, comment))
        sha = self.options.sha or event.head_sha
        if not sha:
            click.echo("no commit is known: no check", err=True)
        else:
            self._attempt("the check", lambda: self._check(event, sha, check))

    def _comment(self, number: int, text: str) -> None:
        author = self.options.comment_author or (ACTIONS_LOGIN if uses_job_token() else None)
        written = self.github().comments.put(number, COMMENT_KEY, text, author=author)
        click.echo(f"comment {'written' if written.created else 'updated'}: {written.url}")

    def _check_no_run(self, event: WorkflowEvent, sha: str, text: CheckText) -> None:
        """Write the check, and end those that a run which died left in progress."""
        name = self.options.check_name
        there = self.github().checks.conclusions(sha, name)
        if any(there.values()):
            click.echo("there is a verdict already: it stays")
        waiting = [key for key, conclusion in there.items() if conclusion is None]
        for key in waiting or ([] if there else ["no-run"]):
            self._check(event, sha, text, key)

    def _check(self, event: WorkflowEvent, sha: str, text: CheckText, key: str = "") -> None:
        from orchestrator.github import Annotation, CheckRun, Conclusion, Level

        # An annotation needs a file of the repository; tasks have none, the workflow has.
        path = event.workflow or ".github"
        check = CheckRun(
            name=self.options.check_name,
            head_sha=sha,
            key=key or f"run-{event.run_id or self.options.run}",
            title=text.title,
            summary=text.summary,
            conclusion=Conclusion(text.conclusion),
            text=text.text,
            details_url=event.run_url,
            annotations=tuple(
                Annotation(path, 1, Level(remark.level), remark.message, remark.title)
                for remark in text.remarks
            ),
        )
        self.github().checks.put(check)
        click.echo(f"check {text.conclusion}: {text.title}")

    def _summarize(self, text: str) -> None:
        """Append to the step's summary, within what GitHub takes; print it where there is none."""
        from orchestrator.errors import StoreError

        where = summary_path()
        if not where:
            click.echo(text, nl=False)
            return
        try:
            with Path(where).open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise StoreError(f"{where}: cannot be written ({error.strerror})") from error

    def _keep(self, event: WorkflowEvent, document: Mapping[str, object]) -> None:
        from orchestrator.comparison.history import History

        kept_in = self.options.baseline.kept
        if not kept_in.history:
            raise bad_input("--keep", "has no store to keep the run in", "Give --history.")
        where = readable(
            kept_in.history,
            kept_in.history_name,
            kept_in.trust.store_ca,
            _TIMEOUT_S,
            create=True,
        )
        branch = event.branch or default_branch(event, self.options.github, self.github)
        kept = History(where).keep(document, branch, event.head_sha)
        click.echo(f"kept as {kept}")

    def _failed(self, event: WorkflowEvent, error: MatrixError) -> int:
        """Say that there is no result, so that no earlier verdict is taken for this one's."""
        from orchestrator.cli.outputs.annotations import problems_of
        from orchestrator.report.publication import failed_texts, unprovisioned_texts

        outcome = provision_outcome(self.options.provision)
        for problem in outcome.problems or problems_of(error):
            click.echo(f"error: {problem}", err=True)
        if outcome.failed:
            text, check = unprovisioned_texts(outcome.result, outcome.reasons, event.run_url)
        else:
            text, check = failed_texts(str(error), event.run_url)
        self._attempt("the step summary", lambda: self._summarize(text))
        self._tell_github(event, text, check)
        return self._exit(error.exit_code)

    def _attempt(self, what: str, action: Callable[[], None]) -> None:
        try:
            action()
        except MatrixError as error:
            self._trouble(what, error)

    def _trouble(self, what: str, error: MatrixError) -> None:
        self.troubles.append(what)
        click.echo(f"error: {what}: {error}", err=True)

    def _exit(self, code: int) -> int:
        return worst_exit([code, EXIT_INFRASTRUCTURE if self.troubles else EXIT_COMPLETE])
