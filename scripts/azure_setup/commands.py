"""Calls of ``az`` and ``gh``: questions, whose failure is no answer, and changes, all shown."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MISSING = 3
"""az's exit code for "does not exist" (a 404): knack and azure-cli-core, ``handle_exception``."""

# Waiting does not help where the caller may not do it, or the command is not understood.
PERMANENT = re.compile(
    r"AuthorizationFailed|Authorization_RequestDenied|insufficient privileges"
    r"|RequestDisallowedByPolicy|unrecognized arguments|AADSTS\d+|az login",
    re.IGNORECASE,
)
HINTS = {
    "AuthorizationFailed": "Sign in as an owner of the subscription.",
    "Authorization_RequestDenied": "Your directory lets its administrators alone register"
    " applications: ask one.",
    "StorageAccountAlreadyTaken": "Somebody else has an account of this name: choose another by"
    " --account.",
    "AccountNameInvalid": "Choose another name by --account.",
    "RoleDefinitionWithSameNameExists": "A role's name is unique in the whole directory, and"
    " another subscription of it has this one: choose another --group.",
    "RequestDisallowedByPolicy": "A policy of your organisation forbids it: ask who keeps them.",
}


class SetupError(Exception):
    """A command failed, or what there is does not allow to go on."""


@dataclass(frozen=True)
class Result:
    """How a command ended: its exit code (127 where it is not installed) and what it wrote."""

    status: int
    out: str
    err: str


def run(arguments: Sequence[str], stdin: Path | None = None) -> Result:
    """Run a command, with a file or nothing as its standard input."""
    source = subprocess.DEVNULL if stdin is None else stdin.open("rb")
    try:
        done = subprocess.run(
            list(arguments), stdin=source, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return Result(127, "", f"{arguments[0]} is not installed")
    finally:
        if not isinstance(source, int):
            source.close()
    return Result(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Commands:
    """Asks and changes.

    Args:
        asks: Whether anybody is asked; if not, nothing exists.
        changes: Whether changes are run; if not, they are only shown.
        pause_s: Seconds until something is tried again.
        tries: How often it is tried in all.
        report: Takes each line that is shown.
    """

    asks: bool
    changes: bool
    pause_s: float
    tries: int
    report: Callable[[str], None]

    def az(self, *words: str) -> Any | None:
        """Return what az answers, parsed; None where what is asked for does not exist.

        Raises:
            SetupError: The question failed: that is neither yes nor no.
        """
        if not self.asks:
            return None
        arguments = ["az", *words, "--output", "json"]
        result = run(arguments)
        if result.status == MISSING:
            return None
        if result.status != 0:
            raise _unanswered(arguments, result)
        return json.loads(result.out) if result.out.strip() else None

    def gh(self, path: str) -> Any | None:
        """Return GitHub's answer at a path of its REST API; None for a 404.

        By the status line: gh prints the body of a refusal on its standard output like any other.

        Raises:
            SetupError: Any other status, or none.
        """
        if not self.asks:
            return None
        arguments = ["gh", "api", "--include", path]
        result = run(arguments)
        status = status_line(result.out)
        if status == 404:
            return None
        if result.status != 0 or not 200 <= status < 300:
            raise _unanswered(arguments, result)
        return json.loads(re.split(r"\r?\n\r?\n", result.out, maxsplit=1)[1])

    def change(self, *arguments: str, stdin: Path | None = None) -> Any | None:
        """Show a command and run it; return its output, parsed where it is JSON.

        Raises:
            SetupError: It failed.
        """
        self.report(f"+ {shlex.join(arguments)}")
        if not self.changes:
            return None
        result = run(arguments, stdin)
        if result.status != 0:
            raise failed(arguments, result)
        return _parsed(result.out)

    def delete(self, *arguments: str) -> None:
        """Show a command that deletes something and run it; what is missing is a success.

        Raises:
            SetupError: It failed.
        """
        self.report(f"+ {shlex.join(arguments)}")
        if not self.changes:
            return
        result = run(arguments)
        missing = result.status == MISSING or status_line(result.out) == 404
        if result.status != 0 and not missing:
            raise failed(arguments, result)

    def ensure(
        self, look: Callable[[], Any | None], *arguments: str, replicates: bool = False
    ) -> Any | None:
        """Make what ``look`` does not find; return what it found, or what making it answered.

        What depends on objects of Entra or on roles ``replicates``: one that is seconds old is not
        known everywhere, so that looking and making are tried again
        (https://learn.microsoft.com/azure/role-based-access-control/troubleshooting).

        Raises:
            SetupError: It failed for a reason that waiting does not mend, or too often.
        """
        for left in reversed(range(self.tries if replicates else 1)):
            present = look()
            if present is not None and present != []:
                return present
            try:
                return self.change(*arguments)
            except SetupError as error:
                if left == 0 or PERMANENT.search(str(error)):
                    raise
                self.report(f"  not yet ({_last_line(str(error))}); again in {self.pause_s:g} s")
            self.wait()
        raise AssertionError(arguments)

    def until(self, holds: Callable[[], bool]) -> bool:
        """Ask until it holds, or as often as is tried; return whether it does."""
        for left in reversed(range(self.tries)):
            if holds():
                return True
            if left:
                self.wait()
        return False

    def wait(self) -> None:
        """Give the cloud time to spread what it was told."""
        time.sleep(self.pause_s)


def status_line(out: str) -> int:
    """Return the status of a reply as ``gh api --include`` prints it; 0 where there is none."""
    match = re.match(r"HTTP/\S+ (\d{3})", out)
    return int(match[1]) if match else 0


def failed(arguments: Sequence[str], result: Result) -> SetupError:
    """Return the error of a change that failed, with what helps where that is known."""
    why = result.err.strip() or f"exit code {result.status}"
    hint = next((f"\n{text}" for code, text in HINTS.items() if code in why), "")
    return SetupError(
        f"this command failed: {shlex.join(arguments)}\n{why}{hint}\n"
        "What was made stays. Mend the cause and run this again."
    )


def _unanswered(arguments: Sequence[str], result: Result) -> SetupError:
    why = result.err.strip() or f"exit code {result.status}"
    return SetupError(f"this could not be asked: {shlex.join(arguments)}\n{why}")


def _parsed(out: str) -> Any | None:
    try:
        return json.loads(out)
    except json.JSONDecodeError:
        return None


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith("ERROR")]
    return lines[-1].removeprefix("ERROR: ") if lines else text.splitlines()[1][:200]
