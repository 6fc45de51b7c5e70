from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from orchestrator.arena.winarena.client_tree import tree_digest
from orchestrator.errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "client"
    (root / "agents").mkdir(parents=True)
    (root / "run.py").write_text("run")
    (root / "agents" / "mine.py").write_text("agent")
    (root / "link").symlink_to("agents")
    return root


def test_a_copy_elsewhere_has_the_same_digest(tree: Path, tmp_path: Path) -> None:
    before = tree_digest(tree)
    moved = tree.rename(tmp_path / "elsewhere")
    assert tree_digest(moved) == before
    assert len(before) == 64


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "run.py").write_text("run!"),
        lambda root: (root / "run.py").rename(root / "ran.py"),
        lambda root: (root / "run.py").chmod(0o755),
        lambda root: (root / "new").touch(),
        lambda root: ((root / "link").unlink(), (root / "link").symlink_to("run.py")),
    ],
)
def test_any_change_changes_it(tree: Path, change: object) -> None:
    assert callable(change)
    before = tree_digest(tree)
    change(tree)
    assert tree_digest(tree) != before


def test_what_tools_leave_behind_does_not_count(tree: Path) -> None:
    before = tree_digest(tree)
    for name in ("__pycache__", ".git"):
        (tree / "agents" / name).mkdir()
        (tree / "agents" / name / "x").touch()
    assert tree_digest(tree) == before


def test_names_and_contents_do_not_run_into_each_other(tmp_path: Path) -> None:
    """A file's name may hold anything, also what looks like another file's entry."""
    entry = hashlib.sha256(b"1").hexdigest()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "x").write_text("1")
    (tmp_path / "a" / "y").write_text("2")
    (tmp_path / "b" / f"x file {entry}\ny").write_text("2")
    assert tree_digest(tmp_path / "a") != tree_digest(tmp_path / "b")


def test_a_link_out_of_the_tree_is_not_followed(tree: Path, tmp_path: Path) -> None:
    (tree / "out").symlink_to(tmp_path / "outside")
    before = tree_digest(tree)
    (tmp_path / "outside").write_text("something")
    assert tree_digest(tree) == before


def test_a_missing_directory_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no-such"):
        tree_digest(tmp_path / "no-such")
