"""What became of a workflow's provision job, for the jobs after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import click

from orchestrator.cli.options.values import option, option_values
from orchestrator.cli.outputs.annotations import kept_failure
from orchestrator.errors import Problem


@option_values
class ProvisionOptions:
    """How the provision job ended, as the workflow tells it."""

    heading: ClassVar[str] = "The job that provisions"
    provision_result: Annotated[
        str,
        option(
            "--provision-result",
            help="How it ended: success, failure, cancelled, skipped.",
        ),
    ] = ""
    provision_events: Annotated[
        str | None,
        option(
            "--provision-events",
            type=click.Path(file_okay=False),
            help="Its downloaded artifacts events-provision-*, however unpacked: they say why.",
        ),
    ] = None


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


def provision_outcome(options: ProvisionOptions) -> ProvisionOutcome:
    """Return what the options tell."""
    result, events = options.provision_result, options.provision_events
    outcome = ProvisionOutcome(result, ())
    if not (outcome.failed and events):
        return outcome
    return ProvisionOutcome(result, tuple(kept_failure(Path(events))))
