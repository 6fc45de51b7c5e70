"""Keeps a second call of the workflow, in one workflow run, from ending the fleet of the first.

Machines, runners, ledger and artifacts go by the id of the workflow run. A caller's matrix (a model
each, say) would call ``benchmark.yml`` more than once in it: the later calls are refused before
anything is created, and say so to the job that would otherwise take the first one's machines down.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestrator.cli.inputs.event import tell_jobs
from orchestrator.errors import BadInputError, Problem
from orchestrator.ledger import paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.fleet.identity import WorkflowAttempt
    from orchestrator.store import Store

OUTPUT = "stands-aside"
"""The job's output that is "true" where the run's machines are another call's."""


class SecondCallError(BadInputError):
    """This workflow run is another call's."""


def refuse_second_call(store: Store, attempt: WorkflowAttempt) -> None:
    """See that no other call of this workflow run has opened this attempt; by hand any may.

    Raises:
        SecondCallError: One has.
        StoreError: The store does not say.
    """
    in_workflow = os.environ.get("GITHUB_ACTIONS") == "true"
    if in_workflow and store.get(paths.session(attempt.session)) is not None:
        where = f"workflow run {attempt.fleet.github_run}"
        what = "is already another call's of this workflow: machines and ledger go by its id"
        fix = "Call it once in a workflow run; start one for each model (gh workflow run)."
        raise SecondCallError([Problem(where, what, fix)])


@contextmanager
def standing_aside(attempt: WorkflowAttempt, *, resumes: bool) -> Iterator[None]:
    """Tell the jobs after this one, if opening the run shows that it is another call's.

    In a run's first attempt the plan that is there with other settings can be no earlier one's.
    """
    try:
        yield
    except BadInputError as error:
        second = isinstance(error, SecondCallError)
        if second or (attempt.number == 1 and not resumes):
            tell_jobs({OUTPUT: "true"})
        raise
