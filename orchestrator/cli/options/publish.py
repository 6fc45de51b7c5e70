"""What ``waa-matrix publish`` is told."""

from __future__ import annotations

from typing import Annotated

import click

from orchestrator.cli.inputs.provision_outcome import ProvisionOptions
from orchestrator.cli.options.baseline import BaselineOptions, VerdictOptions
from orchestrator.cli.options.github import GitHubOptions
from orchestrator.cli.options.values import argument, option, option_values


@option_values
class PublishOptions:
    """What is published, beside which baseline, and where."""

    run: Annotated[str, argument()] = "report"
    against: Annotated[
        tuple[str, ...], option("--against", help="A run of the baseline. Repeatable: pooled.")
    ] = ()
    baseline: BaselineOptions
    branch: Annotated[
        str, option("--branch", help="The baseline's.  [default: the base branch]")
    ] = ""
    keep: Annotated[bool, option("--keep", help="Keep this run in the history afterwards.")] = False
    github: GitHubOptions
    pull_request: Annotated[
        int | None, option("--pull-request", help="Its number.  [default: the event's]")
    ] = None
    sha: Annotated[str, option("--sha", help="The commit to check.  [default: the event's]")] = ""
    comment_author: Annotated[
        str, option("--comment-author", help="Only this login's comment is updated.")
    ] = ""
    check_name: Annotated[str, option("--check-name", help="The check's.")] = "WAA Matrix verdict"
    provision: ProvisionOptions
    no_run: Annotated[
        str,
        option(
            "--no-run",
            metavar="REASON",
            help="There is and will be no run: write the check alone, neutral, with the reason.",
        ),
    ] = ""
    verdict: VerdictOptions
    artifact_url: Annotated[
        str, option("--artifact-url", help="Link to the report's artifact.")
    ] = ""
    out: Annotated[
        str | None,
        option("--out", type=click.Path(file_okay=False), help="Comparison's files."),
    ] = None
