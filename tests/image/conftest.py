from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.image.machine import Sandbox, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path / "machine")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as entry:
        yield entry
