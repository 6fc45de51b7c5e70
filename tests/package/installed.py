"""The wheel, built from the checkout and installed where nothing of the checkout can be found.

Nothing is fetched: what the wheel's own metadata asks for is linked from the environment that the
tests run in, and nothing else of it, so a requirement that is not declared is not there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tiers import uv_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
NAME = "waa-matrix"

_EACH = """
import contextlib, io, json, sys, traceback
from orchestrator.cli import invoke
found = {}
for name, arguments in json.loads(sys.argv[1]).items():
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = invoke(arguments)
        except Exception:
            code = 1
            traceback.print_exc()
    found[name] = (code, said.getvalue())
print(json.dumps(found))
"""


def build(directory: Path) -> Path:
    """Build the wheel as a release does; nothing is written to the checkout."""
    program = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)]
    subprocess.run(program, cwd=ROOT, check=True, capture_output=True, timeout=300)
    (wheel,) = directory.glob("*.whl")
    return wheel


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that holds the wheel, called from a directory with nothing in it."""

    place: Path
    home: Path

    @property
    def python(self) -> str:
        return str(self.place / "bin" / "python")

    def run(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Call the installed command."""
        return self._call([str(self.place / "bin" / "waa-matrix"), *arguments], environment or {})

    def program(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run a program with the environment's Python."""
        return self._call([self.python, "-c", text], {})

    def run_all(
        self, commands: Mapping[str, list[str]], environment: Mapping[str, str]
    ) -> dict[str, tuple[int, str]]:
        """Call several commands in one process; return each one's exit code and words."""
        done = self._call([self.python, "-c", _EACH, json.dumps(commands)], environment)
        assert done.returncode == 0, done.stderr
        result: dict[str, list[Any]] = json.loads(done.stdout)
        return {name: (code, said) for name, (code, said) in result.items()}

    def _call(
        self, words: list[str], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=self.home,
            env={"PATH": os.defpath, "HOME": str(self.home), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )


def install(wheel: Path, place: Path, *extras: str) -> Installed:
    """Install the wheel by the real installer, then link what it requires with these extras."""
    uv = uv_command()
    assert uv is not None, "uv is not here: scripts/setup puts it into .tools"
    made = Installed(place, place.with_name(f"{place.name}-home"))
    made.home.mkdir()
    _quietly(uv, "venv", "--offline", "--python", sys.executable, str(place))
    _quietly(uv, "pip", "install", "--offline", "--no-deps", "--python", made.python, str(wheel))
    (site,) = place.glob("lib/python*/site-packages")
    own = next(iter(distributions(path=[str(site)], name=NAME)))
    _Links({canonicalize_name(name) for name in _required(own, set(extras))}).into(site)
    return made


def _quietly(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=120)


def _required(own: Distribution, extras: set[str]) -> Iterator[str]:
    """Yield every distribution that this one asks for, and those ask for."""
    seen: set[tuple[str, str]] = set()
    waiting = [(own, extra) for extra in ("", *extras)]
    while waiting:
        asking, extra = waiting.pop()
        for text in asking.requires or ():
            wanted = Requirement(text)
            applies = wanted.marker is None or wanted.marker.evaluate({"extra": extra})
            for inner in ("", *wanted.extras) if applies else ():
                if (wanted.name, inner) not in seen:
                    seen.add((wanted.name, inner))
                    waiting.append((distribution(wanted.name), inner))
    yield from {name for name, _ in seen}


class _Links:
    """Links into the tests' own environment: whole directories where only wanted parts are in."""

    def __init__(self, wanted: set[str]) -> None:
        self._wanted = wanted
        self._owners: dict[PurePosixPath, set[str]] = defaultdict(set)
        self._children: dict[PurePosixPath, set[PurePosixPath]] = defaultdict(set)
        self._from = Path(str(distribution("click").locate_file("")))
        for known in distributions(path=[str(self._from)]):
            owner = canonicalize_name(known.metadata["Name"])
            for file in known.files or ():
                self._note(PurePosixPath(file), owner)

    def _note(self, file: PurePosixPath, owner: str) -> None:
        if ".." in file.parts or file.is_absolute():
            return  # a command's script, which nothing imports
        for path in (file, *file.parents):
            self._owners[path].add(owner)
            self._children[path.parent].add(path)

    def into(self, site: Path) -> None:
        """Make the links."""
        for path in sorted(self._children[PurePosixPath()] - {PurePosixPath()}):
            self._link(path, site)

    def _link(self, path: PurePosixPath, site: Path) -> None:
        owners = self._owners[path]
        if not owners & self._wanted:
            return
        if owners <= self._wanted:
            (site / path).symlink_to(self._from / path)
            return
        (site / path).mkdir()
        for child in sorted(self._children[path]):
            self._link(child, site)
