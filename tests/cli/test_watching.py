"""``watch`` and ``status`` of a run whose workers are gone, and on a dumb terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger import paths
from orchestrator.ledger.records import Heartbeat, Session, to_json
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, Unit, suite_of
from orchestrator.store import StorePatience, open_directory
from tests.attacks.scene import url_of
from tests.cli.in_process import Commands
from tests.fakes import blob_front
from tests.fakes.azurite import KEY
from tests.fakes.blob_front import front_of

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.store import Store
    from tests.fakes.azurite import Azurite
    from tests.fakes.blob_front import Trouble

TASK = TaskKey("chrome", "bookmark")


def fill(store: Store) -> None:
    """Make a run whose only worker has beaten once, and then never again."""
    store.create(paths.PLAN, make_plan(PlanInputs(suite_of((TASK,)))).to_json())
    store.create(paths.session("s0"), to_json(Session("s0", 900.0, "run", 1)))
    beat = Heartbeat("w0", "s0", "m0", 0, "running", 3, unit=Unit(TASK, 0), attempt=1, since=900.0)
    store.put(paths.worker("w0"), to_json(beat))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    fill(open_directory(out / "ledger" / "run", create=True))
    return out


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Commands that look as often as they can."""
    monkeypatch.setattr("orchestrator.cli.outputs.display._PLAIN_S", 0.001)
    return Commands(capsys, monkeypatch)


def test_watching_ends_when_nobody_says_anything(
    run: Path, call: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.cli.status._LEASES", 0.001)
    done = call("watch", str(run))
    assert done.returncode == 0
    assert "No worker has said anything for" in done.stdout
    assert "--resume" in done.stdout


@pytest.mark.azurite
@pytest.mark.parametrize("trouble", [blob_front.BUSY, blob_front.FORBIDDEN])
def test_watching_ends_when_the_store_is_gone(
    azurite: Azurite, call: Commands, monkeypatch: pytest.MonkeyPatch, trouble: Trouble
) -> None:
    monkeypatch.setattr("orchestrator.cli.status.WATCH_PATIENCE", StorePatience(0.0, 0.0, 0.0))
    monkeypatch.setattr("orchestrator.store.patience.PAUSE_S", 0.001)
    name = f"watched-{trouble.status}"
    fill(azurite.open(name))
    with front_of(azurite.port) as front:
        # What is read first, the plan, is still served.
        front.trouble = lambda _verb, path: None if "plan.json" in path else trouble
        environment = {"AZURE_STORAGE_KEY": KEY}
        done = call("watch", "--store", url_of(front), "--run", name, environment=environment)
    assert done.returncode == 4
    assert "could not list" in done.stderr


def test_a_terminal_that_can_only_print_gets_lines(run: Path, call: Commands) -> None:
    done = call("status", str(run), environment={"TERM": "dumb", "FORCE_COLOR": "1"})
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first.startswith("[simulated] 0/1 tasks, 0 scored")
    assert second.split()[:3] == ["w0", "running", "chrome/bookmark"]
