"""Commands within the test's own process: what they do is the same, without a Python's start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.cli import invoke

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Commands:
    """Calls commands with an environment."""

    said: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def __call__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Done:
        with self.patch.context() as patch:
            for name, value in (environment or {}).items():
                patch.setenv(name, value)
            code = invoke(list(arguments))
        out, err = self.said.readouterr()
        return Done(code, out, err)
