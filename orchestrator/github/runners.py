"""Just-in-time runners: minted for one machine and one job, listed, deleted.

Facts are from "REST API endpoints for self-hosted runners": no label is implicit, labels come back
in lower case, an entry exists (offline) from the moment it is minted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from orchestrator.errors import BadInputError, Problem
from orchestrator.github.failures import FailureKind, GitHubError
from orchestrator.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.github.wire import Wire

DEFAULT_GROUP: Final = 1
"""The only runner group that a repository has."""

NEEDS: Final = "Administration: write on the repository (a job's GITHUB_TOKEN never has it)"
NAME_LIMIT: Final = 64
LABELS_LIMIT: Final = 100

_FORBIDDEN = re.compile(r'["/:<>\\|*?\s\x00-\x1f]')
_MINT_TRIES = 4


@dataclass(frozen=True, slots=True)
class Runner:
    """A runner as GitHub lists it. ``labels`` are in lower case."""

    id: int
    name: str
    status: str
    busy: bool
    labels: frozenset[str]

    @property
    def online(self) -> bool:
        """Whether it is connected now; merely being listed is not."""
        return self.status == "online"


@dataclass(frozen=True, slots=True)
class JitRunner:
    """A fresh entry and its configuration: one machine, one job, one try."""

    runner: Runner
    config: Secret


def runner_problems(name: str, labels: Sequence[str]) -> list[Problem]:
    """Return what GitHub would refuse about a runner, before anything is sent."""
    result = []
    if not name or len(name) > NAME_LIMIT or _FORBIDDEN.search(name):
        what = f"{name!r} is no runner name"
        rule = f'Use 1 to {NAME_LIMIT} characters without blanks and "/:<>\\|*?.'
        result.append(Problem("runner name", what, rule))
    if not 1 <= len(labels) <= LABELS_LIMIT:
        what = f"{len(labels)} labels"
        result.append(Problem("runner labels", what, f"Give 1 to {LABELS_LIMIT} labels."))
    if any(not label.strip() or "," in label for label in labels):
        result.append(Problem("runner labels", "an empty label or one with a comma", "Correct it."))
    return result


class Runners:
    """The repository's self-hosted runners."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def mint(
        self,
        name: str,
        labels: Sequence[str],
        *,
        group: int = DEFAULT_GROUP,
        work_folder: str = "_work",
    ) -> JitRunner:
        """Register a runner and return its configuration.

        Safe to repeat: an entry of this name that never connected is deleted and minted anew, be
        it left by an earlier try or by a call whose reply was lost.

        Raises:
            BadInputError: the name or a label is invalid; nothing was sent.
            GitHubError: ``conflict`` when a connected runner holds the name; ``credentials``,
                ``not-found`` and ``configuration`` must stop the run, or each machine would fail
                alike.
        """
        if problems := runner_problems(name, labels):
            raise BadInputError(problems)
        body = {
            "name": name,
            "runner_group_id": group,
            "labels": list(labels),
            "work_folder": work_folder,
        }
        for failed in range(1, _MINT_TRIES):
            try:
                return self._mint_once(body)
            except GitHubError as error:
                self._prepare_again(name, error, failed)
        return self._mint_once(body)

    def all(self) -> list[Runner]:
        """Return every runner of the repository, those of other runs too."""
        return self._listed({})

    def with_label(self, label: str) -> list[Runner]:
        """Return the runners that carry ``label``, whatever its case."""
        wanted = label.lower()
        return [runner for runner in self.all() if wanted in runner.labels]

    def get(self, runner_id: int) -> Runner | None:
        """Return the runner of this id; None once its entry is gone.

        An ephemeral runner's entry goes when its one job is over (GitHub's changelog of
        2021-09-20), or when it is removed: None never means that it did not work, and always that
        it takes no job any more.
        """
        try:
            return _runner(self._wire.get(f"/actions/runners/{runner_id}", needs=NEEDS))
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            return None

    def named(self, name: str) -> Runner | None:
        """Return the runner of this name, or None."""
        listed = self._listed({"name": name})
        return next((runner for runner in listed if runner.name.lower() == name.lower()), None)

    def delete(self, runner_id: int) -> bool:
        """Delete a runner; False when there was none, which is a success too.

        Raises:
            GitHubError: ``conflict`` when it is running a job.
        """
        try:
            self._wire.send("DELETE", f"/actions/runners/{runner_id}", needs=NEEDS)
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            return False
        return True

    def _mint_once(self, body: dict[str, Any]) -> JitRunner:
        reply = self._wire.send(
            "POST", "/actions/runners/generate-jitconfig", body, needs=NEEDS, idempotent=False
        )
        return JitRunner(_runner(reply.body["runner"]), Secret(reply.body["encoded_jit_config"]))

    def _prepare_again(self, name: str, error: GitHubError, failed: int) -> None:
        """Make the next mint possible, or raise ``error`` where it cannot be."""
        if error.kind not in (FailureKind.CONFLICT, FailureKind.TRANSIENT):
            raise error
        if error.kind is FailureKind.CONFLICT:
            holder = self.named(name)
            if holder is not None and (holder.online or holder.busy):
                raise error
            if holder is not None:
                self.delete(holder.id)
                return
        self._wire.clock.sleep(self._wire.policy.backoff(failed))

    def _listed(self, query: dict[str, str]) -> list[Runner]:
        items = self._wire.pages("/actions/runners", "runners", query, needs=NEEDS)
        return list(_distinct(items))


def _distinct(items: Iterable[dict[str, Any]]) -> Iterable[Runner]:
    return {item["id"]: _runner(item) for item in items}.values()


def _runner(item: dict[str, Any]) -> Runner:
    return Runner(
        id=item["id"],
        name=item["name"],
        status=item["status"],
        busy=item["busy"],
        labels=frozenset(label["name"].lower() for label in item["labels"]),
    )
