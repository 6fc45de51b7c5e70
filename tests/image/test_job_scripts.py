"""The scripts that jobs start: a shard on a machine and elsewhere, and an image's build."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.image.machine import REPOSITORY

SHARD = REPOSITORY / "scripts" / "shard"
BUILD = REPOSITORY / "scripts" / "build-image"


class Job:
    """A job's directories, and programs that write down how they were called."""

    def __init__(self, root: Path) -> None:
        self.root, self.tree = root, root / "tree"
        (self.tree / "scripts").mkdir(parents=True)
        for script in (SHARD, BUILD):
            (self.tree / "scripts" / script.name).symlink_to(script)
        self.output = root / "output"

    def stand_in(self, path: str, text: str = "") -> Path:
        """Put a program at ``path`` that writes its arguments and environment beside itself."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            f"#!/usr/bin/env bash\necho $$ \"$@\" >>'{file}.calls'\nenv >'{file}.env'\n{text}\n"
        )
        file.chmod(0o755)
        return file

    def run(self, script: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.tree / "scripts" / script), *arguments],
            env={
                "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
                "RUNNER_TEMP": str(self.root),
                "GITHUB_OUTPUT": str(self.output),
                "WAA_BIN": str(self.root / "machine"),
                "WAA_SRV": str(self.root / "srv"),
                "WAA_STATE": str(self.root / "state"),
                **more,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def environment(program: Path) -> dict[str, str]:
    lines = program.with_name(f"{program.name}.env").read_text().splitlines()
    return dict(line.partition("=")[::2] for line in lines)


def test_on_a_machine_the_client_is_placed_and_the_worker_attaches(job: Job) -> None:
    placed = job.stand_in("machine/waa-place-client")
    worker = job.stand_in("tree/.venv/bin/waa-matrix")
    (job.root / "state").mkdir()
    pid = job.root / "state" / "worker.pid"
    pid.touch()
    assert job.run("shard", "prepare", CLIENT="client/agent").returncode == 0
    assert placed.with_name("waa-place-client.calls").read_text().split()[1:] == ["client/agent"]
    srv = job.root / "srv"
    assert job.output.read_text() == f"scratch={srv}/work/shard\nclient={srv}/client\n"
    done = job.run("shard", "work", OPENAI_API_KEY="a-key", AZURE_API_KEY="")
    assert done.returncode == 0, done.stderr
    called = worker.with_name("waa-matrix.calls").read_text().split()
    assert called == [pid.read_text().strip(), "worker"]  # it became the worker: one process
    told = environment(worker)
    assert told["WAA_MATRIX_WORKER_FORWARDED"] == "OPENAI_API_KEY"
    assert told["WAA_MATRIX_WORKER_CONTAINER"] == "waa-arena"
    assert told["WAA_MATRIX_WORKER_STORAGE"] == f"{srv}/disk/golden"


def test_elsewhere_there_is_no_arena_to_attach_to(job: Job) -> None:
    worker = job.stand_in("tree/.venv/bin/waa-matrix")
    assert job.run("shard", "prepare").returncode == 0
    assert job.output.read_text() == f"scratch={job.root}/shard\nclient=\n"
    assert job.run("shard", "work").returncode == 0
    assert "WAA_MATRIX_WORKER_CONTAINER" not in environment(worker)
    assert job.run("shard").returncode == 2


SETTINGS = {
    "AZURE_SUBSCRIPTION_ID": "sub-1",
    "WAA_MATRIX_IMAGE_RESOURCE_GROUP": "bench-image",
    "WAA_MATRIX_REGIONS": "westeurope northeurope",
    "GITHUB_RUN_NUMBER": "7",
}
SAS = "https://gold.blob.core.windows.net/golden/golden.tar?sig=a-signature-that-must-not-show"


def test_an_images_build_tells_packer_everything_by_its_environment(job: Job) -> None:
    packer, git = job.stand_in("bin/packer"), job.stand_in("bin/git")
    az = job.stand_in("bin/az", f"echo '{SAS}'")
    golden = {"WAA_MATRIX_GOLDEN_STORE": "gold", "WAA_MATRIX_GOLDEN_SHA256": "ab" * 32}
    done = job.run("build-image", **SETTINGS, **golden)
    assert done.returncode == 0, done.stderr
    calls = [line.split()[1:] for line in packer.with_name("packer.calls").read_text().splitlines()]
    assert calls == [["init", "runner-image/packer"], ["build", "runner-image/packer"]]
    told = environment(packer)
    assert told["PKR_VAR_regions"] == '["westeurope","northeurope"]'
    assert told["PKR_VAR_version"].endswith(".7")
    assert told["PKR_VAR_golden_sha256"] == "ab" * 32
    # The address holds a key: it is in a file that this user alone reads, and nowhere else.
    address = Path(told["PKR_VAR_golden_url_file"])
    assert address.read_text().strip() == SAS
    assert address.stat().st_mode & 0o077 == 0
    assert SAS not in done.stdout + done.stderr + str(told)
    assert "archive" in git.with_name("git.calls").read_text()
    assert "--as-user" in az.with_name("az.calls").read_text()


def test_an_images_build_without_windows_says_so_and_without_settings_stops(job: Job) -> None:
    packer = job.stand_in("bin/packer")
    job.stand_in("bin/git")
    done = job.run("build-image", **SETTINGS)
    assert done.returncode == 0
    assert "has no Windows" in done.stderr
    assert "PKR_VAR_golden_sha256" not in environment(packer)
    stopped = job.run("build-image", **{**SETTINGS, "WAA_MATRIX_REGIONS": ""})
    assert stopped.returncode != 0
    assert "WAA_MATRIX_REGIONS" in stopped.stderr
