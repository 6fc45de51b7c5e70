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

GIVE_UP = 20
"""Failures of the store after which the rest is not tried: each may have taken its whole time."""

_AT_ONCE = 16


def fetch(
    store: Store,
    listed: Iterable[str],
    prefix: str,
    target: Path,
    tell: Callable[[], object] = lambda: None,
    patiently: Callable[[Callable[[], bytes | None]], bytes | None] = lambda read: read(),
) -> list[str]:
    """Copy objects below ``prefix`` to where they lie below ``target``; ``tell`` hears of each.

    Each is read by ``patiently``, which may wait for the store.

    A name that would lead out of ``target`` is refused. Returned is what could not be copied, each
    with its reason: one object that fails keeps no other back, but a store that fails twenty times
    is left alone.
    """
    copying = _Copying(store, prefix, target, patiently)
    failures = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for failure in pool.map(copying.copy, listed):
            tell()
            failures += [failure] if failure else []
    return failures


class _Copying:
    """Copies one object at a time, from several threads."""

    def __init__(
        self,
        store: Store,
        prefix: str,
        target: Path,
        patiently: Callable[[Callable[[], bytes | None]], bytes | None],
    ) -> None:
        self._patiently = patiently
        self._store, self._prefix, self._target = store, prefix, target
        self._failed: list[str] = []

    def copy(self, path: str) -> str:
        """Copy an object; return why that failed, or nothing."""
        relative = PurePosixPath(path.removeprefix(self._prefix))
        if relative.is_absolute() or ".." in relative.parts:
            return f"{path}: its name leads elsewhere"
        if len(self._failed) >= GIVE_UP:
            return f"{path}: not tried, for the store failed {GIVE_UP} times"
        try:
            data = self._patiently(partial(self._store.get, path))
        except StoreError as error:
            self._failed.append(path)
            return f"{path}: {error}"
        return self._write(path, self._target / relative, data)

    def _write(self, path: str, file: Path, data: bytes | None) -> str:
        if data is None:
            return f"{path}: it is gone"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True)  # it may be a link that shares another ledger's file
            file.write_bytes(data)
        except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
            return f"{path}: {error}"
        return ""
