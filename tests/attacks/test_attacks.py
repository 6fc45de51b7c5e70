"""A row of each kind of the table of attacks, of which ``scripts/reliability.py`` plays all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import EXIT_INTERRUPTED
from tests.attacks.rows import EVERY, PART, played
from tests.e2e.command import call

if TYPE_CHECKING:
    from pathlib import Path

    from tests.attacks.rows import Row

ROWS = {row.name: row for row in EVERY if row.name in PART}


def tier(row: Row) -> list[pytest.MarkDecorator]:
    if row.docker:
        return [pytest.mark.docker]
    return [pytest.mark.azurite] if row.blobs else []


@pytest.mark.parametrize(
    "row", [pytest.param(row, marks=tier(row), id=row.name) for row in ROWS.values()]
)
def test_an_attack_loses_and_leaves_nothing(row: Row, request: pytest.FixtureRequest) -> None:
    azurite = request.getfixturevalue("azurite") if row.blobs else None
    outcome = played(row, azurite)
    assert list(outcome.wrongs(row)) == []


def test_the_part_names_rows() -> None:
    assert set(ROWS) == set(PART)


def test_a_worker_whose_parent_died_before_it_could_look_touches_nothing(tmp_path: Path) -> None:
    store, scratch = tmp_path / "store", tmp_path / "scratch"
    done = call(
        *("worker", "--store", str(store), "--run", "abc", "--session", "s", "--parent", "1"),
        *("--shard", "0", "--shards", "1", "--scratch", str(scratch)),
    )
    assert done.returncode == EXIT_INTERRUPTED, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
