"""The rules of the artifact actions, over a directory for each run; their stand-ins call it.

The actions themselves cannot run here: their sources are in no registry, and act's own artifact
server refuses upload-artifact v7 (nektos/act#6114). So each rule is copied from what is published,
and what is not modelled is refused.

- A name holds none of ``" : < > | * ? \\ /``, CR, LF; a file's path none of these but the slashes
  (actions/toolkit, packages/artifact/src/internal/upload/path-and-artifact-name-validation.ts).
- A name is used once in a run: 409 Conflict. ``overwrite`` deletes what has it first, and only if
  there is something to upload (actions/upload-artifact, README, src/upload/upload-artifact.ts).
- Only files go up, at their path below the directory that was named; a file that is named itself
  goes up by its last name alone (actions/upload-artifact, src/shared/search.ts).
- Hidden files, and all below hidden directories, are left out (the README, since v4.4).
- No file: ``if-no-files-found`` says whether that warns, fails or is passed over (the README).
- At most 500 artifacts a job; neither modes nor links survive (the README's limitations).
- From v5 on a single artifact, by name or as a pattern's only match, is unpacked straight into
  ``path``; several go into a directory each (actions/download-artifact#416; #419: it will stay).
- A name that is not there fails; a pattern that fits nothing does not, and makes no directory
  (actions/download-artifact, src/download-artifact.ts).
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORBIDDEN_IN_PATHS = '":<>|*?\r\n'
FORBIDDEN_IN_NAMES = FORBIDDEN_IN_PATHS + "\\/"
MOST_OF_A_JOB = 500
WITHOUT_FILES = ("warn", "error", "ignore")
_NOT_MODELLED = "*?[]!~\n"


class RefusedError(Exception):
    """What the real action fails with."""


@dataclass(frozen=True, slots=True)
class Artifacts:
    """A run's artifacts: a directory of each one's name below ``place``."""

    place: Path

    def upload(
        self,
        name: str,
        path: str,
        *,
        job: str,
        overwrite: bool = False,
        without_files: str = "warn",
        hidden: bool = False,
    ) -> str:
        """Upload a file or a directory as an artifact; return what is said.

        Raises:
            RefusedError: As the real action fails.
        """
        if without_files not in WITHOUT_FILES:
            raise RefusedError(f"Unrecognized if-no-files-found input: {without_files}")
        files = dict(_files(path, hidden=hidden))
        if not files:
            said = f"No files were found with the provided path: {path}. Nothing is uploaded."
            if without_files == "error":
                raise RefusedError(said)
            return f"::warning::{said}" if without_files == "warn" else said
        _check("artifact name", name, FORBIDDEN_IN_NAMES)
        if overwrite:
            shutil.rmtree(self.place / name, ignore_errors=True)
        for inside in files:
            _check("path for one of the files", inside, FORBIDDEN_IN_PATHS)
        self._create(name, job)
        for inside, source in files.items():
            target = self.place / name / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)  # its content alone
        return f"{name}: {len(files)} files"

    def download(self, path: str, *, name: str = "", pattern: str = "", merge: bool = False) -> str:
        """Download an artifact, or those that fit a pattern (all without one); return what is said.

        Raises:
            RefusedError: As the real action fails.
        """
        there = sorted(path.name for path in self.place.iterdir()) if self.place.is_dir() else []
        if name:
            if name not in there:
                raise RefusedError(
                    f"Unable to download artifact(s): Artifact not found for name: {name}"
                )
            chosen = [name]
        else:
            if set(pattern) & set("{}!+@()[]"):
                raise NotImplementedError(f"a pattern of this kind: {pattern}")
            chosen = [entry for entry in there if fnmatchcase(entry, pattern or "*")]
        straight = merge or len(chosen) == 1
        for entry in chosen:
            target = Path(path) if straight else Path(path) / entry
            shutil.copytree(self.place / entry, target, dirs_exist_ok=True)
        return f"Total of {len(chosen)} artifact(s) downloaded"

    def _create(self, name: str, job: str) -> None:
        counts = self.place.with_name(f"{self.place.name}.jobs")
        counts.mkdir(exist_ok=True)
        with (counts / job).open("a+") as file:
            file.seek(0)
            if len(file.readlines()) >= MOST_OF_A_JOB:
                raise RefusedError(f"a job may create {MOST_OF_A_JOB} artifacts, and no more")
            try:
                (self.place / name).mkdir()
            except FileExistsError:
                what = "an artifact with this name already exists on the workflow run"
                raise RefusedError(f"Failed to CreateArtifact: (409) Conflict: {what}") from None
            file.write(f"{name}\n")


def _files(path: str, *, hidden: bool) -> Iterator[tuple[str, Path]]:
    """Yield what goes up: its path in the artifact, and where it is."""
    if not path or set(path) & set(_NOT_MODELLED):
        raise NotImplementedError(f"several paths, or a pattern: {path!r}")
    root = Path(path)
    if root.is_file():
        if hidden or not root.name.startswith("."):
            yield root.name, root
        return
    for above, directories, names in os.walk(root, followlinks=True):
        if not hidden:
            directories[:] = [
                directory for directory in directories if not directory.startswith(".")
            ]
        for name in names:
            file = Path(above) / name
            if file.is_file() and (hidden or not name.startswith(".")):
                yield file.relative_to(root).as_posix(), file


def _check(what: str, text: str, forbidden: str) -> None:
    if not text:
        raise RefusedError(f"Provided {what} input during validation is empty")
    if bad := sorted(set(text) & set(forbidden)):
        raise RefusedError(f"The {what} is not valid: {text}. Contains: {bad}")


def main(action: str, given: Mapping[str, str]) -> int:
    """Do what a stand-in was asked for, by its inputs as variables; return the exit code."""
    artifacts = Artifacts(Path(given["ACT_ARTIFACTS"]))
    try:
        if action == "upload":
            said = artifacts.upload(
                given["NAME"],
                given["SOURCE"],
                job=given["ACT_JOB"],
                overwrite=given["OVERWRITE"] == "true",
                without_files=given["WITHOUT_FILES"],
                hidden=given["HIDDEN"] == "true",
            )
        else:
            said = artifacts.download(
                given["TARGET"],
                name=given["NAME"],
                pattern=given["PATTERN"],
                merge=given["MERGE"] == "true",
            )
    except RefusedError as error:
        sys.stdout.write(f"::error::{error}\n")
        return 1
    sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], os.environ))
