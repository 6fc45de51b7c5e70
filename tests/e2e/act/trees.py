"""The repositories that act's jobs check out, and what act itself reads of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from tests.tiers import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WORKFLOWS = ROOT / ".github" / "workflows"
_GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@localhost", "-C")


@dataclass(frozen=True, slots=True)
class Tree:
    """A repository on this disk, ``owner/name``, at one commit."""

    path: Path
    repository: str
    commit: str

    def commits(self, files: Mapping[str, str]) -> Tree:
        """Return the same repository at a further commit, whose files are changed so."""
        _write(self.path, files)
        return Tree(self.path, self.repository, _commit(self.path))


def product(place: Path, repository: str) -> Tree:
    """Make a repository of what is, or would be, committed here, tests aside."""
    target = place / repository
    listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = _git(ROOT, *listing)
    for name in filter(None, names.split("\0")):
        if name.startswith("tests/") or not (ROOT / name).is_file():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    return _made(target, repository)


def repository_of(place: Path, repository: str, files: Mapping[str, str]) -> Tree:
    """Make a repository of these files."""
    _write(place / repository, files)
    return _made(place / repository, repository)


def as_act_reads(tree: Tree, target: Path, code: Tree | None) -> Path:
    """Copy a tree to where act reads it, its workflows changed by the two things act does not know.

    ``job.workflow_repository`` and ``job.workflow_sha`` are empty in act 0.2.89, where GitHub names
    the repository and the commit that the workflow's file is of: here those of ``code``, where it
    is given. And ``cache-mode`` is no key that it takes.
    """
    shutil.copytree(tree.path, target, symlinks=True)
    for file in (target / ".github" / "workflows").glob("*.yml"):
        text = file.read_text()
        text = re.sub(r"(?m)^cache-mode: none.*\n", "", text)
        if code is not None:
            text = text.replace("job.workflow_repository", f"format('{code.repository}')")
            text = text.replace("job.workflow_sha", f"format('{code.commit}')")
        file.write_text(text)
    _git(target, "remote", "add", "origin", f"https://github.com/{tree.repository}")
    return target  # github.sha is what it was: the commit that jobs can check out


def remote_actions() -> set[str]:
    """Every action of another repository that a workflow or a composite action here uses."""
    texts: set[str] = set()
    for file in [*WORKFLOWS.glob("*.yml"), *(ROOT / ".github" / "actions").glob("*/action.yml")]:
        texts |= set(_uses(yaml.safe_load(file.read_text())))
    return {uses for uses in texts if not uses.startswith(".")}


def named_steps(workflow: str, job: str) -> list[str]:
    """Return the names of a job's steps as act gives them."""
    steps = yaml.safe_load((WORKFLOWS / workflow).read_text())["jobs"][job]["steps"]
    return [step.get("name") or step["uses"] for step in steps]


def _uses(node: Any) -> list[str]:
    if isinstance(node, list):
        return [use for item in node for use in _uses(item)]
    if not isinstance(node, dict):
        return []
    own = [node["uses"]] if isinstance(node.get("uses"), str) else []
    return own + [use for value in node.values() for use in _uses(value)]


def _write(target: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text)


def _made(target: Path, repository: str) -> Tree:
    _git(target, "init", "-q")
    _git(target, "config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub's answers
    return Tree(target, repository, _commit(target))


def _commit(target: Path) -> str:
    _git(target, "add", "-A")
    _git(target, "commit", "-qm", "The tree", "--allow-empty")
    return _git(target, "rev-parse", "HEAD").strip()


def _git(target: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*_GIT, str(target), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout
