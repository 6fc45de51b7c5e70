"""Copies objects of a store into a directory: many at once, and none to where it must not go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from orchestrator.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from orchestrator.store import Store

_AT_ONCE = 16


def fetch(
    store: Store,
    listed: Iterable[str],
    prefix: str,
    target: Path,
    tell: Callable[[], object] = lambda: None,
) -> list[str]:
    """Copy objects below ``prefix`` to where they lie below ``target``; ``tell`` hears of each.

    A name that would lead out of ``target`` is refused. Returned is what could not be copied, each
    with its reason: one object that fails keeps no other back.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        failures = []
        for failure in pool.map(partial(_copy, store, prefix, target), listed):
            tell()
            failures += [failure] if failure else []
    return failures


def _copy(store: Store, prefix: str, target: Path, path: str) -> str:
    relative = PurePosixPath(path.removeprefix(prefix))
    if relative.is_absolute() or ".." in relative.parts:
        return f"{path}: its name leads elsewhere"
    try:
        data = store.get(path)
        if data is None:
            return f"{path}: it is gone"
        file = target / relative
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    except (StoreError, OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        return f"{path}: {error}"
    return ""
