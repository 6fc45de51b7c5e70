"""Commands beside a worker, and files of its directory."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from orchestrator.compute.base import Completed
from orchestrator.compute.failures import CloudError, Failure, FailureKind

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

    from orchestrator.compute.base import RemoteCommand


def run_in(directory: Path, command: RemoteCommand) -> Completed:
    """Run a command in a worker's directory.

    Raises:
        CloudError: The directory is not there, or the command cannot be started or took too long.
    """
    try:
        done = subprocess.run(
            list(command.arguments),
            cwd=directory,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=command.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        why = f"it did not end within {command.timeout_s:g} s"
        raise _failed(FailureKind.TRANSIENT, "TimedOut", why) from error
    except OSError as error:
        raise _failed(FailureKind.CONFIGURATION, "NotStarted", str(error)) from error
    return Completed(done.returncode, done.stdout, done.stderr)


def copy_from(directory: Path, path: PurePosixPath, to: Path) -> None:
    """Copy a file of a worker's directory.

    Raises:
        CloudError: It is not there, or a link or its name leads out of the directory.
    """
    source = (directory / path).resolve()
    if not source.is_relative_to(directory.resolve()):
        raise _failed(FailureKind.CONFIGURATION, "Outside", f"{path} is outside the directory")
    try:
        shutil.copyfile(source, to)
    except OSError as error:
        raise _failed(FailureKind.CONFIGURATION, "NoSuchFile", str(error)) from error


def _failed(kind: FailureKind, code: str, why: str) -> CloudError:
    return CloudError(Failure(kind, code, why))
