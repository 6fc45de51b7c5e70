"""Copies an attempt's evidence into the ledger, after its outcome. Its absence changes no count."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from orchestrator.errors import StoreError
from orchestrator.results import files as sizes
from orchestrator.results.keeping import keep
from orchestrator.results.thinning import thinned
from orchestrator.results.trajectory import TRAJECTORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.results.keeping import KeptFiles
    from orchestrator.store import Store
    from orchestrator.worker.redact import Redactor

FILE_LIMIT = 32 * 1024 * 1024
"""Bytes of one evidence file; a larger one is cut to its end, where errors are.

A trajectory keeps all of its lines instead, and its long values lose their ends.
"""

_CUT_ALLOWANCE = 1 << 16
"""Bytes that are looked at beyond the cut: more than any secret has."""

ATTEMPT_LIMIT = 512
"""Files of one attempt."""

_SCREENSHOT = "screenshot-step_"
_REASONING = "plan_result-step_"  # what the agent answered: a few kilobytes a step
_TEXTS = (".txt", ".jsonl", ".log")


def wanted(name: str, kind: str) -> bool:
    """Whether a file of this name is kept under ``--evidence`` ``none|traj|screens|all``."""
    if kind == "all":
        return True
    is_step = "-step_" in name
    texts = name.endswith(_TEXTS) and (not is_step or name.startswith(_REASONING))
    return kind != "none" and (texts or (kind == "screens" and name.startswith(_SCREENSHOT)))


def evidence_files(directory: Path, kind: str) -> list[tuple[str, Path]]:
    """Return (name in the evidence, file) for every regular file that is kept."""
    return [(name, directory / name) for name in chosen_files(directory, kind).names]


def chosen_files(directory: Path, kind: str) -> KeptFiles:
    """Return the names of the regular files that are kept, at most ``ATTEMPT_LIMIT``."""
    names = (
        path.relative_to(directory).as_posix()
        for path in _regular_files(directory)
        if wanted(path.name, kind)
    )
    return keep(names, ATTEMPT_LIMIT)


def _regular_files(directory: Path) -> Iterator[Path]:
    """Yield regular files below a directory; links lead nowhere an agent may choose."""
    for path in directory.rglob("*"):
        try:
            if stat.S_ISREG(path.lstat().st_mode):
                yield path
        except OSError:
            continue  # removed between the listing and the look


def newest_screenshot(directory: Path) -> Path | None:
    """Return the screenshot that was written last, or None."""
    newest: tuple[int, Path] | None = None
    for path in (*directory.glob(f"{_SCREENSHOT}*"), *directory.glob(f"*/{_SCREENSHOT}*")):
        try:
            written = path.lstat()
        except OSError:
            continue  # removed between the listing and the look
        if stat.S_ISREG(written.st_mode) and (newest is None or written.st_mtime_ns > newest[0]):
            newest = (written.st_mtime_ns, path)
    return None if newest is None else newest[1]


def upload(store: Store, prefix: str, files: list[tuple[str, Path]], redactor: Redactor) -> str:
    """Copy files below ``prefix``, without secrets; return what went wrong, or nothing.

    Evidence is worth less than the next task: the first failure ends the copying.
    """
    for name, path in files:
        try:
            store.put(prefix + name, _kept(name, path, redactor))
        except (OSError, StoreError) as error:
            return f"{prefix} is incomplete: {error}"
    return ""


def cut_short(files: list[tuple[str, Path]]) -> str:
    """Return, as a sentence, which of some files are too large to be kept whole; "" for none."""
    cut = []
    for name, path in files:
        size = sizes.size_of(path)
        if size > FILE_LIMIT:
            way = "long values of it" if is_trajectory(name) else "all but its end"
            cut.append(f"{name} ({size / 1e6:.0f} MB; {way})")
    limit = f"{FILE_LIMIT / 1e6:.0f} MB"
    return f"left out, for a file is kept up to {limit}: {', '.join(cut)}" if cut else ""


def is_trajectory(name: str) -> bool:
    """Whether a file of evidence is a task's trajectory."""
    return name.rpartition("/")[2] == TRAJECTORY


def _kept(name: str, path: Path, redactor: Redactor) -> bytes:
    """Return what is kept of a file, without secrets."""
    if is_trajectory(name) and sizes.size_of(path) > FILE_LIMIT:
        short = thinned(path, FILE_LIMIT, redactor.data)
        if short is not None:
            return short
    return _redacted(path, redactor)


def _redacted(path: Path, redactor: Redactor) -> bytes:
    """Return a file's end without secrets; none that the cut has halved is left unseen."""
    limit = FILE_LIMIT + _CUT_ALLOWANCE
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - limit))
        data = redactor.data(stream.read(limit))
    if size <= FILE_LIMIT:
        return data
    if len(data) > FILE_LIMIT:
        return data[-FILE_LIMIT:]
    # So many secrets went that the first, which may have been cut, would come into view.
    return data.partition(b"\n")[2]
