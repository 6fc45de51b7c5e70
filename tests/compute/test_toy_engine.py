"""An engine in a package of its own: it passes the contract, and its workers score a run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command import RunDirectory, call, quick
from tests.toy.install import HERE, install

Completed = subprocess.CompletedProcess[str]
ROOT = Path(__file__).resolve().parents[2]
TASKS = 5


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The toy, installed where Python looks."""
    place = tmp_path / "site"
    install(place)
    return place


def test_the_toy_passes_the_contract_from_its_own_package(site: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "test_toy.py").write_text((HERE / "contract_of_toy.py").read_text())
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    done = subprocess.run(
        [*command, "--rootdir", str(own), str(own)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(ROOT)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def run(out: Path, site: Path, *more: str, **environment: str) -> Completed:
    path = os.pathsep.join((str(site), str(ROOT)))
    arguments = quick(out, *more, tasks=TASKS, workers=2)
    return call(*arguments, PYTHONPATH=path, **environment)


def test_a_run_is_scored_by_the_toys_workers_and_leaves_none(site: Path, tmp_path: Path) -> None:
    rack, out = tmp_path / "rack", RunDirectory(tmp_path / "out")
    done = run(out.path, site, "--engine", "toy", WAA_TOY_RACK=str(rack))
    assert done.returncode == 0, done.stdout + done.stderr
    assert out.results()["counts"]["scored"] == TASKS
    assert rack.is_dir()
    assert list(rack.iterdir()) == [], "every instance was ended"
    assert not list(out.path.glob("workers/*/worker.log")), "none was started here"


@pytest.mark.parametrize(
    ("engine", "why"),
    [("nowhere", "is not installed"), ("azure_vm", "starts no plain workers")],
)
def test_an_engine_that_starts_no_workers_here_is_wrong_input(
    site: Path, tmp_path: Path, engine: str, why: str
) -> None:
    done = run(tmp_path / "out", site, "--engine", engine)
    assert done.returncode == 2, done.stderr
    assert f"engine {engine}" in done.stderr
    assert why in done.stderr
