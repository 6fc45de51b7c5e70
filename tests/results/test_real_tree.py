"""The tree that the real client wrote, read right."""

from __future__ import annotations

import tarfile
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger.causes import Cause, Status
from orchestrator.ledger.fold import fold
from orchestrator.planning.suite import Unit, parse_suite
from orchestrator.results.trajectory import steps_of
from orchestrator.results.tree import list_tasks, read_tree
from tests.tiers import waa_data

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.waa

_CHROME = "pyautogui/a11y_tree/m/0/chrome"


@pytest.fixture
def data() -> Path:
    path = waa_data()
    assert path is not None
    return path


@pytest.fixture
def tree(data: Path, tmp_path: Path) -> Path:
    with tarfile.open(data / "tree.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.mark.parametrize("level", [".", "pyautogui/a11y_tree/m/0", _CHROME])
def test_the_real_tree(data: Path, tree: Path, level: str) -> None:
    suite = parse_suite((data / "test_all.json").read_text(), "test_all.json")
    units = [Unit(task, 0) for task in suite.tasks]

    read = read_tree(tree / level, units)
    folded = fold(units, read.snapshot())

    scores = [result.score for result in folded.results if result.score is not None]
    assert len(read.outcomes) == 17
    assert read.unexpected == ()
    assert [folded.count(status) for status in Status] == [12, 5, 137]
    assert Counter(scores) == {0.0: 3, 0.5: 3, 1.0: 6}
    assert sum(scores) == 7.5
    causes = Counter(result.cause for result in folded.results if result.cause)
    assert causes == {Cause.SETUP: 2, Cause.EVALUATOR: 3}


def test_the_real_steps(tree: Path) -> None:
    for directory in list_tasks(tree):
        steps = steps_of(directory.path)
        assert [step.number for step in steps] == list(range(len(steps)))
        assert all(step.screenshot for step in steps)
        if steps:
            assert (steps[0].action, steps[-1].action, len(steps)) == ("", "DONE", 3)
