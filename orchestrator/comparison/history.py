"""The runs that were kept: one object a run in a store, newest last, by branch.

Objects are ``runs/<branch>/<started>-<run>.json``: the run's ``results.json`` without its workers'
spans, and which branch and commit it was of. A run that is kept again replaces itself.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.store import Store

SCHEMA = "waa-matrix/history/1"
RUNS = "runs/"
DEFAULT_NAME = "waa-history"
"""The name under which a store keeps runs, as others are ledgers of a run."""

DEFAULT_LAST = 10

_SLUG = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A run that was kept: its ``results.json``, and what it was of."""

    document: dict[str, Any]
    branch: str
    commit: str
    path: str


class History:
    """The runs in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, document: Mapping[str, Any], branch: str, commit: str = "") -> str:
        """Keep a run; return its path in the store.

        Raises:
            BadInputError: The document lacks the run's id.
            StoreError: It could not be written.
        """
        run = document.get("run")
        name = run.get("id") if isinstance(run, dict) else None
        if not isinstance(name, str) or not name:
            raise bad_input("results.json", "does not name its run", "Write it again.")
        path = f"{_folder(branch)}{_started(run):012d}-{_slug(name)}.json"
        kept = {
            "schema": SCHEMA,
            "branch": branch,
            "commit": commit,
            "results": {**document, "workers": [], "sessions": []},
        }
        self._store.put(path, json.dumps(kept, separators=(",", ":")).encode())
        return path

    def last(self, branch: str | None = None, count: int = DEFAULT_LAST) -> list[HistoryEntry]:
        """Return the last ``count`` runs, oldest first; of every branch where none is given.

        What cannot be read as a run that was kept is passed over: the store may hold anything.

        Raises:
            StoreError: The store could not be read.
        """
        listed = self._store.list(RUNS if branch is None else _folder(branch))
        newest = sorted(listed, key=lambda entry: entry.path.rpartition("/")[2], reverse=True)
        kept_runs: list[HistoryEntry] = []
        for entry in newest:
            if len(kept_runs) == count:
                break
            kept = _parse(self._store.get(entry.path), entry.path)
            if kept is not None and branch in (None, kept.branch):
                kept_runs.append(kept)
        return kept_runs[::-1]


def _folder(branch: str) -> str:
    digest = hashlib.sha256(branch.encode(errors="replace")).hexdigest()[:8]
    return f"{RUNS}{_SLUG.sub('-', branch)[:60]}-{digest}/"


def _slug(name: str) -> str:
    shown = _SLUG.sub("-", name)[:80]
    return shown if shown == name else f"{shown}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _started(run: Any) -> int:
    started = run.get("started")
    number = isinstance(started, int | float) and not isinstance(started, bool)
    return int(started) if number and 0 <= started < 1e11 else 0


def _parse(data: bytes | None, path: str) -> HistoryEntry | None:
    try:
        document = json.loads(data or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        return None
    results, branch, commit = (document.get(key) for key in ("results", "branch", "commit"))
    if not isinstance(results, dict) or not isinstance(branch, str) or not isinstance(commit, str):
        return None
    return HistoryEntry(results, branch, commit, path)
