"""Brings together what the counted attempts left, for the page: from directories and stores."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import click

from orchestrator.cli.inputs.waiting import Waiting
from orchestrator.cli.options.values import option, option_values
from orchestrator.cli.outputs.terminal import counting
from orchestrator.errors import StoreError
from orchestrator.ledger import paths
from orchestrator.results.keeping import keep
from orchestrator.store.fetch import fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from contextlib import AbstractContextManager

    from orchestrator.ledger.fold import Folded
    from orchestrator.planning.suite import Unit
    from orchestrator.report.model.facts import Evidence, TaskEvidence
    from orchestrator.report.model.screens import Screens
    from orchestrator.store import Listed, Store

SCREENSHOTS = ("full", "small", "page", "none")
"""Beside the page as they are, beside it downscaled, downscaled within it, or not at all."""

_FILES_LIMIT = 514  # of one attempt: what a worker keeps, its client's log, a last screenshot
_IMAGES = (".png", ".jpg", ".jpeg", ".webp")
_FAILURES_SHOWN = 5


@option_values
class PageOptions:
    """Where a page's screenshots are."""

    heading: ClassVar[str] = "Report"
    screenshots: Annotated[
        str,
        option(
            "--screenshots",
            type=click.Choice(SCREENSHOTS),
            help="Beside the page: full, or small (downscaled). Within it: page. Or none.",
        ),
    ] = "full"
    single_file: Annotated[
        bool, option("--single-file", help="The same as --screenshots page.")
    ] = False

    @property
    def shown(self) -> str:
        """Which of ``SCREENSHOTS`` is asked for."""
        return "page" if self.single_file else self.screenshots


@dataclass(frozen=True, slots=True)
class EvidenceDirectory:
    """A page's directory, which of ``SCREENSHOTS`` it shows, and where fetched files stay.

    Without ``cache`` they stay beside the page with ``full``, and nowhere otherwise.
    """

    page: Path
    screenshots: str = "full"
    cache: Path | None = None
    no_color: bool = False
    waiting: Waiting = field(default_factory=Waiting)

    @property
    def kept(self) -> Path:
        """Where evidence lies beside the page."""
        return self.page / "evidence"

    def screens(self) -> Screens:
        """Return how the page comes by screenshots."""
        from orchestrator.report.model import screens

        if self.screenshots == "small":
            return screens.small(self.page)
        if self.screenshots == "page":
            return screens.within
        return screens.none if self.screenshots == "none" else screens.linked(self.page)

    def evidence(self, directories: Mapping[Unit, Path]) -> Evidence:
        """Return what the page takes of some directories; with ``full`` they are put beside it."""
        from orchestrator.report.model.evidence import DirectoryEvidence

        if self.screenshots == "full":
            directories = {unit: self._placed(unit, path) for unit, path in directories.items()}
        alone = self.screenshots == "page"
        return DirectoryEvidence(directories, self.screens(), None if alone else self.page)

    @contextmanager
    def reported(self, evidence: Evidence) -> Iterator[Evidence]:
        """Yield the evidence; where each task takes a while, say how far the page is."""
        if self.screenshots in ("full", "none") or not evidence:
            yield evidence
            return
        with self.counting("Downscaling screenshots", len(evidence), "tasks") as tell:
            yield _Told(evidence, tell)

    def counting(
        self, what: str, total: int, unit: str
    ) -> AbstractContextManager[Callable[[], None]]:
        """Say how far a longer part of the work is, in colours or without."""
        return counting(what, total, unit, no_color=self.no_color)

    def _placed(self, unit: Unit, directory: Path) -> Path:
        if directory.absolute().is_relative_to(self.page.absolute()):
            return directory
        target = self.kept / str(unit) / directory.name
        place(directory, target)
        return target


class _Told(Mapping["Unit", "TaskEvidence"]):
    """Evidence that tells of each task which is asked for."""

    def __init__(self, evidence: Evidence, tell: Callable[[], object]) -> None:
        self._evidence, self._tell = evidence, tell

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._evidence)

    def __len__(self) -> int:
        return len(self._evidence)

    def __getitem__(self, unit: Unit) -> TaskEvidence:
        evidence = self._evidence[unit]
        self._tell()
        return evidence


@contextmanager
def collected_evidence(
    folded: Folded, stores: Sequence[Store], beside: EvidenceDirectory
) -> Iterator[Evidence]:
    """Yield what the counted attempts left, for as long as the page is being written.

    Each attempt's is taken from the first ``file://`` ledger that has it, else from the first other
    store. What cannot be fetched is told on standard error: its absence changes no count.
    """
    wanted = {
        result.unit: f"{result.unit}/{result.counted.attempt}-{result.counted.worker}"
        for result in folded.results
        if result.counted is not None
    }
    directories = _local(wanted, stores)
    missing = {unit: name for unit, name in wanted.items() if unit not in directories}
    with tempfile.TemporaryDirectory(prefix="waa-matrix-") as scratch:
        kept = beside.kept if beside.screenshots == "full" else Path(scratch)
        target = beside.cache or kept
        _fetch(missing.values(), stores, target, beside)
        directories |= {unit: target / name for unit, name in missing.items()}
        with beside.reported(beside.evidence(directories)) as evidence:
            yield evidence


@contextmanager
def tree_evidence(
    folded: Folded, match: Mapping[Unit, Path], beside: EvidenceDirectory
) -> Iterator[Evidence]:
    """Yield what a client's tree holds of the trials that were counted from it."""
    directories = {
        result.unit: match[result.unit]
        for result in folded.results
        if result.counted is not None and result.unit in match
    }
    with beside.reported(beside.evidence(directories)) as evidence:
        yield evidence


def _local(wanted: Mapping[Unit, str], stores: Sequence[Store]) -> dict[Unit, Path]:
    roots = [root for root in map(evidence_root, stores) if root is not None]
    result: dict[Unit, Path] = {}
    for unit, name in wanted.items():
        kept = next((root / name for root in roots if (root / name).is_dir()), None)
        if kept is not None:
            result[unit] = kept
    return result


def evidence_root(store: Store) -> Path | None:
    """Return the directory that holds a ``file://`` ledger's evidence, None for other stores."""
    from orchestrator.store import directory_of

    directory = directory_of(store.url)
    return None if directory is None else directory / "evidence"


def _fetch(
    names: Collection[str], stores: Sequence[Store], target: Path, beside: EvidenceDirectory
) -> None:
    """Fetch attempts' evidence from the stores that are no directories, what is there left out."""
    left, images = set(names), beside.screenshots != "none"
    for store in (store for store in stores if evidence_root(store) is None):
        if not left:
            return
        try:
            listed = beside.waiting.out(partial(store.list, paths.EVIDENCE))
        except StoreError as error:
            click.echo(f"warning: no evidence from there: {error}", err=True)
            continue
        entries = [entry for entry in listed if _attempt(entry.path) in left]
        left -= {_attempt(entry.path) for entry in entries}
        wanted = [entry for entry in entries if images or not _is_image(entry)]
        _fetch_from(store, wanted, target, beside)


def _fetch_from(
    store: Store, entries: Sequence[Listed], target: Path, beside: EvidenceDirectory
) -> None:
    new = [entry.path for entry in entries if not _is_there(target, entry)]
    if not new:
        return
    with beside.counting("Fetching evidence", len(new), "files") as tell:
        failures = fetch(store, new, paths.EVIDENCE, target, tell, beside.waiting.out)
    for failure in failures[:_FAILURES_SHOWN]:
        click.echo(f"warning: evidence {failure}", err=True)
    if len(failures) > _FAILURES_SHOWN:
        click.echo(f"warning: and {len(failures) - _FAILURES_SHOWN} more", err=True)


def _attempt(path: str) -> str:
    """Return ``<domain>/<task>/<trial>/<attempt>-<worker>`` of a piece of evidence."""
    return "/".join(path.removeprefix(paths.EVIDENCE).split("/")[:4])


def _is_image(entry: Listed) -> bool:
    return entry.path.endswith(_IMAGES)


def _is_there(target: Path, entry: Listed) -> bool:
    try:
        return (target / entry.path.removeprefix(paths.EVIDENCE)).lstat().st_size == entry.size
    except (OSError, ValueError):
        return False


def place(directory: Path, target: Path) -> None:
    """Put a directory's regular files at ``target`` as well: as links where the disk allows it.

    Symbolic links in it are left out: whoever wrote it may have aimed them anywhere.
    """
    there = (path for path in directory.rglob("*") if stat.S_ISREG(path.lstat().st_mode))
    chosen = keep((path.relative_to(directory).as_posix() for path in there), _FILES_LIMIT)
    if chosen.said:
        click.echo(f"warning: {directory.name}: {chosen.said}", err=True)
    for name in chosen.names:
        path, file = directory / name, target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        try:
            os.link(path, file, follow_symlinks=False)
        except OSError:  # another disk, or one that knows no links
            shutil.copyfile(path, file, follow_symlinks=False)
