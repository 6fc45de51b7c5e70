from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.github import GitHub, open_github
from tests.fakes.github import FakeGitHub

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with FakeGitHub() as server:
        yield server


@pytest.fixture
def github(fake: FakeGitHub) -> Iterator[GitHub]:
    with open_github(fake.connection(), clock=fake.clock) as adapter:
        yield adapter


@pytest.fixture
def as_app(fake: FakeGitHub) -> Iterator[GitHub]:
    with open_github(fake.app_connection(), clock=fake.clock) as adapter:
        yield adapter
