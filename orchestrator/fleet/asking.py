"""Reads by id what a decision would go by and listings may not know yet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from orchestrator.compute.failures import CloudError
from orchestrator.fleet.facts import Facts
from orchestrator.fleet.identity import runner_of_tags
from orchestrator.github import GitHubError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from orchestrator.compute.base import Instance, MachineEngine
    from orchestrator.fleet.cleanup import RunnerStore
    from orchestrator.fleet.facts import Doubts
    from orchestrator.github import Runner, WorkflowJob

_THREADS = 16

K = TypeVar("K")
V = TypeVar("V")


class JobReader(Protocol):
    """What is needed of GitHub's runs here."""

    def job(self, job_id: int) -> WorkflowJob | None:
        """Return a job, read by its id."""
        ...


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks in parallel; ``trouble`` is told what got no answer, which then is no fact."""

    cloud: MachineEngine
    runners: RunnerStore
    jobs: JobReader
    trouble: Callable[[str], None]

    def ask(
        self, doubts: Doubts, machines: Iterable[Instance], known_ids: Mapping[str, int]
    ) -> Facts:
        """Return the answers.

        A runner is found by the id in the tags of its machine (one of ``machines``), or else by
        ``known_ids``; without either a list is asked for its name, as good as it gets.
        """
        tagged = {instance.name: runner_of_tags(instance.labels) for instance in machines}

        def runner(name: str) -> Runner | None:
            number = tagged.get(name) or known_ids.get(name)
            return self.runners.named(name) if number is None else self.runners.get(number)

        return Facts(
            self._all(self.cloud.get, doubts.machines),
            self._all(runner, doubts.runners),
            self._all(self.jobs.job, doubts.jobs),
        )

    def _all(self, read: Callable[[K], V | None], keys: Iterable[K]) -> dict[K, V | None]:
        """Return what could be read."""
        wanted = sorted(keys, key=str)
        if not wanted:
            return {}
        with ThreadPoolExecutor(_THREADS) as pool:
            answers = pool.map(lambda key: self._one(read, key), wanted)
            return {key: value for answer in answers for key, value in answer}

    def _one(self, read: Callable[[K], V | None], key: K) -> list[tuple[K, V | None]]:
        try:
            return [(key, read(key))]
        except (CloudError, GitHubError) as error:
            self.trouble(str(error))
            return []
