"""Takes a run's fleet down: found by tag and label alone, deletes submitted first, then proved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.cloud.port import State
from orchestrator.fleet.clear import Broom, Cleared, Found, Patience, see
from orchestrator.fleet.identity import MACHINE_TAG

if TYPE_CHECKING:
    from orchestrator.cloud.port import Resource
    from orchestrator.fleet.identity import Fleet
    from orchestrator.github import Runner


def tear_down(
    fleet: Fleet, broom: Broom, patience: Patience | None = None, *, wait: bool = True
) -> Cleared:
    """Delete every machine, part and runner of a run, whichever of its attempts made it.

    Args:
        fleet: Whose.
        broom: What deletes.
        patience: How long to look until nothing is left.
        wait: False submits the deletes and returns; nothing is proved. For a cancelled workflow,
            which GitHub ends by force five minutes later.
    """
    if wait:
        return broom.until_gone(lambda: find(fleet, broom), patience or Patience())
    found = find(fleet, broom)
    broom.submit(found)
    left = _not_submitted(found, broom)
    return Cleared(tuple(broom.deleted), left, 1, proved=False, troubles=tuple(broom.troubles))


def _not_submitted(found: Found, broom: Broom) -> tuple[str, ...]:
    """Return what no delete was submitted for; a part goes with its machine."""
    going = {one.name for one in found.resources if f"{one.kind} {one.name}" in broom.deleted}
    resources = tuple(
        one
        for one in found.resources
        if one.name not in going
        and one.tags.get(MACHINE_TAG) not in going
        and one.state is not State.DELETING
    )
    runners = tuple(one for one in found.runners if f"runner {one.name}" not in broom.deleted)
    return Found(resources, runners, found.blind).names


def find(fleet: Fleet, broom: Broom) -> Found:
    """Look for what a run has: in the cloud by its tags, on GitHub by its label."""

    def resources() -> list[Resource]:
        return list(broom.cloud.resources(fleet.tags))

    def runners() -> list[Runner]:
        return [one for one in broom.runners.all() if fleet.label in one.labels]

    return see(resources, runners)
