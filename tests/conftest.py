"""What every test may use, and the tiers that need something of the machine.

A test marked with a tier is skipped, with the reason, where the machine lacks what it needs. The
tiers that ``WAA_MATRIX_REQUIRE_TIERS`` lists (comma-separated, or ``all``) fail instead, so that a
green run can not hide a tier that never ran. The end of the run says which tiers ran.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.tiers import TIERS, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.azurite import Azurite
    from tests.fakes.s3 import S3

REQUIRED = "WAA_MATRIX_REQUIRE_TIERS"

# No test is timed: an example that a busy machine takes long over is no failure. Properties try the
# same examples each time, so that a gate never fails by what is older than the change;
# explore.yml draws new ones each night.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("repeatable")


def _required() -> set[str]:
    listed = {name.strip() for name in os.environ.get(REQUIRED, "").split(",") if name.strip()}
    return set(TIERS) if "all" in listed else listed


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail, what the machine cannot run."""
    for tier in TIERS:
        if item.get_closest_marker(tier) is None:
            continue
        item.user_properties.append(("tier", tier))
        why = missing(tier)
        if why and tier in _required():
            pytest.fail(f"tier {tier} is required and cannot run: {why}", pytrace=False)
        if why:
            pytest.skip(f"tier {tier}: {why}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tiers ran, and which could not and why."""
    ran: Counter[str] = Counter()
    seen: set[str] = set()
    for outcome in ("passed", "failed", "skipped", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in getattr(report, "user_properties", []):
                if name == "tier":
                    seen.add(str(value))
                    ran[str(value)] += outcome in ("passed", "failed") and report.when == "call"
    terminalreporter.section("tiers")
    for tier, needs in TIERS.items():
        if ran[tier]:
            terminalreporter.write_line(f"{tier}: ran, {ran[tier]} tests")
        elif tier in seen:
            terminalreporter.write_line(f"{tier}: could not run: {missing(tier)}. Needs {needs}.")
        else:
            terminalreporter.write_line(f"{tier}: not selected")


@pytest.fixture(autouse=True, scope="module")
def _no_running_loop() -> None:
    """Fail a module that begins inside an event loop which an earlier one left running."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Return a real Azurite on loopback, one for each test process."""
    from tests.fakes.azurite import running

    with running(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """Return an S3 on loopback, one for each test process."""
    from tests.fakes.s3 import running

    with running() as server:
        yield server
