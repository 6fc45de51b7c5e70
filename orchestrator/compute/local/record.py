"""What is kept of an instance in its worker's directory, so that any process can pick it up.

Two files: ``instance.json`` says whose it is, and is there before its process; ``process.json``
says which process that is, and how it ended once that is known. Nothing secret is in either.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from orchestrator.compute.local.process import ProcessId

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

INSTANCE, PROCESS, LOG = "instance.json", "process.json", "worker.log"


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """An instance. ``process`` None: it was not started, or whoever started it was killed then.

    ``created`` and ``ending_since``, which says when its end was asked for, are Unix seconds.
    """

    name: str
    labels: Mapping[str, str]
    created: float
    process: ProcessId | None = None
    exit_code: int | None = None
    ending_since: float | None = None


def claim(directory: Path, record: ProcessRecord) -> bool:
    """Make an instance's directory, with its record from the start; False when there is one.

    Raises:
        OSError: There is no room for it.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    staged = directory.with_name(f".{directory.name}.{os.getpid()}")
    staged.mkdir()
    try:
        write(staged, record)
        staged.rename(directory)  # onto a directory that holds anything it fails
    except OSError as error:
        shutil.rmtree(staged, ignore_errors=True)
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


def names(directory: Path) -> list[str]:
    """Return the names of the instances below a directory."""
    there = (path.parent.name for path in directory.glob(f"*/{INSTANCE}"))
    return sorted(name for name in there if not name.startswith("."))


def write(directory: Path, record: ProcessRecord) -> None:
    """Keep a record; each file is whole at every moment."""
    values = asdict(record)
    process = {name: values.pop(name) for name in ("process", "exit_code", "ending_since")}
    if not (directory / INSTANCE).exists():
        _replace(directory / INSTANCE, values)
    _replace(directory / PROCESS, process)


def read(directory: Path) -> ProcessRecord | None:
    """Return the record in a directory, or None."""
    values = _load(directory / INSTANCE)
    if values is None:
        return None
    try:
        record = ProcessRecord(
            str(values["name"]), dict(values["labels"]), float(values["created"])
        )
        held = _load(directory / PROCESS) or {}
        process = held.get("process")
        return replace(
            record,
            process=ProcessId(**process) if process else None,
            exit_code=held.get("exit_code"),
            ending_since=held.get("ending_since"),
        )
    except (KeyError, TypeError, ValueError):
        return None


def forget(directory: Path) -> None:
    """Remove a record; what its worker wrote stays."""
    for name in (INSTANCE, PROCESS):
        with suppress(OSError):  # who reads it next takes it away
            (directory / name).unlink(missing_ok=True)


def _load(path: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def _replace(path: Path, values: Mapping[str, Any]) -> None:
    beside = path.with_suffix(f".{os.getpid()}")
    try:
        beside.write_text(json.dumps(values))
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
