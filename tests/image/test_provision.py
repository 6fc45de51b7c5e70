from __future__ import annotations

import functools
import hashlib
import io
import json
import re
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.compute.azure_vm.checks.image import GOLDEN_TAG, RUNNER_TAG
from tests.image.machine import IMAGE

if TYPE_CHECKING:
    from tests.image.machine import Sandbox, Server

SCRIPT = IMAGE / "provision" / "30-actions-runner.sh"
NAME = "actions-runner-linux-x64-2.400.1.tar.gz"


@functools.cache
def archive() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("run.sh"), io.BytesIO())
    return data.getvalue()


@pytest.fixture
def build(sandbox: Sandbox, server: Server) -> Sandbox:
    sandbox.stub("chown", "true")
    sandbox.variables |= {
        "WAA_GITHUB_API": server.url,
        "WAA_RUNNER_HOME": str(sandbox.root / "actions-runner"),
        "WAA_ETC": str(sandbox.root / "etc"),
        "WAA_SKIP_PACKAGES": "1",
    }
    server.replies[f"/{NAME}"] = (200, archive())
    return sandbox


def publish(server: Server, digest: str | None, body: str = "", which: str = "latest") -> None:
    asset: dict[str, Any] = {"name": NAME, "browser_download_url": f"{server.url}/{NAME}"}
    release = {"tag_name": "v2.400.1", "assets": [asset | {"digest": digest}], "body": body}
    path = f"/repos/actions/runner/releases/{which}"
    server.replies[path] = (200, json.dumps(release).encode())


def notes(digest: str) -> str:
    return f"<!-- BEGIN SHA linux-x64 -->{digest}<!-- END SHA linux-x64 -->"


@pytest.mark.parametrize("where", ["asset", "notes"])
def test_the_newest_runner_is_taken_by_its_published_digest(
    build: Sandbox, server: Server, where: str
) -> None:
    digest = hashlib.sha256(archive()).hexdigest()
    publish(server, f"sha256:{digest}" if where == "asset" else None, notes(digest))
    done = build.run(str(SCRIPT))
    assert done.returncode == 0, done.stderr
    assert (build.root / "actions-runner/run.sh").exists()
    assert "runner_version=2.400.1" in (build.root / "etc/image.txt").read_text()


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, None])
def test_a_runner_whose_digest_differs_or_is_missing_is_not_taken(
    build: Sandbox, server: Server, digest: str | None
) -> None:
    publish(server, digest)
    assert build.run(str(SCRIPT)).returncode != 0
    assert not (build.root / "actions-runner").exists()


def test_a_version_that_is_named_is_taken_in_place_of_the_newest(
    build: Sandbox, server: Server
) -> None:
    publish(server, f"sha256:{hashlib.sha256(archive()).hexdigest()}", which="tags/v2.400.1")
    build.variables["WAA_RUNNER_VERSION"] = "2.400.1"
    done = build.run(str(SCRIPT))
    assert done.returncode == 0, done.stderr
    assert "runner_version=2.400.1" in (build.root / "etc/image.txt").read_text()


@pytest.mark.parametrize("tag", [RUNNER_TAG, GOLDEN_TAG])
def test_the_image_carries_the_tags_that_doctor_reads(tag: str) -> None:
    template = (IMAGE / "packer" / "machine.pkr.hcl").read_text()
    assert re.search(rf"^ +{tag} += var\.\w+$", template, re.MULTILINE)
