"""How a run's machines and runners are told from everybody else's: tags, a label, names. Pure.

Everything is found by these, never by what a job remembered: a job that was killed remembers
nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REPO_TAG = "waa-repo"
RUN_TAG = "waa-run"
GITHUB_RUN_TAG = "waa-github-run"
ATTEMPT_TAG = "waa-attempt"
MACHINE_TAG = "waa-machine"
EXPIRES_TAG = "waa-expires-at"

_LABEL = re.compile(r"waa-([1-9][0-9]{0,19})\Z")
_RUN_ID = re.compile(r"[1-9][0-9]{0,19}\Z")
_SECONDS = re.compile(r"[0-9]{1,12}\Z")


@dataclass(frozen=True, slots=True)
class Fleet:
    """The machines of one workflow run, all its attempts: ``owner/name`` and GitHub's run id."""

    repository: str
    github_run: int

    @property
    def label(self) -> str:
        """The label that this run's runners carry, and no other run's."""
        return f"waa-{self.github_run}"

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags that every part of this run's machines carries."""
        return {REPO_TAG: self.repository, GITHUB_RUN_TAG: str(self.github_run)}


def run_of_tags(tags: Mapping[str, str]) -> int | None:
    """Return the workflow run that a resource's tags name, or None when they name none."""
    text = tags.get(GITHUB_RUN_TAG, "")
    return int(text) if _RUN_ID.match(text) else None


def run_of_labels(labels: Iterable[str]) -> int | None:
    """Return the workflow run that a runner's labels name, or None when they name none or two."""
    found = {int(match.group(1)) for label in labels if (match := _LABEL.match(label))}
    return found.pop() if len(found) == 1 else None


def expiry(tags: Mapping[str, str]) -> float | None:
    """Return when a resource's machine must be gone, Unix seconds, or None when it does not say."""
    text = tags.get(EXPIRES_TAG, "")
    return float(text) if _SECONDS.match(text) else None
