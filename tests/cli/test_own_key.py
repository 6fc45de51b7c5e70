"""The key to a store that a command mints for itself when it signs in."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

import pytest

from orchestrator.cli.inputs.run_store import readable
from orchestrator.ledger import paths
from orchestrator.store import KEY_VARIABLE, SAS_VARIABLE
from tests.fleet.blob_stand import blob_standing

if TYPE_CHECKING:
    from pathlib import Path

TRIALS, TASKS, TASK = 3, 154, dt.timedelta(minutes=15)


@pytest.mark.azurite
def test_a_key_outlives_three_trials_of_every_task_on_one_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with blob_standing(tmp_path) as blobs:
        environment = {**blobs.stand.environment, "AZURE_AUTHORITY_HOST": blobs.stand.arm.url}
        for name, value in {**environment, KEY_VARIABLE: "", SAS_VARIABLE: ""}.items():
            monkeypatch.setenv(name, value)
        store = readable(blobs.store, "run", str(blobs.ca_file), 20.0, create=True)
        assert store.create(paths.PLAN, b"{}")
        # The client's own settings: what the key is good for, and nothing else, says it.
        config = cast("Any", store)._primitives._store.config
    (ends,) = parse_qs(config["sas_key"])["se"]
    left = dt.datetime.fromisoformat(ends) - dt.datetime.now(dt.UTC)
    assert TRIALS * TASKS * TASK < left < dt.timedelta(days=7)
