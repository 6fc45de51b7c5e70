"""A row of each kind of the table of attacks, of which ``scripts/reliability.py`` plays all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks.rows import EVERY, PART, played

if TYPE_CHECKING:
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
    found = played(row, azurite)
    assert list(found.wrongs(row)) == []


def test_the_part_names_rows() -> None:
    assert set(ROWS) == set(PART)
