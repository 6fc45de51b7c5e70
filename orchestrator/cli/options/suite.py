"""The options that choose tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from orchestrator.cli.inputs.cache import cache_directory
from orchestrator.cli.options.values import option, option_values

if TYPE_CHECKING:
    from orchestrator.planning.suite import Suite


@option_values
class SuiteOptions:
    """Which list of tasks, and which of it."""

    heading: ClassVar[str] = "Tasks"
    suite_source: Annotated[
        str | None,
        option(
            "--suite",
            help="Task list: demo, waa, a file, or an https URL.  [default: demo, if simulated]",
        ),
    ] = None
    suite_sha256: Annotated[
        str, option("--suite-sha256", help="The digest the list must have (for a URL).")
    ] = ""
    domains: Annotated[str, option("--domains", help="Only these domains, comma-separated.")] = ""
    tasks: Annotated[
        str, option("--tasks", help="Only these tasks (domain/name), comma-separated.")
    ] = ""
    sample: Annotated[int | None, option("--sample", help="A seeded sample of so many tasks.")] = (
        None
    )
    seed: Annotated[
        int, option("--seed", help="Seed of the sample and of the simulated arena.")
    ] = 0


def chosen_suite(options: SuiteOptions) -> Suite:
    """Return the tasks that the options choose.

    Raises:
        BadInputError: The list cannot be read, or does not hold what is chosen.
    """
    from orchestrator.planning.sources import DEMO, load_suite
    from orchestrator.planning.suite import Selection, select

    source = DEMO if options.suite_source is None else options.suite_source
    selection = Selection(
        domains=_listed(options.domains),
        tasks=_listed(options.tasks),
        sample=options.sample,
        seed=options.seed,
    )
    return select(load_suite(source, options.suite_sha256, cache_directory()), selection)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
