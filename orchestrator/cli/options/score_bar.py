"""The bar that a run's mean has to reach."""

from __future__ import annotations

from typing import Annotated

from orchestrator.cli.options.values import option, option_values


@option_values
class ScoreBar:
    """A mean below which the command fails."""

    fail_under: Annotated[
        float | None,
        option("--fail-under", help="Exit 1 if the mean, of 0 to 1, is below this."),
    ] = None

    def is_missed(self, mean: float | None) -> bool:
        """Whether there is a bar, and the mean is below it or there is none."""
        return self.fail_under is not None and (mean is None or mean < self.fail_under)
