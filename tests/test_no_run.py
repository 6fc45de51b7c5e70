"""Each way in which a pull request gets no run has its own reason."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.tiers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LET_THROUGH = {"IS_SET_UP": "true", "IS_FORK": "false", "IS_LABELED": "true", "GATE": "success"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"IS_SET_UP": "false"}, "This repository is not set up for runs"),
        ({"IS_FORK": "true"}, "It comes from a fork"),
        ({"IS_FORK": "true", "IS_LABELED": "false"}, "It comes from a fork"),
        ({"IS_LABELED": "false", "GATE": "skipped"}, 'It has no label "smoke".'),
        ({"GATE": "failure"}, "The gate did not let it through (failure)."),
        ({}, "It was stopped."),
    ],
)
def test_the_reason_is_the_first_that_stands_in_the_way(
    tmp_path: Path, asked: dict[str, str], said: str
) -> None:
    output = tmp_path / "output"
    environment = {**LET_THROUGH, **asked, "GITHUB_OUTPUT": str(output), "PATH": "/usr/bin:/bin"}
    subprocess.run([ROOT / "scripts" / "no-run"], check=True, env=environment)
    assert output.read_text().startswith(f"reason={said}")
    assert len(output.read_text().splitlines()) == 1
