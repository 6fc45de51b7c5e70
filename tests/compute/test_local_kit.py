"""This machine by its name in the registry: opened by its settings, with nothing to sign in to."""

from __future__ import annotations

import datetime as dt
import sys
import time
from typing import TYPE_CHECKING

import pytest

from orchestrator.compute import registry
from orchestrator.compute.base import InstanceState
from orchestrator.compute.job import Job, MachineNeeds, WorkerBootstrap
from orchestrator.compute.kit import machines_of
from orchestrator.errors import BadInputError
from orchestrator.planning.prices import PriceSource, rates_for

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.compute.kit import EngineAccount


@pytest.fixture
def account(tmp_path: Path) -> EngineAccount:
    kit = registry.load("local")
    assert kit.missing() == []
    return kit.account({"directory": str(tmp_path / "workers"), "subscription": "no setting"}, {})


def test_it_is_opened_by_its_name_and_starts_a_worker(account: EngineAccount) -> None:
    program = (sys.executable, "-c", "print('at work')")
    job = Job(
        ("w1",), lambda _name: WorkerBootstrap(program), {"run": "r"}, MachineNeeds(kvm=False)
    )
    with account.open({}) as engine:
        assert engine.name == "local"
        assert engine.check(job) == []
        assert engine.launch(job).accepted == ("w1",)
        (instance,) = engine.status({"run": "r"})
        deadline = time.monotonic() + 60
        while instance.state is not InstanceState.ENDED:
            assert time.monotonic() < deadline
            (instance,) = engine.status({"run": "r"})
        assert b"".join(engine.logs(instance)) == b"at work\n"
        engine.terminate(instance)


def test_its_processes_cannot_be_githubs_runners(account: EngineAccount) -> None:
    with account.open({}) as engine, pytest.raises(BadInputError, match="engine local"):
        machines_of(engine)


def test_it_mints_no_keys_and_says_what_to_do(account: EngineAccount) -> None:
    with pytest.raises(BadInputError, match="a key to it in the environment"):
        account.container_keys("https://results.blob.core.windows.net")


def test_it_charges_nothing_and_keeps_no_price(tmp_path: Path) -> None:
    source = PriceSource(registry.load("local").prices, dt.date(2026, 12, 1), tmp_path)
    rates = rates_for("any", "here", source)
    assert (rates.regular_hour, rates.disk_hour, rates.ip_hour) == (0.0, 0.0, 0.0)
    assert list(tmp_path.iterdir()) == []
