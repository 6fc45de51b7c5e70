"""Three trees that the real client wrote under injected faults, each task read as it should be."""

from __future__ import annotations

import csv
import tarfile
from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger.fold import fold
from orchestrator.planning.suite import Unit, parse_suite
from orchestrator.results.tree import read_tree
from tests.tiers import waa_data

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.ledger.fold import TaskResult

pytestmark = pytest.mark.waa

TREES = {"setup": 18, "provider": 6, "wrapped": 5}


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    data = waa_data()
    assert data is not None
    with tarfile.open(data / "faults.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def summary(result: TaskResult) -> tuple[str, str, str]:
    flags = " ".join(f"flag {flag}" for flag in result.counted.flags) if result.counted else ""
    score = "" if result.score is None else f"{result.score:.6g}"
    return result.status.value, str(result.cause or flags), score


@pytest.mark.parametrize("name", TREES)
def test_what_the_real_client_left_under_faults(faults: Path, name: str) -> None:
    suite = parse_suite((faults / name / "suite.json").read_text(), "suite.json")
    units = [Unit(task, 0) for task in suite.tasks]
    with (faults / name / "expected.tsv").open(newline="") as table:
        rows = {row["task"]: row for row in csv.DictReader(table, delimiter="\t")}

    folded = fold(units, read_tree(faults / name / "results", units).snapshot())

    read = {str(result.unit.task): summary(result) for result in folded.results}
    assert len(rows) == TREES[name]
    assert {task: read[task] for task in rows} == {
        task: (row["status"], row["cause or flag"], row["score"]) for task, row in rows.items()
    }
