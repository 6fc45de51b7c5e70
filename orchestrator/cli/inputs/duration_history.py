"""How long tasks take, by ``--durations-from``: earlier results, or a store of kept runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.planning.schedule import Expectations
    from orchestrator.planning.suite import TaskKey

_TIMEOUT_S = 30.0


def expectations(history: tuple[str, ...]) -> Expectations:
    """Learn from earlier results; every unreadable file is named.

    Raises:
        BadInputError: A file cannot be read or is no results.json.
    """
    from orchestrator.errors import BadInputError, Problem
    from orchestrator.planning.schedule import Expectations, learn
    from orchestrator.report.formats.document import observations

    results: list[tuple[TaskKey, float]] = []
    problems: list[Problem] = []
    for name in history:
        try:
            for document in _earlier(name):
                results += observations(document)
        except OSError as error:
            what = f"cannot be read ({error.strerror})"
            problems.append(
                Problem(f"--durations-from {name}", what, "Give an earlier results.json.")
            )
        except BadInputError as error:
            problems += error.problems
    if problems:
        raise BadInputError(problems)
    return learn(results) if results else Expectations()


def _earlier(name: str) -> list[dict[str, object]]:
    """Return the results that an option names: a file's, or the last that a store keeps.

    Raises:
        OSError: The file cannot be read.
        BadInputError: It is no results.json, or the store cannot be opened.
        StoreError: The store could not be read.
    """
    from orchestrator.cli.inputs.run_store import readable
    from orchestrator.comparison.history import DEFAULT_NAME, History
    from orchestrator.report.formats.document import parse_document

    if "://" not in name:
        return [parse_document(Path(name).read_bytes(), name)]
    kept = History(readable(name, DEFAULT_NAME, "", _TIMEOUT_S)).last()
    return [
        parse_document(json.dumps(kept_run.document).encode(), kept_run.path) for kept_run in kept
    ]
