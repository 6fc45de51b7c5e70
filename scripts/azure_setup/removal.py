"""Takes away what azure-setup made, and proves that it is gone.

What carries its tag is its own; what can carry none must have the exact name and a proof beside it.
Anything else stays and is named. It deletes in passes until one finds nothing: that is the proof.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scripts.azure_setup.commands import PERMANENT, SetupError
from scripts.azure_setup.live import refuse_live
from scripts.azure_setup.options import InputError
from scripts.azure_setup.removal_azure import (
    access_removals,
    galleries,
    gallery_removals,
    group_removals,
    network_removals,
    store_removals,
    stores,
)
from scripts.azure_setup.removal_github import github_removals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.azure_setup.options import Options
    from scripts.azure_setup.target import Setup

Command = tuple[str, ...]


@dataclass
class Kept:
    """What stays, and why; said once, at the end."""

    reasons: dict[str, str] = field(default_factory=dict)

    def keep(self, name: str, why: str) -> None:
        """Note that something stays."""
        self.reasons[name] = why


@dataclass
class Proofs:
    """What showed that something is azure-setup's; the pass that saw it may have deleted it.

    Args:
        principals: The object ids of its identities.
        variables: Whether the repository's variables named the group.
    """

    principals: set[str] = field(default_factory=set)
    variables: bool = False


def remove(setup: Setup, options: Options) -> None:
    """Delete everything that azure-setup made but the store and the gallery, which are asked for.

    Raises:
        InputError: What is to be deleted by name is not azure-setup's.
        SetupError: A run is live, or something would not go.
    """
    refuse_live(setup)
    chosen = _chosen(setup, options)
    kept = Kept()
    proofs = Proofs()
    for left in reversed(range(setup.commands.tries)):
        kept = Kept()
        count, errors = _pass(setup, kept, chosen, proofs)
        if count == 0 or not setup.commands.changes:
            break
        if left == 0 or any(PERMANENT.search(error) for error in errors):
            raise SetupError(
                "\n".join(errors) or "what was deleted is listed still: run this again"
            )
        if errors:
            setup.commands.wait()
    for name, why in kept.reasons.items():
        setup.say(f"kept: {name}: {why}")
    if setup.commands.changes:
        setup.say("gone, looked for again: all else that azure-setup made")


def _pass(
    setup: Setup, kept: Kept, chosen: frozenset[str], proofs: Proofs
) -> tuple[int, list[str]]:
    """Delete everything that is there; return how much that was, and what failed."""
    count, errors = 0, []
    for command in _removals(setup, kept, chosen, proofs):
        count += 1
        try:
            setup.commands.delete(*command)
        except SetupError as error:
            setup.say(f"  not yet: {error}")
            errors.append(str(error))
    return count, errors


def _removals(
    setup: Setup, kept: Kept, chosen: frozenset[str], proofs: Proofs
) -> Iterator[Command]:
    """Yield what is to be run, each looked for when its turn comes: what it needs gone is gone."""
    yield from github_removals(setup, kept, proofs)
    yield from access_removals(setup, kept, proofs.principals)
    yield from network_removals(setup)
    yield from store_removals(setup, chosen, kept)
    yield from gallery_removals(setup, chosen, kept)
    yield from group_removals(setup, kept)


def _chosen(setup: Setup, options: Options) -> frozenset[str]:
    """Return the stores and galleries to delete: those named, and those confirmed by name."""
    named = {*options.delete_stores, *options.delete_galleries}
    ours = {store["name"]: "store" for store in stores(setup)}
    ours |= {gallery["name"]: "gallery" for gallery in galleries(setup)}
    foreign = [name for name in sorted(named) if name not in ours and _exists(setup, name)]
    if foreign:
        raise InputError(
            *(f"{name} was not made by azure-setup: nothing is deleted" for name in foreign)
        )
    if sys.stdin.isatty() and sys.stderr.isatty() and setup.commands.changes:
        named |= {
            name for name, kind in ours.items() if name not in named and _confirmed(name, kind)
        }
    return frozenset(named)


def _exists(setup: Setup, name: str) -> bool:
    groups = (setup.target.group, setup.target.image_group)
    listings = (
        setup.commands.az("resource", "list", "--resource-group", group) for group in groups
    )
    return any(entry["name"] == name for listing in listings for entry in listing or [])


def _confirmed(name: str, kind: str) -> bool:
    sys.stderr.write(
        f"Delete the {kind} {name} with all that is in it? Type its name; Enter keeps it: "
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip() == name
