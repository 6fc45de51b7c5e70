"""The command line: the composition root. It alone reads the environment and exits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from orchestrator import __version__
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.options.variables import PREFIX
from orchestrator.cli.outputs.printable import printable_streams
from orchestrator.cli.outputs.runner_log import inert_log
from orchestrator.cli.outputs.streams import written
from orchestrator.errors import EXIT_BAD_INPUT, EXIT_INTERRUPTED, BadInputError, MatrixError
from orchestrator.store.extra import azure_problem, is_of_azure
from orchestrator.text import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.clock import Clock

COMMANDS = {
    "run": ("orchestrator.cli.run", "run", "Run a benchmark with workers on this machine."),
    "join": ("orchestrator.cli.join", "join", "Add this machine's workers to a run elsewhere."),
    "plan": ("orchestrator.cli.plan", "plan", "Show what a run would do, take and cost."),
    "simulate": (
        "orchestrator.cli.simulate",
        "simulate",
        "Compare ways of sharing tasks out, in virtual time.",
    ),
    "power": (
        "orchestrator.cli.power",
        "power",
        "Show how many trials a difference takes, and what they cost.",
    ),
    "worker": ("orchestrator.cli.worker", "worker", "Work one shard of a run (run starts these)."),
    "status": ("orchestrator.cli.status", "status", "Show where a run stands."),
    "watch": ("orchestrator.cli.status", "watch", "Follow a run live, from its ledger."),
    "report": ("orchestrator.cli.report", "report", "Write the report of a run or of a tree."),
    "compare": ("orchestrator.cli.compare", "compare", "Say whether a run is better or worse."),
    "history": ("orchestrator.cli.history", "history", "Keep runs, and show their trend."),
    "publish": ("orchestrator.cli.publish", "publish", "Tell a pull request what came out."),
    "evidence": ("orchestrator.cli.evidence", "evidence", "Fetch what a task left behind."),
    "suite": ("orchestrator.cli.suite", "suite", "List or check a task list."),
    "provision": (
        "orchestrator.cli.provision",
        "provision",
        "Plan a run and launch its machines.",
    ),
    "supervise": (
        "orchestrator.cli.supervise",
        "supervise",
        "Watch a run's machines until its jobs are over.",
    ),
    "fleet": ("orchestrator.cli.supervise", "fleet", "Look at a run's machines."),
    "doctor": (
        "orchestrator.cli.doctor",
        "doctor",
        "Check all that a run on Azure needs, at once.",
    ),
    "teardown": ("orchestrator.cli.teardown", "teardown", "Delete a run's machines; prove it."),
    "reap": ("orchestrator.cli.teardown", "reap", "Delete what any run left behind."),
}

EXIT_CODES = """
\b
Exit codes:
  0 complete   1 incomplete, or below --fail-under   2 bad input
  3 nothing to run   4 infrastructure failed   5 machines left behind
  130 interrupted
"""


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    epilog=EXIT_CODES,
    context_settings={"auto_envvar_prefix": PREFIX, "help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="waa-matrix")
def cli() -> None:
    """Run Windows Agent Arena at scale, and report what the numbers can carry.

    \b
    Example:
      waa-matrix run --suite demo --arena simulated --workers 4 --out demo-run
    """


def main() -> None:
    """Run the command line and exit with the code that the outcome asks for."""
    sys.exit(written(invoke))


def invoke(arguments: Sequence[str] | None = None, clock: Clock | None = None) -> int:
    """Run one command and return its exit code; what is wrong is printed.

    ``arguments`` are the process's own unless given. The fleet's commands wait by ``clock``, which
    is the machine's unless one is given: a day of supervision can be had in a moment.
    """
    with inert_log(), printable_streams():
        return _invoked(arguments, clock)


def _invoked(arguments: Sequence[str] | None, clock: Clock | None) -> int:
    try:
        code = cli.main(arguments, standalone_mode=False, obj=clock)
    except BadInputError as error:
        for problem in error.problems:
            _say_error(str(problem))
        return error.exit_code
    except MatrixError as error:
        _say_error(str(error))
        return error.exit_code
    except ModuleNotFoundError as error:
        if not is_of_azure(error):
            raise
        click.echo(f"error: {azure_problem(str(error.name))}", err=True)
        return EXIT_BAD_INPUT
    except click.ClickException as error:
        error.show()
        return EXIT_BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return EXIT_INTERRUPTED
    return code if isinstance(code, int) else 0


def _say_error(text: str) -> None:
    """Print an error; no later line of it begins as a runner's command does (``::``)."""
    click.echo("error: " + "\n  | ".join(masked(text).splitlines()), err=True)
