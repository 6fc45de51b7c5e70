"""How a run's machines and runners are told from everybody else's: tags, a label, names. Pure.

Everything is found by these, never by what a job remembered: a job that was killed remembers
nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REPO_TAG = "waa-repo"
RUN_TAG = "waa-run"
GITHUB_RUN_TAG = "waa-github-run"
ATTEMPT_TAG = "waa-attempt"
MACHINE_TAG = "waa-machine"
EXPIRES_TAG = "waa-expires-at"
ROLE_TAG = "waa-role"
SIZE_TAG = "waa-size"
SPOT_TAG = "waa-spot"
ZONE_TAG = "waa-zone"
RUNNER_TAG = "waa-runner"
"""The id of a machine's runner: by it GitHub says whether that is there, whatever a list lacks."""

_LABEL = re.compile(r"waa-([1-9][0-9]{0,19})\Z")
_RUN_ID = re.compile(r"[1-9][0-9]{0,19}\Z")
_SECONDS = re.compile(r"[0-9]{1,12}\Z")


class Role(StrEnum):
    """What a machine is for. A drain machine has no arena: its worker reads the ledger and ends."""

    ARENA = "arena"
    DRAIN = "drain"


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


@dataclass(frozen=True, slots=True)
class WorkflowAttempt:
    """One attempt of a workflow run, working on the ledger run ``run``."""

    fleet: Fleet
    number: int
    run: str

    @property
    def session(self) -> str:
        """The ledger session of this attempt; every job of it can tell it from its environment."""
        return f"{self.fleet.github_run}-{self.number}"

    def machine_name(self, number: int, token: str) -> str:
        """Return a machine's name, which is its runner's too.

        ``token`` makes it new for every try: one configuration, one machine, one try.
        """
        return f"{self.fleet.label}-{self.number}-{number:03d}-{token}"

    def tags(self, machine: str, expires: float) -> dict[str, str]:
        """Return what a machine, its NIC, its disks and its address are all tagged with.

        ``expires`` is Unix seconds: past it the sweeper takes the machine whatever its run does.
        """
        return {
            **self.fleet.tags,
            RUN_TAG: self.run,
            ATTEMPT_TAG: str(self.number),
            MACHINE_TAG: machine,
            EXPIRES_TAG: str(int(expires)),
        }


def run_of_tags(tags: Mapping[str, str]) -> int | None:
    """Return the workflow run that a resource's tags name, or None when they name none."""
    text = tags.get(GITHUB_RUN_TAG, "")
    return int(text) if _RUN_ID.match(text) else None


def run_of_labels(labels: Iterable[str]) -> int | None:
    """Return the workflow run that a runner's labels name, or None when they name none or two."""
    results = {int(match.group(1)) for label in labels if (match := _LABEL.match(label))}
    return results.pop() if len(results) == 1 else None


def runner_of_tags(tags: Mapping[str, str]) -> int | None:
    """Return the id of the runner that a machine was made with, or None when no tag tells."""
    text = tags.get(RUNNER_TAG, "")
    return int(text) if _RUN_ID.match(text) else None


def attempt_of_tags(tags: Mapping[str, str]) -> int | None:
    """Return the attempt that a resource was made for, or None when no tag tells."""
    text = tags.get(ATTEMPT_TAG, "")
    return int(text) if _RUN_ID.match(text) else None


def expiry(tags: Mapping[str, str]) -> float | None:
    """Return when a resource's machine must be gone, or None when it does not say.

    Unix seconds of the cloud's clock: the sweeper there judges by it too.
    """
    text = tags.get(EXPIRES_TAG, "")
    return float(text) if _SECONDS.match(text) else None
