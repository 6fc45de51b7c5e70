from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.arena.winarena.machine import this_process
from orchestrator.arena.winarena.storage import (
    copy_pristine,
    golden_digest,
    orphaned_copies,
    own_copy,
    remove_copy,
)
from orchestrator.errors import ArenaError

if TYPE_CHECKING:
    from pathlib import Path

LATER = time.monotonic() + 3600


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    storage = tmp_path / "golden"
    storage.mkdir()
    (storage / "data.img").write_bytes(b"windows")
    return storage


def test_a_copy_is_fresh_every_time(golden: Path, tmp_path: Path) -> None:
    copy = tmp_path / "waa-storage-w0"
    copy_pristine(golden, copy, LATER, threading.Event())
    (copy / "data.img").write_bytes(b"dirty")
    (copy / "more").touch()
    copy_pristine(golden, copy, LATER, threading.Event())
    assert [(path.name, path.read_bytes()) for path in copy.iterdir()] == [("data.img", b"windows")]
    remove_copy(copy)
    remove_copy(copy)
    assert not copy.exists()


def test_a_copy_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "waa-storage-w0"
    with pytest.raises(ArenaError, match="No such file"):
        copy_pristine(tmp_path / "missing", copy, LATER, threading.Event())
    assert not copy.exists()


@pytest.mark.parametrize("stopped", [True, False])
def test_a_copy_ends_when_asked_or_late(golden: Path, tmp_path: Path, stopped: bool) -> None:
    stop = threading.Event()
    if stopped:
        stop.set()
    copy = tmp_path / "waa-storage-w0"
    with pytest.raises(ArenaError, match="stopped or took longer"):
        copy_pristine(golden, copy, LATER if stopped else 0.0, stop)
    assert not copy.exists()


def test_only_copies_are_ever_removed(golden: Path) -> None:
    with pytest.raises(ArenaError, match="not a copy"):
        remove_copy(golden)
    assert golden.exists()


def test_copies_of_dead_workers_are_found(tmp_path: Path) -> None:
    mine, dead, rebooted, torn = (tmp_path / f"waa-storage-{name}" for name in "abcd")
    own_copy(mine, this_process())
    own_copy(dead, replace(this_process(), started="1"))
    own_copy(rebooted, replace(this_process(), boot="earlier"))
    torn.with_name("waa-storage-d.owner").write_text("")
    assert orphaned_copies(tmp_path) == [dead, rebooted, torn]
    for copy in (mine, dead, rebooted, torn):
        remove_copy(copy)
    assert list(tmp_path.iterdir()) == []


def test_a_digest_is_the_recorded_one_or_says_that_it_is_of_sizes_and_times(golden: Path) -> None:
    first = golden_digest(golden)
    assert first.startswith("stat:")
    os.utime(golden / "data.img", (1, 1))
    assert golden_digest(golden) != first
    (golden / "golden.sha256").write_text("abc123  data.img\n")
    assert golden_digest(golden) == "sha256:abc123"
