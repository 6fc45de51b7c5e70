"""What workers are told beside the plan: each of them, and those that one machine starts."""

from __future__ import annotations

from typing import Annotated, ClassVar

import click

from orchestrator.cli.options.output import Colours
from orchestrator.cli.options.values import option, option_values
from orchestrator.planning.plan import EVIDENCE_KINDS


@option_values
class EvidenceKept:
    """What a task leaves in the store."""

    evidence: Annotated[
        str,
        option(
            "--evidence", type=click.Choice(EVIDENCE_KINDS), help="What is kept of each attempt."
        ),
    ] = "screens"


@option_values
class TaskOptions:
    """What a worker needs to run a task here, and what it keeps."""

    heading: ClassVar[str] = "Workers"
    keep: EvidenceKept
    forwarded: Annotated[
        tuple[str, ...],
        option("--env", help="Forward this variable to the client. Repeatable."),
    ] = ()
    storage: Annotated[
        str | None, option("--storage", type=click.Path(file_okay=False), help="Golden image.")
    ] = None
    requirements: Annotated[
        str, option("--requirements", help="A requirements file in the client tree.")
    ] = ""


@option_values
class LocalOptions:
    """The workers of this machine."""

    heading: ClassVar[str] = "Workers"
    workers: Annotated[int, option("--workers", help="Worker processes.")] = 4
    task: TaskOptions
    min_free: Annotated[int, option("--min-free", help="Stop when --out's disk has less, MiB.")] = (
        64
    )
    colours: Colours
