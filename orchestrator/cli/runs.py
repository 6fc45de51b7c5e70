"""Finds runs to compare: a results.json, a run directory, a ledger's URL, or a GitHub run's id."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from orchestrator.cli.options import DEFAULT_RUN, LEDGER
from orchestrator.cli.reading import readable
from orchestrator.errors import BadInputError, MatrixError, Problem, StoreError, bad_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orchestrator.github import Artifact, GitHub
    from orchestrator.report.comparison import RunRecord
    from orchestrator.store import Store

RESULTS = "results.json"
_BARE, _REPORT = "results-", "report"  # as benchmark.yml calls its artifacts
_LIMIT = 256 << 20
_TIMEOUT_S = 30.0
_FIX = "Give a results.json, a run's directory, a ledger's URL, or a GitHub run's id."


@dataclass(frozen=True, slots=True)
class Found:
    """A run's ``results.json``, parsed but not yet judged, and where it was found."""

    document: Any
    where: str


@dataclass(frozen=True, slots=True)
class RunFinder:
    """Finds runs by what a user writes.

    ``github`` opens the adapter on the first id that needs it; ``store_ca`` is for ``az://``.
    """

    github: Callable[[], GitHub]
    store_ca: str = ""
    _cache: dict[str, Found] = field(default_factory=dict)

    def find(self, named: str) -> Found:
        """Return the run that ``named`` means.

        Raises:
            BadInputError: It means none, or what is there cannot be read.
            MatrixError: A store or GitHub could not be asked.
        """
        if named not in self._cache:
            self._cache[named] = self._find(named)
        return self._cache[named]

    def _find(self, named: str) -> Found:
        path = Path(named)
        if "://" in named:
            return self._in_store(named)
        if path.is_file():
            return read_results(path, named)
        if path.is_dir():
            return self._in_directory(path, named)
        if named.isascii() and named.isdigit():
            return self._on_github(int(named))
        raise bad_input(named, "is no file, directory, URL or GitHub run id", _FIX)

    def _in_directory(self, path: Path, named: str) -> Found:
        if (path / RESULTS).is_file():
            return read_results(path / RESULTS, named)
        for place in (path / LEDGER / DEFAULT_RUN, path):
            if (place / "plan.json").is_file():
                return self._of_store(place.parent.absolute().as_uri(), place.name, named)
        raise bad_input(named, f"holds neither {RESULTS} nor a ledger", _FIX)

    def _in_store(self, named: str) -> Found:
        parts = urlsplit(named)
        above, _, run = parts.path.rstrip("/").rpartition("/")
        if not run:
            fix = "Write file:///DIR/RUN or az://ACCOUNT/RUN."
            raise bad_input(named, "names no run", fix)
        return self._of_store(
            urlunsplit(parts._replace(path=above)), run, f"{parts.scheme}://…/{run}"
        )

    def _of_store(self, url: str, run: str, named: str) -> Found:
        return Found(fold_ledgers([readable(url, run, self.store_ca, _TIMEOUT_S)], run), named)

    def _on_github(self, run_id: int) -> Found:
        named = f"GitHub run {run_id}"
        github = self.github()
        artifacts = [one for one in github.artifacts.of_run(run_id) if not one.expired]
        if not artifacts:
            fix = "Check the id and the repository; artifacts expire."
            raise bad_input(named, "has no artifact that is still kept", fix)
        with tempfile.TemporaryDirectory(prefix="waa-matrix-") as scratch:
            found = _results_of(github, _reports_first(artifacts), Path(scratch), named)
            if found is not None:
                return found
            ledgers = sorted(Path(scratch).rglob("plan.json"))
            if not ledgers:
                raise bad_input(named, f"holds neither {RESULTS} nor a ledger", _FIX)
            stores = [
                readable(one.parent.parent.as_uri(), one.parent.name, "", _TIMEOUT_S)
                for one in ledgers
            ]
            return Found(fold_ledgers(stores, str(run_id)), named)

    def reported(self, run_id: int) -> Found | None:
        """Return what a workflow run's newest report holds; None where none is kept (any more).

        Raises:
            BadInputError: What is there cannot be read.
            MatrixError: GitHub could not be asked, or an artifact is damaged.
        """
        github = self.github()
        kept = [one for one in github.artifacts.of_run(run_id) if not one.expired]
        reports = [one for one in _reports_first(kept) if _is_report(one)]
        with tempfile.TemporaryDirectory(prefix="waa-matrix-") as scratch:
            named = f"GitHub run {run_id}"
            return _results_of(github, reports, Path(scratch), named, only=RESULTS)


def _results_of(
    github: GitHub, artifacts: Iterable[Artifact], scratch: Path, named: str, *, only: str = ""
) -> Found | None:
    """Return the first ``results.json`` in these artifacts, which are unpacked into ``scratch``."""
    for artifact in artifacts:
        target = scratch / str(artifact.id)
        github.artifacts.download(artifact, target, only=only)
        # Evidence below the report may hold a file of any name: the report's own is the topmost.
        results = min(target.rglob(RESULTS), key=lambda path: (len(path.parts), path), default=None)
        if results is not None:
            return read_results(results, named)
    return None


def _is_report(artifact: Artifact) -> bool:
    return artifact.name.startswith((_BARE, _REPORT))


def _reports_first(artifacts: Iterable[Artifact]) -> list[Artifact]:
    """Order artifacts so that one is enough for most runs: bare results, reports, the rest.

    A report is large with its screenshots. Of each kind the newest comes first.
    """

    def rank(one: Artifact) -> tuple[bool, bool, float]:
        return not one.name.startswith(_BARE), not _is_report(one), -(one.created_at or 0.0)

    return sorted(artifacts, key=rank)


def read_results(path: Path, named: str) -> Found:
    """Read and parse a file, within bounds.

    Raises:
        BadInputError: It cannot be read, is too large, or is not JSON.
    """
    try:
        if path.stat().st_size > _LIMIT:
            raise bad_input(named, f"is larger than {_LIMIT >> 20} MiB", _FIX)
        return Found(json.loads(path.read_bytes()), named)
    except OSError as error:
        raise bad_input(named, f"cannot be read ({error.strerror})", _FIX) from error
    except (ValueError, RecursionError) as error:
        raise bad_input(named, "is not JSON", _FIX) from error


def fold_ledgers(stores: list[Store], run: str) -> dict[str, Any]:
    """Fold the union of some ledgers of one run into its ``results.json``.

    Raises:
        BadInputError: They are of several plans, or hold no run.
        StoreError: A store could not be read.
    """
    from orchestrator.cli.gathered import gather
    from orchestrator.report.document import to_document
    from orchestrator.report.summary import summarize

    found = gather(stores, run)
    return to_document(summarize(found.plan, found.folded, found.facts, found.told))


def records(finder: RunFinder, named: Iterable[str]) -> list[RunRecord]:
    """Return the runs that these names mean; every one that cannot be used is named.

    Raises:
        BadInputError: With every problem.
        StoreError: A store or GitHub could not be asked, and nothing else is wrong.
    """
    from orchestrator.report.comparison import read_record

    found: list[RunRecord] = []
    problems: list[Problem] = []
    failure: MatrixError | None = None
    for name in named:
        try:
            one = finder.find(name)
            found.append(read_record(one.document, one.where))
        except BadInputError as error:
            problems += error.problems
        except MatrixError as error:
            problems.append(Problem(name, f"could not be fetched ({error})", "Try again."))
            failure = failure or error
    if failure is not None and len(problems) == 1:
        raise StoreError(str(problems[0])) from failure
    if problems:
        raise BadInputError(problems)
    return found
