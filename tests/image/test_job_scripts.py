"""The scripts that jobs start: a shard on a machine and elsewhere, and an image's build."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.image.machine import REPOSITORY

SHARD = REPOSITORY / "scripts" / "shard"
BUILD = REPOSITORY / "scripts" / "build-image"
CLEAN = REPOSITORY / "scripts" / "clean-image"


class Job:
    """A job's directories, and programs that write down how they were called."""

    def __init__(self, root: Path) -> None:
        self.root, self.tree = root, root / "tree"
        (self.tree / "scripts").mkdir(parents=True)
        for script in (SHARD, BUILD, CLEAN):
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
    reported = environment(worker)
    assert reported["WAA_MATRIX_WORKER_FORWARDED"] == "OPENAI_API_KEY"
    assert reported["WAA_MATRIX_WORKER_CONTAINER"] == "waa-arena"
    assert reported["WAA_MATRIX_WORKER_STORAGE"] == f"{srv}/disk/golden"


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
    reported = environment(packer)
    assert reported["PKR_VAR_regions"] == '["westeurope","northeurope"]'
    assert reported["PKR_VAR_version"].endswith(".7")
    assert job.output.read_text() == f"version={reported['PKR_VAR_version']}\n"
    assert "PKR_VAR_oidc_request_url" not in reported  # a person's build: az's login
    assert reported["PKR_VAR_golden_sha256"] == "ab" * 32
    # The address holds a key: it is in a file that this user alone reads, and nowhere else.
    address = Path(reported["PKR_VAR_golden_url_file"])
    assert address.read_text().strip() == SAS
    assert address.stat().st_mode & 0o077 == 0
    assert SAS not in done.stdout + done.stderr + str(reported)
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


OIDC = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/assertion",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-request-token-that-must-not-show",
    "AZURE_CLIENT_ID": "client-1",
    "AZURE_TENANT_ID": "tenant-1",
}


def test_in_a_workflow_packer_signs_in_by_itself(job: Job) -> None:
    packer = job.stand_in("bin/packer")
    job.stand_in("bin/git")
    done = job.run("build-image", **SETTINGS, **OIDC)
    assert done.returncode == 0, done.stderr
    reported = environment(packer)
    assert reported["PKR_VAR_oidc_request_url"] == OIDC["ACTIONS_ID_TOKEN_REQUEST_URL"]
    assert reported["PKR_VAR_oidc_request_token"] == OIDC["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    assert (reported["PKR_VAR_client_id"], reported["PKR_VAR_tenant_id"]) == (
        "client-1",
        "tenant-1",
    )
    calls = packer.with_name("packer.calls").read_text()
    assert OIDC["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] not in calls + done.stdout + done.stderr
    lacking = job.run("build-image", **SETTINGS, **{**OIDC, "AZURE_CLIENT_ID": ""})
    assert lacking.returncode != 0
    assert "AZURE_CLIENT_ID" in lacking.stderr


class Group:
    """The image's resource group, and an ``az`` that lists and deletes in it and knows no more."""

    def __init__(self, job: Job) -> None:
        self.job, self.file = job, job.root / "group"
        self.kept = job.root / "undeletable"
        self.file.touch()
        self.kept.touch()
        job.stand_in("bin/az", _AZ.format(group=self.file, kept=self.kept))

    def add(self, kind: str, name: str, build: str) -> str:
        made = f"/subscriptions/s/resourceGroups/bench-image/providers/{kind}/{name}"
        with self.file.open("a") as file:
            file.write(f"{kind}\t{build}\t{made}\n")
        return name

    def names(self) -> list[str]:
        return [line.rpartition("/")[2] for line in self.file.read_text().splitlines()]

    def deleted(self) -> list[str]:
        calls = (self.job.root / "bin" / "az.calls").read_text().splitlines()
        return [
            line.partition("--ids ")[2].split()[0].rpartition("/")[2]
            for line in calls
            if "--ids" in line
        ]

    def clean(self, version: str) -> subprocess.CompletedProcess[str]:
        return self.job.run("clean-image", version, WAA_MATRIX_IMAGE_RESOURCE_GROUP="bench-image")


_AZ = """
case "$*" in
  "resource list --resource-group bench-image --query "*) cat '{group}' ;;
  *" delete "*"--ids "*)
    all=$*
    id=${{all##*--ids }}
    id=${{id%% *}}
    ! grep -qxF "${{id##*/}}" '{kept}' || {{ echo "is attached" >&2; exit 1; }}
    awk -F '\t' -v id="$id" '$3 != id' '{group}' >'{group}.new'
    mv '{group}.new' '{group}' ;;
  *) echo "unknown: $*" >&2; exit 2 ;;
esac
"""


@pytest.fixture
def group(job: Job) -> Group:
    made = Group(job)
    made.add("Microsoft.Compute/galleries/images/versions", "2026.1101.7", "2026.1101.7")
    made.add("Microsoft.Network/virtualNetworks", "pkrvn", "2026.1101.7")
    made.add("Microsoft.Compute/disks", "pkros", "2026.1101.7")
    made.add("Microsoft.Network/networkInterfaces", "pkrni", "2026.1101.7")
    made.add("Microsoft.Compute/virtualMachines", "pkrvm", "2026.1101.7")
    made.add("Microsoft.Compute/virtualMachines", "pkrvm-other", "2026.1001.3")
    return made


def test_what_a_build_left_is_deleted_by_its_tag_and_what_others_left_is_named(
    group: Group,
) -> None:
    done = group.clean("2026.1101.7")
    assert done.returncode == 0, done.stderr
    assert group.deleted() == ["pkrvm", "pkrni", "pkros", "pkrvn"]
    assert group.names() == ["2026.1101.7", "pkrvm-other"]
    assert "left by build 2026.1001.3: Microsoft.Compute/virtualMachines/pkrvm-other" in done.stderr


def test_what_cannot_be_deleted_is_named_and_keeps_nothing_else(group: Group) -> None:
    group.kept.write_text("pkrni\n")
    done = group.clean("2026.1101.7")
    assert done.returncode == 5
    assert "still there, and billed" in done.stderr
    assert group.names() == ["2026.1101.7", "pkrni", "pkrvm-other"]


def test_a_build_that_left_nothing_is_clean(job: Job) -> None:
    assert Group(job).clean("2026.1101.7").returncode == 0


def test_a_group_that_cannot_be_listed_is_not_taken_for_a_clean_one(job: Job) -> None:
    job.stand_in(
        "bin/az", "echo 'AADSTS700024: Client assertion is not within its time' >&2; exit 1"
    )
    done = job.run("clean-image", "2026.1101.7", WAA_MATRIX_IMAGE_RESOURCE_GROUP="bench-image")
    assert done.returncode == 1
    assert "AADSTS700024" in done.stderr
