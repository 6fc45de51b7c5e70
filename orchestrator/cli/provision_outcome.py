"""What became of a workflow's provision job, for the jobs after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.annotations import kept_failure
from orchestrator.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

F = TypeVar("F", bound="Callable[..., Any]")


def provision_options(function: F) -> F:
    """Add the options that tell what became of provision."""
    function = click.option(
        "--provision-events",
        type=click.Path(file_okay=False),
        default=None,
        help="Its downloaded artifacts events-provision-*, however unpacked: they say why.",
    )(function)
    return click.option(
        "--provision-result",
        default="",
        help="How the job that provisions ended: success, failure, cancelled, skipped.",
    )(function)


@dataclass(frozen=True, slots=True)
class ProvisionOutcome:
    """How the job ended, as ``needs`` tells it ("" where it is not told), and why."""

    result: str
    reasons: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether no machines were brought up, as far as is told."""
        return self.result not in ("", "success")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what must be read with a result that is there all the same: an earlier one."""
        from orchestrator.report.publication import unprovisioned_title

        title = unprovisioned_title(self.result)
        if not self.failed:
            return ()
        said = f"{title} in this attempt: what is shown is what earlier ones left."
        return (said, *(f"{title}: {reason}" for reason in self.reasons))

    @property
    def problems(self) -> list[Problem]:
        """Return it as what is wrong with a run that is not there."""
        from orchestrator.report.publication import unprovisioned_title

        fix = "Mend it, and run the workflow again."
        why = self.reasons or ("its log says why",)
        title = unprovisioned_title(self.result)
        return [Problem(title, reason.rstrip("."), fix) for reason in why] if self.failed else []


def provision_outcome(options: Mapping[str, Any]) -> ProvisionOutcome:
    """Return what the options tell."""
    result, events = options["provision_result"], options["provision_events"]
    told = ProvisionOutcome(result, ())
    if not (told.failed and events):
        return told
    return ProvisionOutcome(result, tuple(kept_failure(Path(events))))
