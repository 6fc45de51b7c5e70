"""Where a page's screenshots are: beside it, small, within it, and fetched from a store."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from tests.e2e.command import RunDirectory, call, quick
from tests.fakes.azurite import KEY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.azurite import Azurite

_BLOCK = re.compile(r'<script type="application/json" id="task-\d+">(.*?)</script>', re.DOTALL)


def steps(page: Path) -> list[dict[str, Any]]:
    """Return the steps of every task of a page."""
    blocks = _BLOCK.findall((page / "report.html").read_text("utf-8"))
    return [step for block in blocks for step in json.loads(block)["evidence"]["steps"]]


def links(page: Path) -> list[str]:
    return [unquote(step["screenshot"]) for step in steps(page) if "screenshot" in step]


def images(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.suffix in (".png", ".webp")]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    directory = RunDirectory(tmp_path_factory.mktemp("screens") / "out")
    assert call(*quick(directory.path, tasks=3)).returncode == 0
    return directory


def test_a_run_links_to_its_own_evidence_and_copies_nothing(run: RunDirectory) -> None:
    texts = links(run.path)
    assert len(texts) > 3
    assert all((run.path / link).is_file() for link in texts)
    assert not (run.path / "evidence").exists()


def test_a_report_elsewhere_takes_its_screenshots_along(run: RunDirectory, tmp_path: Path) -> None:
    out = tmp_path / "report"
    assert call("report", str(run.path), "--out", str(out)).returncode == 0
    moved = tmp_path / "moved"
    out.rename(moved)
    assert len(links(moved)) == len(links(run.path))
    assert all((moved / link).resolve().is_relative_to(moved) for link in links(moved))
    assert all((moved / link).read_bytes().startswith(b"\x89PNG") for link in links(moved))


def test_small_screenshots_are_all_that_lies_beside_the_page(
    run: RunDirectory, tmp_path: Path
) -> None:
    done = call("report", str(run.path), "--out", str(tmp_path), "--screenshots", "small")
    assert done.returncode == 0
    assert "Downscaling screenshots: 3 tasks" in done.stderr
    assert {(tmp_path / link).read_bytes()[8:12] for link in links(tmp_path)} == {b"WEBP"}
    assert len(links(tmp_path)) == len(links(run.path))
    assert not (tmp_path / "evidence").exists()


@pytest.mark.parametrize("flag", [("--single-file",), ("--screenshots", "page")])
def test_a_single_file_is_all_there_is(
    run: RunDirectory, tmp_path: Path, flag: tuple[str, ...]
) -> None:
    assert call("report", str(run.path), "--out", str(tmp_path), *flag).returncode == 0
    assert images(tmp_path) == []
    assert links(tmp_path) == []
    assert any(step.get("image", "").startswith("data:image/webp") for step in steps(tmp_path))


@pytest.mark.parametrize(("name", "make"), [("report.html", "mkdir"), ("evidence", "touch")])
def test_results_are_there_though_the_page_or_its_evidence_cannot_be_written(
    run: RunDirectory, tmp_path: Path, name: str, make: str
) -> None:
    getattr(tmp_path / name, make)()
    done = call("report", str(run.path), "--out", str(tmp_path))
    assert done.returncode == 4
    assert "the report cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((tmp_path / "results.json").read_text())["counts"] == run.results()["counts"]


def test_a_run_can_write_a_single_file_itself(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "out")
    assert call(*quick(run.path, "--single-file", tasks=1)).returncode == 0
    assert links(run.path) == []
    assert any("image" in step for step in steps(run.path))


def test_a_link_among_the_evidence_is_not_taken_along(run: RunDirectory, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"\x89PNG secret")
    copy = RunDirectory(tmp_path / "copy")
    shutil.copytree(run.path, copy.path)
    taken = copy.path / links(copy.path)[1]
    taken.unlink()
    taken.symlink_to(secret)
    out = tmp_path / "report"
    assert call("report", str(copy.path), "--out", str(out)).returncode == 0
    assert images(out)
    assert b"secret" not in b"".join(path.read_bytes() for path in images(out))


@pytest.mark.azurite
def test_evidence_in_a_store_is_fetched_and_kept(tmp_path: Path, azurite: Azurite) -> None:
    name = f"screens-{secrets.token_hex(4)}"
    store = ("--store", azurite.url, "--run", name)
    run = RunDirectory(tmp_path / "out")
    key = {"AZURE_STORAGE_KEY": KEY}
    done = call(*quick(run.path, *store, tasks=3), **key)
    assert done.returncode == 0, done.stderr
    assert len(links(run.path)) > 3
    assert all((run.path / link).is_file() for link in links(run.path))

    cached = ("--screenshots", "small", "--cache", str(tmp_path / "cache"))
    out = tmp_path / "report"
    first = call("report", *store, "--out", str(out), *cached, **key)
    assert first.returncode == 0, first.stderr
    assert "Fetching evidence: " in first.stderr
    assert {(out / link).read_bytes()[8:12] for link in links(out)} == {b"WEBP"}
    again = call("report", *store, "--out", str(out), *cached, **key)
    assert again.returncode == 0
    assert "Fetching evidence" not in again.stderr

    bare = tmp_path / "bare"
    done = call("report", *store, "--out", str(bare), "--screenshots", "none", **key)
    assert done.returncode == 0
    assert (links(bare), images(bare)) == ([], [])
    assert any("action" in step for step in steps(bare))
