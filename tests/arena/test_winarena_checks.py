from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.arena.winarena.arena import WinArenaSettings
from orchestrator.arena.winarena.checks import Host, preflight
from orchestrator.arena.winarena.machine import Machine
from orchestrator.arena.winarena.storage import golden_digest
from orchestrator.planning.plan import AgentSettings, ArenaSettings

BIG = Machine(cores=16, ram_gb=64.0, cpu="x")


class Bench:
    """A machine, an engine and settings with which everything is well until a test breaks it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.kvm = root / "kvm"
        self.kvm.touch()
        self.storage = root / "golden"
        self.storage.mkdir()
        (self.storage / "data.img").write_bytes(b"windows")
        self.bin = root / "bin"
        self.bin.mkdir()
        shutil.copy(Path(__file__).with_name("fake_docker.py"), self.bin)
        launcher = self.bin / "docker"
        launcher.write_text(f'#!/bin/sh\nexec {sys.executable} {self.bin}/fake_docker.py "$@"\n')
        launcher.chmod(0o755)
        self.engine(image={"winarena": {"Config": {"Labels": None}}})
        self.host = Host(BIG, self.kvm)
        self.settings = WinArenaSettings(
            arena=ArenaSettings(kind="winarena", image="winarena"),
            agent=AgentSettings(),
            run="r",
            worker="w0",
            scratch=root / "scratch",
            storage=self.storage,
            environment={"PATH": f"{self.bin}:/usr/bin:/bin"},
        )

    def engine(self, **state: Any) -> None:
        (self.bin / "state.json").write_text(json.dumps(state))

    def problems(self, **changes: Any) -> list[str]:
        return [
            problem.where for problem in preflight(replace(self.settings, **changes), self.host)
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_good_machine_has_no_problem(bench: Bench) -> None:
    assert bench.problems() == []


def test_every_problem_is_named_at_once(bench: Bench) -> None:
    bench.host = Host(Machine(cores=4, ram_gb=7.5, cpu=""), bench.root / "no-kvm")
    bench.engine(image={})
    (bench.storage / "data.img").unlink()
    assert bench.problems(client=bench.root / "nowhere", requirements="more.txt") == [
        f"--client {bench.root}/nowhere",
        "--requirements more.txt",
        "--image winarena",
        str(bench.root / "no-kvm"),
        "--guest-cores",
        "--guest-ram",
        "--shm-size",
        f"--storage {bench.storage}",
    ]


def test_without_an_engine_nothing_else_can_be_asked_of_it(bench: Bench) -> None:
    bench.engine(down={})
    assert bench.problems() == ["docker"]
    assert bench.problems(environment={"PATH": str(bench.root)}) == ["docker"]


def test_the_stand_ins_image_needs_neither_kvm_nor_a_golden_image(bench: Bench) -> None:
    labels = {"waa-matrix.simulated": "true"}
    bench.engine(image={"winarena": {"Config": {"Labels": labels}}})
    bench.host = Host(Machine(cores=1, ram_gb=1.0, cpu=""), bench.root / "no-kvm")
    assert bench.problems(storage=None) == []


def test_storage_is_needed(bench: Bench) -> None:
    assert bench.problems(storage=None) == ["--storage"]


def test_another_golden_image_than_the_plans_is_refused(bench: Bench) -> None:
    assert bench.problems(golden_digest=golden_digest(bench.storage)) == []
    assert bench.problems(golden_digest="sha256:other") == [f"--storage {bench.storage}"]


def test_a_full_disk_is_a_problem(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage(bench.root)._replace(free=1 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    assert bench.problems() == [str(bench.root)]


def test_a_container_to_attach_to_must_run_and_see_the_scratch(bench: Bench) -> None:
    mount = {"Type": "bind", "Source": str(bench.root), "Destination": "/waa-matrix"}
    running = {"State": {"Running": True}, "Mounts": [mount]}
    bench.engine(
        container={
            "good": running,
            "blind": running | {"Mounts": []},
            "dead": running | {"State": {"Running": False}},
        }
    )
    assert bench.problems(container="good") == []
    assert bench.problems(container="blind") == ["--container blind"]
    assert bench.problems(container="dead") == ["--container dead"]
    assert bench.problems(container="none") == ["--container none"]


def test_settings_do_not_show_their_secrets(bench: Bench) -> None:
    assert "s3cret" not in repr(replace(bench.settings, secrets={"KEY": "s3cret"}))
