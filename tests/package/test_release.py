"""``scripts/release``, in a clone whose remote is a repository beside it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from orchestrator import __version__
from tests.package.installed import ROOT
from tests.tiers import uv_command

if TYPE_CHECKING:
    from pathlib import Path

TAG = f"v{__version__}"
MAJOR = TAG.partition(".")[0]
KEPT = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "scripts/release")


class Clone:
    """A checkout with what a release reads, and its remote."""

    def __init__(self, root: Path) -> None:
        self.home, self.remote = root / "clone", root / "remote.git"
        self.bin = root / "bin"
        self.bin.mkdir()
        (self.bin / "gh").write_text(f'#!/bin/sh\necho "$*" >>{root}/gh-calls\n')
        (self.bin / "gh").chmod(0o755)
        uv = uv_command()
        assert uv is not None
        (self.bin / "uv").symlink_to(uv)
        self.git("init", "--quiet", "--bare", str(self.remote), home=root)
        self.git("init", "--quiet", "--initial-branch", "trunk", str(self.home), home=root)
        for name in KEPT:
            (self.home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self.home / name)
        for directory in ("orchestrator", "runner-image"):
            shutil.copytree(
                ROOT / directory,
                self.home / directory,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        self.commit()
        self.git("remote", "add", "origin", str(self.remote))
        self.git("push", "--quiet", "origin", "trunk")

    def git(self, *words: str, home: Path | None = None) -> str:
        return subprocess.run(
            ["git", *words],
            cwd=home or self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.strip()

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Work")
        return self.git("rev-parse", "HEAD")

    def tag(self, name: str) -> None:
        self.git("tag", name)
        self.git("push", "--quiet", "origin", name)

    def at(self, tag: str) -> str:
        """The commit that a tag names on the remote."""
        return self.git("ls-remote", str(self.remote), f"refs/tags/{tag}").partition("\t")[0]

    def release(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.home / "scripts" / "release"), *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    @property
    def environment(self) -> dict[str, str]:
        who = {"NAME": "T", "EMAIL": "t@example.org"}
        return {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.home.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            **{
                f"GIT_{role}_{key}": said
                for role in ("AUTHOR", "COMMITTER")
                for key, said in who.items()
            },
        }


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_a_tag_of_another_version_is_not_built(clone: Clone) -> None:
    clone.tag("v99.0.0")
    done = clone.release("build", "v99.0.0", "origin/trunk")
    assert done.returncode == 2
    assert f"pyproject.toml says {__version__}" in done.stderr
    assert not (clone.home / "dist").exists()


def test_a_tag_that_nobody_merged_is_not_built(clone: Clone) -> None:
    clone.git("switch", "--quiet", "--create", "mine")
    clone.commit()
    clone.tag(TAG)
    done = clone.release("build", TAG, "origin/trunk")
    assert done.returncode == 2
    assert "is not on origin/trunk" in done.stderr
    assert not (clone.home / "dist").exists()


def test_a_version_said_twice_is_said_alike(clone: Clone) -> None:
    file = clone.home / "orchestrator" / "__init__.py"
    file.write_text(file.read_text().replace(__version__, "99.0.0"))
    clone.tag(TAG)
    done = clone.release("build", TAG, "origin/trunk")
    assert done.returncode == 2
    assert "another version" in done.stderr


def test_the_majors_tag_moves_with_each_release(clone: Clone) -> None:
    for number in ("v1.0.0", "v1.9.0", "v1.10.0"):
        head = clone.commit()
        clone.tag(number)
        done = clone.release("move", number)
        assert done.returncode == 0, done.stderr
        assert clone.at("v1") == head


def test_a_later_release_keeps_the_majors_tag(clone: Clone) -> None:
    for number in ("v1.9.1", "v1.10.0", "v2.0.0"):
        clone.commit()
        clone.tag(number)
    assert clone.release("move", "v1.10.0").returncode == 0
    done = clone.release("move", "v1.9.1")
    assert (done.returncode, done.stdout) == (0, "v1 stays: v1.10.0 is later than v1.9.1\n")
    assert clone.at("v1") == clone.at("v1.10.0")


def test_what_is_published_is_what_was_built_and_attested() -> None:
    jobs: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())[
        "jobs"
    ]
    assert [jobs[name].get("needs") for name in jobs] == [None, "build", "attest", "publish"]
    built = jobs["build"]["steps"][-1]["with"]
    for name in ("attest", "publish"):
        fetched = jobs[name]["steps"][0]
        assert fetched["uses"].startswith("actions/download-artifact@")
        assert fetched["with"]["name"] == built["name"]
        assert not [step for step in jobs[name]["steps"] if "checkout" in step.get("uses", "")]
    keys = {name for name, job in jobs.items() if "id-token" in job["permissions"]}
    assert keys == {"attest", "publish"}
    assert jobs["publish"]["environment"]["name"] == "pypi"
    assert "secrets." not in str(jobs)


def test_a_majors_tag_is_no_release() -> None:
    triggers = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())[True]
    (pattern,) = triggers["push"]["tags"]
    assert set(triggers) == {"push"}
    meant = re.compile(
        pattern.replace(".", r"\.")
    )  # GitHub's + and [0-9] are a regular expression's
    assert meant.fullmatch(TAG)
    assert meant.fullmatch(MAJOR) is None
