"""A whole run whose ledger is in S3, a second machine on it, and every command that reads one."""

from __future__ import annotations

import json
import os
import secrets
import zlib
from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger.causes import Status
from orchestrator.ledger.reader import LedgerReader
from orchestrator.store import credentials_from, open_store
from tests.cli.in_process import Commands
from tests.e2e.command import call, output_of, quick, start, until
from tests.fakes.s3 import BUCKET, CONFLICT, ENVIRONMENT, SECRET_ACCESS_KEY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.blob_front import Trouble
    from tests.fakes.s3 import S3

NAME = "nightly"
TASKS = 8


@pytest.fixture
def commands(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Commands:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**ENVIRONMENT, "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    return Commands(capfd, monkeypatch)


class Conflicts:
    """Answers the first try of a third of all creates as one that met another on its way."""

    def __init__(self) -> None:
        self.met: set[str] = set()

    def __call__(self, verb: str, path: str) -> Trouble | None:
        is_create = verb == "PUT" and "/workers/" not in path  # a heartbeat is written over
        if not is_create or zlib.crc32(path.encode()) % 3 or path in self.met:
            return None
        self.met.add(path)
        return CONFLICT


def test_a_run_in_s3_with_a_second_machine_is_scored_once_and_read_by_every_command(
    s3: S3, tmp_path: Path, commands: Commands
) -> None:
    prefix, out = f"team/{secrets.token_hex(4)}", tmp_path / "out"
    url = s3.url(prefix)
    place = ("--store", url, "--run", NAME)
    store = open_store(url, NAME, credentials_from(ENVIRONMENT, ""), timeout_s=10)
    conflicts = s3.front.trouble = Conflicts()
    try:
        first = start(*quick(out, *place, "--speed", "300", tasks=TASKS, workers=1))
        until(lambda: store.list("outcomes/"), "an outcome")
        joined = call("join", *place, "--out", str(tmp_path / "second"), "--workers", "1")
        said = output_of(first)
    finally:
        s3.front.clear()
    assert (joined.returncode, first.returncode) == (0, 0), said + joined.stdout + joined.stderr
    assert conflicts.met
    folded = LedgerReader(store).fold()
    assert folded.count(Status.SCORED) == TASKS
    assert [len(result.attempts) for result in folded.results] == [1] * TASKS

    again = tmp_path / "again"
    for arguments in (
        ("status", *place, "--json"),
        ("watch", *place),
        ("report", *place, "--out", str(again)),
        ("compare", url.replace("?", f"/{NAME}?"), "--baseline", "navi"),
        ("run", "--resume", *place, "--out", str(out)),
    ):
        done = commands(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        assert SECRET_ACCESS_KEY not in said + done.stdout + done.stderr
    counts = [json.loads((where / "results.json").read_text())["counts"] for where in (out, again)]
    assert counts == [{"expected": TASKS, "scored": TASKS, "infrastructure": 0, "missing": 0}] * 2
    assert list((again / "evidence").rglob("*.png"))


WRONG = {
    "no credential": ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, BUCKET, 2),
    "half a key": ({"AWS_SECRET_ACCESS_KEY": ""}, BUCKET, 2),
    "another key": ({"AWS_ACCESS_KEY_ID": "AKIAOTHER"}, BUCKET, 4),
    "another secret": ({"AWS_SECRET_ACCESS_KEY": "SURELYWRONG"}, BUCKET, 4),
    "another bucket": ({}, "nobody-made-this", 4),
    "another scheme": ({}, "", 2),
}
WORDS = {
    "no credential": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "half a key": "AWS_SECRET_ACCESS_KEY is not set",
    "another key": "no such access key: check AWS_ACCESS_KEY_ID",
    "another secret": "the key does not fit: check AWS_SECRET_ACCESS_KEY",
    "another bucket": "there is no such bucket: make it, or correct --store",
    "another scheme": "s3:// lacks a bucket's name",
}


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.replace(" ", "-"))
def test_what_is_wrong_is_said_and_nothing_is_started(
    s3: S3, tmp_path: Path, commands: Commands, case: str
) -> None:
    environment, bucket, code = WRONG[case]
    place = ("--store", s3.url(bucket=bucket), "--run", NAME)
    for arguments in (quick(tmp_path / "out", *place, tasks=2), ("status", *place)):
        done = commands(*arguments, environment=environment)
        assert done.returncode == code, done.stdout + done.stderr
        assert WORDS[case] in done.stderr
        assert "Traceback" not in done.stderr
        assert "SURELYWRONG" not in done.stdout + done.stderr
    assert not (tmp_path / "out" / "workers").exists()


def test_a_run_that_is_not_there_is_said(s3: S3, commands: Commands) -> None:
    done = commands("status", "--store", s3.url("nothing-here"), "--run", NAME)
    assert done.returncode == 2
    assert f"s3://{BUCKET}/nothing-here/{NAME}: holds no run" in done.stderr
