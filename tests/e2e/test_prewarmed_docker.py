"""The container that a machine starts before any job is there, under a real engine.

The lines are the program's own (runner-image/bin/waa-arena); the image is the stand-in's, or one
made of it that does not say so, and then gets what Windows gets.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.arena.winarena.docker_cli import Docker
from orchestrator.errors import ArenaError
from orchestrator.ledger.causes import Status
from orchestrator.ledger.reader import LedgerReader
from orchestrator.ledger.records import Session
from orchestrator.ledger.session import open_session
from orchestrator.planning.plan import ArenaSettings, PlanInputs, make_plan
from orchestrator.planning.suite import Selection, demo_suite, select
from orchestrator.store import StoreCredentials, open_store
from tests.e2e.base_image import simulated_image
from tests.e2e.command import call
from tests.image.machine import IMAGE, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.docker

NAME = "waa-arena"
DOCKER = Docker()
KEY = "sk-a-key-that-must-not-be-there"


def derived(tag: str, *lines: str) -> str:
    """Build an image on the stand-in's."""
    text = "\n".join([f"FROM {simulated_image()}", *lines])
    command = ["docker", "build", "--quiet", "--tag", f"waa-matrix-sim:{tag}", "-"]
    subprocess.run(command, input=text, text=True, check=True, capture_output=True)
    return f"waa-matrix-sim:{tag}"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Sandbox]:
    """A machine's directories; the name of its container is one for the whole engine."""
    with (Path(tempfile.gettempdir()) / "waa-matrix-prewarmed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        machine = Sandbox(tmp_path / "machine")
        for name in ("work", "client", "disk/golden"):
            (machine.root / "srv" / name).mkdir(parents=True)
        machine.variables |= {"WAA_SRV": str(machine.root / "srv"), "WAA_SHM_GB": "1"}
        try:
            yield machine
        finally:
            DOCKER.demand(["rm", "--force", "--volumes", NAME])


def inspected() -> dict[str, Any]:
    result = DOCKER.inspect("container", NAME)
    assert result is not None
    return result


def inside(command: str) -> str:
    return DOCKER.demand(["exec", NAME, "sh", "-c", command])


def test_a_job_attaches_to_what_stands_ready_and_scores_a_task(machine: Sandbox) -> None:
    image = derived("quick", f"ENV WAA_STANDIN='{json.dumps({'speed': 400})}'")
    done = machine.run("waa-arena", WAA_ARENA_IMAGE=image, OPENAI_API_KEY=KEY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert inside("ls /client") == ""
    assert KEY not in json.dumps(inspected())
    started = inspected()["State"]["StartedAt"]

    srv = machine.root / "srv"
    client = {"WAA_CLIENT": str(srv / "client")}
    assert machine.run("waa-place-client", str(IMAGE / "winarena-sim"), **client).returncode == 0
    store = str(machine.root / "store")
    opened = open_store(store, "run", StoreCredentials(), timeout_s=30.0, create=True)
    arena = ArenaSettings(kind="winarena", image=image, faults=json.dumps({"speed": 400}))
    plan = make_plan(PlanInputs(select(demo_suite(), Selection(sample=1)), arena=arena))
    open_session(opened, plan, Session("s", time.time(), "test", 1))
    done = call(
        *("worker", "--store", store, "--run", "run", "--session", "s", "--shard", "0"),
        *("--shards", "1", "--scratch", str(srv / "work" / "shard-0"), "--container", NAME),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    folded = LedgerReader(opened).fold()
    assert folded.count(Status.SCORED) == 1
    assert inspected()["State"]["StartedAt"] == started


def test_windows_gets_the_device_its_copy_and_nothing_of_a_job(machine: Sandbox) -> None:
    image = derived("unlabelled", 'LABEL waa-matrix.simulated="no"')
    golden = machine.root / "srv" / "disk" / "golden" / "data.img"
    golden.write_text("pristine")
    given = {"WAA_ARENA_IMAGE": image, "WAA_KVM": "/dev/null", "OPENAI_API_KEY": KEY}
    done = machine.run("waa-arena", **given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert inside("cat /storage/data.img; echo dirty >/storage/data.img") == "pristine"
    assert golden.read_text() == "pristine"
    with pytest.raises(ArenaError, match="Read-only file system"):
        inside("touch /client/x")
    result = inspected()
    assert result["State"]["Running"]
    assert [entry["PathOnHost"] for entry in result["HostConfig"]["Devices"]] == ["/dev/null"]
    assert result["HostConfig"]["CapAdd"] in (["NET_ADMIN"], ["CAP_NET_ADMIN"])
    ports = result["HostConfig"]["PortBindings"].values()
    assert {entry["HostIp"] for bound in ports for entry in bound} == {"127.0.0.1"}
    assert KEY not in json.dumps(result)
