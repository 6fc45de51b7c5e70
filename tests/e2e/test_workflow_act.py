"""The workflows themselves, run by act from their files against the fake cloud and GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.act.runs import Act
from tests.e2e.act.stage import staged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.act


@pytest.fixture
def act(tmp_path: Path) -> Iterator[Act]:
    with staged(tmp_path) as stage:
        yield Act(tmp_path, stage)


def test_thin(act: Act) -> None:
    inputs = {
        "suite": "demo",
        "workers": "4",
        "arena": "simulated",
        "store": act.store.as_uri(),
    }
    running = act.start("benchmark.yml", inputs)
    played = running.played()
    print(running.log)
    for s in played.steps:
        print(s)
    print(played.jobs)
    print(act.stage.arm.everything())
    raise AssertionError
