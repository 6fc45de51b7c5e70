"""The four primitives over ``obstore``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.store import answers
from orchestrator.store.objects import (
    AlreadyThereError,
    ConflictError,
    Listed,
    RefusedError,
    UnclearError,
)

if TYPE_CHECKING:
    from obstore.store import ObjectStore


class Obstore:
    """``Primitives`` over one obstore store.

    Its errors are not chained: their text has the request's address, and a SAS is part of that.
    """

    def __init__(self, store: ObjectStore) -> None:
        import obstore

        self._store = store
        self._obstore = obstore

    def put_new(self, path: str, data: bytes) -> None:
        """Create an object."""
        try:
            self._obstore.put(self._store, path, data, mode="create")
        except self._obstore.exceptions.AlreadyExistsError as error:
            taken = ConflictError if answers.is_conflict(error) else AlreadyThereError
            raise taken(path) from None
        except self._failures as error:
            raise self._unclear(error) from None

    def put(self, path: str, data: bytes) -> None:
        """Create or replace an object."""
        try:
            self._obstore.put(self._store, path, data)
        except self._failures as error:
            raise self._unclear(error) from None

    def list(self, prefix: str) -> list[Listed]:
        """Return every object below ``prefix``."""
        try:
            results = self._obstore.list(self._store, prefix or None).collect()
        except self._failures as error:
            raise self._unclear(error) from None
        return [
            Listed(meta["path"], meta["last_modified"].timestamp(), meta["size"])
            for meta in results
        ]

    def get(self, path: str) -> bytes | None:
        """Return an object's bytes, or None."""
        try:
            return bytes(self._obstore.get(self._store, path).bytes())
        except FileNotFoundError as error:
            if answers.lacks_bucket(error):
                raise self._unclear(error) from None
            return None
        except self._failures as error:
            raise self._unclear(error) from None

    def _unclear(self, error: Exception) -> UnclearError:
        """Return what a failure is: an outage may pass, a refusal stands.

        A missing object is none here: where something is written or listed, a 404 is the
        container's or the account's.
        """
        exceptions = self._obstore.exceptions
        classes = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
        refused = isinstance(error, (*classes, FileNotFoundError)) or answers.refuses(error)
        return (RefusedError if refused else UnclearError)(answers.text_of(error))

    @property
    def _failures(self) -> tuple[type[Exception], ...]:
        # obstore raises its own errors, and the built-in OSError family where one fits.
        return (self._obstore.exceptions.BaseError, OSError)
