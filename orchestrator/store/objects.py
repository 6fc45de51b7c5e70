"""A run's objects, over four primitives.

A create may take effect and still answer with an error, and ``obstore`` retries by itself, so an
``AlreadyExists`` can be one's own first try. ``Store.create`` therefore reads the object whenever
the answer is not a plain yes: my bytes there means that I won. Callers put a nonce in the bytes.

A create may also be refused as taken with nothing there: S3 answers so (409) when another create
of the same path is on its way, and says to try again. So it is made again, a few times.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from orchestrator.errors import StoreError, StoreRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")

_READERS = 16
"""How many objects are read side by side: a store far away answers one after the other slowly."""

_CREATES = 5
"""How often a create is made that is refused as taken where nothing is."""

_PAUSE_S = 0.05
"""Before the second; each further pause is twice as long."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One object in a listing: ``modified`` in Unix seconds of the store's clock."""

    path: str
    modified: float
    size: int


class AlreadyThereError(Exception):
    """A create-only put found an object at its path."""


class ConflictError(AlreadyThereError):
    """The store says that it wrote nothing, for another create of the path was on its way."""


class UnclearError(Exception):
    """A request failed; whether it took effect is not known. Carries no secret."""


class RefusedError(UnclearError):
    """The store answered that this credential may not do so, or that there is no such container."""


class Primitives(Protocol):
    """What a store must be able to do; each raises ``UnclearError`` when it could not."""

    def put_new(self, path: str, data: bytes) -> None:
        """Create an object; raise ``AlreadyThereError`` when the path is taken.

        A store that can tell a create that met another raises ``ConflictError`` for that.
        """
        ...

    def put(self, path: str, data: bytes) -> None:
        """Create or replace an object."""
        ...

    def list(self, prefix: str) -> list[Listed]:
        """Return every object below ``prefix`` (which ends in ``/``), in any order."""
        ...

    def get(self, path: str) -> bytes | None:
        """Return an object's bytes, or None when there is none."""
        ...


class Store:
    """A run's objects. Every failure is a ``StoreError`` that says which call failed and why.

    One that the store itself answered with a refusal is a ``StoreRefusedError``.

    ``observer`` is told each request before it is made: its verb and its path.
    """

    def __init__(
        self,
        primitives: Primitives,
        url: str,
        observer: Callable[[str, str], None] | None = None,
    ) -> None:
        self._primitives = primitives
        self._observer = observer
        self.url = url

    def observed(self, observer: Callable[[str, str], None]) -> Store:
        """Return the same objects, with every request told to ``observer``."""
        return Store(self._primitives, self.url, observer)

    def optional(self, warn: Callable[[str], object]) -> Store:
        """Return the same objects as a copy that is worth having and never in anybody's way.

        A create that fails there is False; ``warn`` is told the first.
        """
        return _Optional(self._primitives, self.url, warn)

    def create(self, path: str, data: bytes) -> bool:
        """Create ``path``; return whether the object there is this one.

        Raises:
            StoreError: The create failed and nothing of mine is there, or that cannot be told.
        """
        for pause_s in _pauses():
            self._tell("create", path)
            try:
                self._primitives.put_new(path, data)
            except UnclearError as error:
                there = self.get(path)
                if there is None:
                    raise self._failed("create", path, error) from error
                return there == data
            except AlreadyThereError:
                there = self.get(path)
                if there is not None:
                    return there == data
                time.sleep(pause_s)
            else:
                return True
        raise self._never_made(path)

    def mark(self, path: str, data: bytes) -> None:
        """Create an object that every writer writes alike: one that is there is as good.

        Raises:
            StoreError: The create failed, or may have.
        """
        for pause_s in _pauses():
            try:
                self._call("create", path, lambda: self._primitives.put_new(path, data))
            except ConflictError:
                time.sleep(pause_s)
            except AlreadyThereError:
                return
            else:
                return
        raise self._never_made(path)

    def put(self, path: str, data: bytes) -> None:
        """Write an object of which this process is the only writer.

        Raises:
            StoreError: The write failed, or may have.
        """
        self._call("write", path, lambda: self._primitives.put(path, data))

    def list(self, prefix: str) -> list[Listed]:
        """Return every object below ``prefix``, which ends in ``/`` or is empty.

        Raises:
            StoreError: The listing failed.
        """
        return self._call("list", prefix, lambda: self._primitives.list(prefix))

    def get(self, path: str) -> bytes | None:
        """Return an object's bytes, or None when there is none.

        Raises:
            StoreError: The read failed.
        """
        return self._call("read", path, lambda: self._primitives.get(path))

    def get_all(self, wanted: Sequence[str]) -> Iterator[bytes | None]:
        """Yield the bytes of each object, or None, in the given order; read side by side.

        Raises:
            StoreError: A read failed. What was yielded before is good.
        """
        if len(wanted) < 2:
            yield from map(self.get, wanted)
            return
        with ThreadPoolExecutor(min(_READERS, len(wanted))) as pool:
            yield from pool.map(self.get, wanted)

    def probe(self, path: str, nonce: str) -> None:
        """Prove that the store holds create-only puts to their word.

        Raises:
            StoreError: It cannot be written to, or lets a second create through.
        """
        first, second = f"{nonce}\n".encode(), f"{nonce} again\n".encode()
        if not self.create(path, first):
            raise StoreError(f"{self.url}: {path} exists already. Probe under a fresh name.")
        if self.create(path, second) or self.get(path) != first:
            raise StoreError(
                f"{self.url}: a second create of {path} was let through, so two workers could hold "
                "one task. The store does not honour If-None-Match; use Azure Blob, Amazon S3 or a "
                "local disk."
            )

    def _tell(self, verb: str, path: str) -> None:
        if self._observer is not None:
            self._observer(verb, path)

    def _call(self, verb: str, path: str, call: Callable[[], T]) -> T:
        self._tell(verb, path)
        try:
            return call()
        except UnclearError as error:
            raise self._failed(verb, path, error) from error

    def _never_made(self, path: str) -> StoreError:
        return StoreError(
            f"{self.url}: could not create {path}: refused {_CREATES} times as taken, and nothing "
            "is there. Another writer may be at it, or the store does not honour If-None-Match: "
            "try again, and if it stays so use another store."
        )

    def _failed(self, verb: str, path: str, error: Exception) -> StoreError:
        what = f"{self.url}: could not {verb} {path or 'the run'}: {error}. "
        if isinstance(error, RefusedError):
            return StoreRefusedError(
                f"{what}The store refuses: check that the credential may do this and has not "
                "expired, and that the container or bucket is there."
            )
        return StoreError(
            f"{what}Check that the store can be reached, has room, and that the credential may do "
            "this."
        )


def _pauses() -> Iterator[float]:
    """Yield, for each try of a create, how long to wait after it."""
    last = _CREATES - 1
    yield from (0.0 if tried == last else _PAUSE_S * 2**tried for tried in range(_CREATES))


class _Optional(Store):
    """A copy on a disk that may be full."""

    def __init__(self, primitives: Primitives, url: str, warn: Callable[[str], object]) -> None:
        super().__init__(primitives, url)
        self._warn = warn
        self._has_warned = False

    def create(self, path: str, data: bytes) -> bool:
        try:
            return super().create(path, data)
        except StoreError as error:
            if not self._has_warned:
                self._has_warned = True
                self._warn(f"this worker's own copy of its records is incomplete: {error}")
            return False
