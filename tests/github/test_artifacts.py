from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.github import ArchiveError, ArchiveLimits, FailureKind, GitHubError
from tests.fakes.github import Fault, Wound, zipped

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.github import GitHub
    from tests.fakes.github import FakeGitHub

STORAGE = "GET /_storage/"
NOISE = random.Random(1).randbytes(300_000)


@pytest.fixture(autouse=True)
def run(fake: FakeGitHub) -> None:
    fake.add_run(500)


def test_a_runs_artifacts_are_listed_and_unpacked(
    fake: FakeGitHub, github: GitHub, tmp_path: Path
) -> None:
    fake.add_artifact(500, "ledger-0", zipped({"plan.json": b"{}", "claims/a/1.json": b"[]"}))

    (artifact,) = github.artifacts.of_run(500)
    unpacked = github.artifacts.download(artifact, tmp_path / "out")

    assert artifact.name == "ledger-0"
    assert (tmp_path / "out/claims/a/1.json").read_bytes() == b"[]"
    assert set(unpacked.files) == {tmp_path / "out/plan.json", tmp_path / "out/claims/a/1.json"}
    assert unpacked.refused == ()


def test_more_than_a_page_of_artifacts(fake: FakeGitHub, github: GitHub) -> None:
    for number in range(130):
        fake.add_artifact(500, f"ledger-{number}", b"")

    assert len(github.artifacts.of_run(500)) == 130


@pytest.mark.parametrize("wound", [Wound.DROP_BEFORE, Wound.DROP_AFTER, Wound.CUT, Wound.REFUSE])
def test_a_broken_download_starts_again_with_a_fresh_address(
    fake: FakeGitHub, github: GitHub, tmp_path: Path, wound: Wound
) -> None:
    fake.add_artifact(500, "ledger-0", zipped({"a": NOISE}))
    fake.faults.add(Fault(STORAGE, wound, times=2))

    (artifact,) = github.artifacts.of_run(500)
    github.artifacts.download(artifact, tmp_path, ArchiveLimits(packed=artifact.size_bytes))

    assert (tmp_path / "a").read_bytes() == NOISE
    assert fake.count("GET", f"/actions/artifacts/{artifact.id}/zip") == 3


def test_an_address_whose_signature_ended_is_replaced(
    fake: FakeGitHub, github: GitHub, tmp_path: Path
) -> None:
    fake.add_artifact(500, "ledger-0", zipped({"a": b"x"}))
    fake.faults.add(Fault(STORAGE, Wound.SLOW, seconds=90.0))

    (artifact,) = github.artifacts.of_run(500)
    github.artifacts.download(artifact, tmp_path)

    assert (tmp_path / "a").read_bytes() == b"x"


def test_an_expired_artifact_is_not_found(fake: FakeGitHub, github: GitHub, tmp_path: Path) -> None:
    entry = fake.add_artifact(500, "ledger-0", zipped({"a": b"x"}))
    fake.world.artifacts[entry.id] = replace(entry, expired=True)

    (artifact,) = github.artifacts.of_run(500)
    with pytest.raises(GitHubError) as caught:
        github.artifacts.download(artifact, tmp_path)

    assert artifact.expired
    assert caught.value.kind is FailureKind.NOT_FOUND


def test_an_artifact_that_is_listed_too_large_is_never_fetched(
    fake: FakeGitHub, github: GitHub, tmp_path: Path
) -> None:
    fake.add_artifact(500, "big", zipped({"a": b"x"}))
    (artifact,) = github.artifacts.of_run(500)

    with pytest.raises(ArchiveError, match="larger"):
        github.artifacts.download(artifact, tmp_path, ArchiveLimits(packed=10))

    assert not [request for request in fake.seen if request.path.startswith("/_storage")]


def test_an_artifact_larger_than_listed_is_cut_off(
    fake: FakeGitHub, github: GitHub, tmp_path: Path
) -> None:
    entry = fake.add_artifact(500, "liar", b"x" * 1_000_000)
    fake.world.artifacts[entry.id] = replace(entry, listed_size=10)
    (artifact,) = github.artifacts.of_run(500)

    with pytest.raises(ArchiveError, match="larger"):
        github.artifacts.download(artifact, tmp_path, ArchiveLimits(packed=100_000))

    assert list(tmp_path.iterdir()) == []


def test_bytes_that_differ_from_the_listed_digest_are_refused(
    fake: FakeGitHub, github: GitHub, tmp_path: Path
) -> None:
    entry = fake.add_artifact(500, "ledger-0", zipped({"a": b"x"}))
    fake.world.artifacts[entry.id] = replace(entry, listed_digest="sha256:" + "0" * 64)
    (artifact,) = github.artifacts.of_run(500)

    with pytest.raises(ArchiveError, match="digest"):
        github.artifacts.download(artifact, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_token_stays_with_the_api(fake: FakeGitHub, github: GitHub, tmp_path: Path) -> None:
    fake.add_artifact(500, "ledger-0", zipped({"a": b"x"}))
    (artifact,) = github.artifacts.of_run(500)

    github.artifacts.download(artifact, tmp_path)

    assert fake.violations == []  # the storage refuses a request with a token
