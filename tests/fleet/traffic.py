"""What a run asked of both sides: the polls apart from everything else."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fleet.conftest import Stage

_POLLS = re.compile(r"GET (resources$|/actions/runners$|/actions/runs/\d+/attempts/\d+/jobs$)")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Every request to the fakes, as (Unix seconds, side and call), in each side's order."""

    azure: tuple[tuple[float, str], ...]
    github: tuple[tuple[float, str], ...]

    @property
    def kinds(self) -> Counter[str]:
        """How many requests there were of each kind but the polls, sign-in included."""
        named = [
            *(("Azure", value) for value in self.azure),
            *(("GitHub", value) for value in self.github),
        ]
        return Counter(
            f"{side} {_kind(call)}" for side, (_, call) in named if not _POLLS.match(call)
        )

    def part(self, began: float, ended: float) -> Traffic:
        """Return what one command asked for: from ``began`` on, and before ``ended``."""
        sides = (self.azure, self.github)
        azure, github = (
            tuple(value for value in side if began <= value[0] < ended) for side in sides
        )
        return Traffic(azure, github)

    @property
    def smallest_gap_s(self) -> float:
        """The shortest time between two looks at one side; a look's pages come at one instant.

        Two commands are two pollers: take each one's part.
        """
        sides = (self.azure, self.github)
        looks = [sorted({at for at, call in side if _POLLS.match(call)}) for side in sides]
        return min(later - at for side in looks for at, later in pairwise(side))


class Ear:
    """Hears what goes to a stage's fakes, from when it is made."""

    def __init__(self, stage: Stage) -> None:
        self._scene = stage.scene
        self._skip = len(stage.scene.arm.calls())
        self._github: list[tuple[float, str]] = []
        stage.scene.fake.faults.on_request = self._hear

    def _hear(self, _number: int, call: str, when: str) -> None:
        if when == "before":
            self._github.append((self._scene.clock.now(), call))

    def heard(self) -> Traffic:
        """Return everything so far."""
        azure = self._scene.arm.calls()[self._skip :]
        return Traffic(tuple((request.at, request.call) for request in azure), tuple(self._github))


def _kind(call: str) -> str:
    """Return a call without the name of what it is for."""
    verb, _, path = call.partition(" ")
    if path.endswith("/oauth2/v2.0/token"):
        return f"{verb} token"
    parts = path.strip("/").split("/")
    named = ("virtualMachines", "networkInterfaces", "disks", "publicIPAddresses")
    kept = parts[:1] if parts[0] in named else ["…" if part.isdigit() else part for part in parts]
    return f"{verb} {'/'.join(kept)}"
