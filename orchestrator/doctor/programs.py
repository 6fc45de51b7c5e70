"""The programs by which a person signs in here: that they are there, and new enough."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from orchestrator.compute.findings import Check, CheckStatus, Finding, Program

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT_S = 60.0
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?")


# The least version is the one that scripts/azure-setup needs.
GH = Program(
    "gh",
    (2, 32),
    "https://github.com/cli/cli#installation",
    ("--version",),
    ("auth", "status"),
    "gh auth login",
)


def program_checks(programs: Sequence[Program]) -> list[Check]:
    """Return the check of each program that this diagnosis goes by."""
    return [_check(program) for program in programs]


def _check(program: Program) -> Check:
    return Check(program.name, lambda: [program_finding(program)])


def program_finding(program: Program) -> Finding:
    """Judge a program, in one line. What it is wanted for has a check of its own, which fails."""
    fix = f"Install {program.name} {program.wanted} or newer: {program.install}"
    if shutil.which(program.name) is None:
        return Finding(program.name, CheckStatus.WARN, "is not installed", fix)
    printed = _output(program, program.version)
    version = _VERSION.search(printed or "")
    if version is None:
        return Finding(program.name, CheckStatus.WARN, "does not tell its version", fix)
    if (int(version[1]), int(version[2])) < program.least:
        what = f"{version[0]} is too old: scripts/azure-setup needs {program.wanted}"
        return Finding(program.name, CheckStatus.WARN, what, fix)
    if _output(program, program.signed_in) is None:
        return Finding(
            program.name, CheckStatus.WARN, f"{version[0]} is not signed in", program.sign_in
        )
    return Finding(program.name, CheckStatus.OK, f"{version[0]}, signed in")


def _output(program: Program, arguments: Sequence[str]) -> str | None:
    """Return what a program says, None where it fails or hangs."""
    try:
        done = subprocess.run(
            [program.name, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
