"""Finds runs to compare: a results.json, a run directory, a ledger's URL, or a GitHub run's id."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from orchestrator.cli.inputs.artifact_names import LEDGER as ARTIFACT
from orchestrator.cli.inputs.artifact_names import newest_first, report_name
from orchestrator.cli.inputs.downloads import downloads, with_downloads
from orchestrator.cli.inputs.run_store import readable
from orchestrator.cli.options.store import DEFAULT_RUN, LEDGER
from orchestrator.errors import BadInputError, MatrixError, Problem, StoreError, bad_input
from orchestrator.ledger import paths
from orchestrator.store import open_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from orchestrator.comparison import RunRecord
    from orchestrator.github import Artifact, GitHub
    from orchestrator.store import Store

RESULTS = "results.json"
_Reports: TypeAlias = "list[list[Callable[[], LoadedResults | None]]]"
_LIMIT = 256 << 20
_TIMEOUT_S = 30.0
_FIX = "Give a results.json, a run's directory, a ledger's URL, or a GitHub run's id."


@dataclass(frozen=True, slots=True)
class LoadedResults:
    """A run's ``results.json``, parsed but not yet judged, and where it was found."""

    document: object
    where: str

    @property
    def content(self) -> Mapping[str, object]:
        """Return the document as the mapping that a judged one is; nothing, of one that is none."""
        return self.document if isinstance(self.document, dict) else {}


@dataclass(frozen=True, slots=True)
class RunFinder:
    """Finds runs by what a user writes.

    ``github`` opens the adapter on the first id that needs it; ``store_ca`` is for ``az://``.
    """

    github: Callable[[], GitHub]
    store_ca: str = ""
    _cache: dict[str, LoadedResults] = field(default_factory=dict)

    def find(self, named: str) -> LoadedResults:
        """Return the run that ``named`` means.

        Raises:
            BadInputError: It means none, or what is there cannot be read.
            MatrixError: A store or GitHub could not be asked.
        """
        if named not in self._cache:
            self._cache[named] = self._find(named)
        return self._cache[named]

    def _find(self, named: str) -> LoadedResults:
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

    def _in_directory(self, path: Path, named: str) -> LoadedResults:
        if (path / RESULTS).is_file():
            return read_results(path / RESULTS, named)
        for place in (path / LEDGER / DEFAULT_RUN, path):
            if (place / "plan.json").is_file():
                return LoadedResults(fold_ledgers([open_directory(place)], place.name), named)
        return _downloaded(path, named)

    def _in_store(self, named: str) -> LoadedResults:
        parts = urlsplit(named)
        above, _, run = parts.path.rstrip("/").rpartition("/")
        if not run:
            fix = "Write file:///DIR/RUN, az://ACCOUNT/RUN or s3://BUCKET/PREFIX/RUN."
            raise bad_input(named, "names no run", fix)
        return self._of_store(
            urlunsplit(parts._replace(path=above)), run, f"{parts.scheme}://…/{run}"
        )

    def _of_store(self, url: str, run: str, named: str) -> LoadedResults:
        return LoadedResults(
            fold_ledgers([readable(url, run, self.store_ca, _TIMEOUT_S)], run), named
        )

    def _on_github(self, run_id: int) -> LoadedResults:
        named = f"GitHub run {run_id}"
        github = self.github()
        artifacts = [
            artifact for artifact in github.artifacts.of_run(run_id) if not artifact.expired
        ]
        if not artifacts:
            fix = "Check the id and the repository; artifacts expire."
            raise bad_input(named, "has no artifact that is still kept", fix)
        with _scratch() as scratch:
            loaded = _newest(_reports(github, artifacts, scratch, named))
            if loaded is not None:
                return loaded
            for artifact in artifacts:
                if report_name(artifact.name) is None:
                    github.artifacts.download(artifact, scratch / f"{ARTIFACT}{artifact.id}")
            return _downloaded(scratch, named)

    def reported(self, run_id: int) -> LoadedResults | None:
        """Return what a workflow run's newest report holds; None where none is kept (any more).

        Raises:
            BadInputError: What is there cannot be read.
            MatrixError: GitHub could not be asked, or an artifact is damaged.
        """
        github = self.github()
        kept = [artifact for artifact in github.artifacts.of_run(run_id) if not artifact.expired]
        with _scratch() as scratch:
            named = f"GitHub run {run_id}"
            return _newest(_reports(github, kept, scratch, named))


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="waa-matrix-") as scratch:
        yield Path(scratch)


def _reports(github: GitHub, artifacts: Iterable[Artifact], scratch: Path, named: str) -> _Reports:
    """Return the reports of each attempt, each fetched when it is called."""

    def fetched(artifact: Artifact) -> LoadedResults | None:
        target = scratch / str(artifact.id)
        github.artifacts.download(artifact, target, only=RESULTS)
        return _results_in(target, named)

    attempts = newest_first(
        artifacts, lambda artifact: artifact.name, lambda artifact: artifact.created_at or 0.0
    )
    return [[partial(fetched, artifact) for artifact in attempt] for attempt in attempts]


def _newest(attempts: _Reports) -> LoadedResults | None:
    """Return the newest report of a complete run, else the newest that can be read.

    An attempt that was cancelled may have kept less than the one before it.

    Raises:
        MatrixError: None can be read; this is what is wrong with the newest.
    """
    newest: LoadedResults | None = None
    failures: list[MatrixError] = []
    for reports in attempts:
        loaded = _first_readable(reports, failures)
        if loaded is not None and _is_complete(loaded.document):
            return loaded
        newest = newest or loaded
    if newest is None and failures:
        raise failures[0]
    return newest


def _first_readable(
    reports: Iterable[Callable[[], LoadedResults | None]], failures: list[MatrixError]
) -> LoadedResults | None:
    """Return the first report that can be read: those of one attempt say the same."""
    from orchestrator.github import ArchiveError, FailureKind, GitHubError

    for report in reports:
        try:
            loaded = report()
        except (BadInputError, ArchiveError) as error:
            failures.append(error)
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            failures.append(error)  # it was deleted, or it expired, since it was listed
        else:
            if loaded is not None:
                return loaded
    return None


def _is_complete(document: object) -> bool:
    run = document.get("run") if isinstance(document, dict) else None
    return not isinstance(run, dict) or run.get("complete") is not False


def _results_in(directory: Path, named: str) -> LoadedResults | None:
    """Return an artifact's own results: at its top, or in the one directory that it was made of.

    Deeper lies evidence, in which an agent may have left a file of any name.
    """
    for path in (directory / RESULTS, *sorted(directory.glob(f"*/{RESULTS}"))):
        if path.is_file() and path.parent.name + "/" != paths.EVIDENCE:
            return read_results(path, named)
    return None


def _downloaded(directory: Path, named: str) -> LoadedResults:
    """Return the run in a directory of artifacts: its newest report, else its ledgers folded."""
    children = [path for path in directory.iterdir() if path.is_dir()]
    attempts = newest_first(children, lambda path: path.name, lambda _: 0.0)
    loaded = _newest(
        [[partial(_results_in, path, named) for path in attempt] for attempt in attempts]
    )
    if loaded is not None:
        return loaded
    matches = downloads(directory, named)
    if not matches.ledgers:
        # An artifact of another name may hold a report as well.
        others = [loaded for path in children if (loaded := _results_in(path, named)) is not None]
        if len(others) == 1:
            return others[0]
        raise bad_input(named, f"holds neither {RESULTS} nor a ledger", _FIX)
    stores, run = with_downloads([], matches, "")
    return LoadedResults(fold_ledgers(stores, run or directory.name), named)


def read_results(path: Path, named: str) -> LoadedResults:
    """Read and parse a file, within bounds.

    Raises:
        BadInputError: It cannot be read, is too large, or is not JSON.
    """
    try:
        if path.stat().st_size > _LIMIT:
            raise bad_input(named, f"is larger than {_LIMIT >> 20} MiB", _FIX)
        return LoadedResults(json.loads(path.read_bytes()), named)
    except OSError as error:
        raise bad_input(named, f"cannot be read ({error.strerror})", _FIX) from error
    except (ValueError, RecursionError) as error:
        raise bad_input(named, "is not JSON", _FIX) from error


def fold_ledgers(stores: list[Store], run: str) -> dict[str, object]:
    """Fold the union of some ledgers of one run into its ``results.json``.

    Raises:
        BadInputError: They are of several plans, or hold no run.
        StoreError: A store could not be read.
    """
    from orchestrator.cli.inputs.load_run import gather
    from orchestrator.cli.inputs.waiting import Waiting
    from orchestrator.report.formats.document import to_document
    from orchestrator.report.model.summary import summarize

    loaded = gather(stores, run, Waiting())
    return to_document(summarize(loaded.plan, loaded.folded, loaded.facts, loaded.events))


def records(finder: RunFinder, named: Iterable[str]) -> list[RunRecord]:
    """Return the runs that these names mean; every one that cannot be used is named.

    Raises:
        BadInputError: With every problem.
        StoreError: A store or GitHub could not be asked, and nothing else is wrong.
    """
    from orchestrator.comparison import read_record, repeated

    runs: list[RunRecord] = []
    problems: list[Problem] = []
    failure: MatrixError | None = None
    for name in named:
        try:
            loaded = finder.find(name)
            runs.append(read_record(loaded.document, loaded.where))
        except BadInputError as error:
            problems += error.problems
        except MatrixError as error:
            problems.append(Problem(name, f"could not be fetched ({error})", "Try again."))
            failure = failure or error
    if failure is not None and len(problems) == 1:
        raise StoreError(str(problems[0])) from failure
    if problems:
        raise BadInputError([*problems, *repeated(runs)])
    return runs
