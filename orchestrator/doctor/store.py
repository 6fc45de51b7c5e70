"""Checks of the store: what the run's login, and a machine's key, can do there and what not."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.compute.findings import Check, CheckStatus, Finding, given

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orchestrator.compute.findings import Answer
    from orchestrator.compute.keys import ContainerKeys, KeyRefusals
    from orchestrator.store import Store

STORE = "store"
CONTAINER = "waa-doctor"
"""Where the checks write: a few bytes each time, which the store's lifecycle rule removes."""

_KEY_LIFE = dt.timedelta(hours=1)
_FIX = "Correct --store, and give the identity its roles: scripts/azure-setup does both."
_GUARD_FIX = "Use Azure Blob Storage itself, and no gateway before it: machines share this account."


@dataclass(frozen=True, slots=True)
class Door:
    """How the store is reached. ``keys`` is None for a path that machines share.

    ``opened`` opens the checks' own container or directory, with a machine's key (empty for a
    path).
    """

    url: str
    keys: ContainerKeys | None
    opened: Callable[[str], Store]


def store_checks(door: Door | None, login: Answer[None]) -> list[Check]:
    """Return the check of the store; ``door`` is None when none was named, ``login`` mints keys."""
    return [Check(STORE, lambda: _look(given(door, "--store"), login), _FIX)]


def _look(door: Door, login: Answer[None]) -> Iterator[Finding]:
    if door.keys is None:
        yield from _written(door.opened(""), _probe_name())
        yield Finding(STORE, CheckStatus.OK, "a path that machines share: they get no key")
        return
    login.get()
    door.keys.create(CONTAINER)
    yield Finding(STORE, CheckStatus.OK, f"{door.url}: containers can be made")
    now = dt.datetime.now(dt.UTC)
    key = door.keys.key(CONTAINER, now, now + _KEY_LIFE)
    yield Finding(STORE, CheckStatus.OK, "a machine's key can be minted")
    name = _probe_name()
    yield from _written(door.opened(key.sas), name)
    yield from refusal_findings(door.keys.try_key(key, name))


def _written(store: Store, name: str) -> Iterator[Finding]:
    store.probe(name, secrets.token_hex(8))
    if name not in {item.path for item in store.list("probe/")}:
        yield Finding(STORE, CheckStatus.FAIL, "what was written is not listed", _GUARD_FIX)
    else:
        what = "objects can be created once, read and listed; a second create is refused"
        yield Finding(STORE, CheckStatus.OK, what)


def refusal_findings(refusals: KeyRefusals) -> Iterator[Finding]:
    """Judge what a machine's key was able to do."""
    yield _guard(refusals.delete, "a delete with a machine's key")
    yield _guard(refusals.other_container, "another run's container with a machine's key")


def _guard(refused: bool, what: str) -> Finding:  # noqa: FBT001  # said by the name of the function
    if refused:
        return Finding(STORE, CheckStatus.OK, f"{what} is refused")
    return Finding(STORE, CheckStatus.FAIL, f"{what} is let through", _GUARD_FIX)


def _probe_name() -> str:
    return f"probe/{secrets.token_hex(8)}"
