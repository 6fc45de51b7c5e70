"""The four primitives over ``obstore``."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

from orchestrator.masking import masked
from orchestrator.store.objects import (
    AlreadyThereError,
    ConflictError,
    Listed,
    RefusedError,
    UnclearError,
)

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_QUERY = re.compile(r"\?\S+")
_ERROR_LIMIT = 300

# A listing's failure has no class of its own (obstore 0.12): its status stands in the text alone.
_STATUS = re.compile(r"status code: (\d{3})\b")
_CONFLICT = "ConditionalRequestConflict"  # S3's code beside a 409
_REFUSES = frozenset({"401", "403", "404"})
_OS_ERROR = re.compile(r"\(os error (\d{1,3})\)")
_FORBIDS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


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
            taken = ConflictError if _CONFLICT in str(error) else AlreadyThereError
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
            found = self._obstore.list(self._store, prefix or None).collect()
        except self._failures as error:
            raise self._unclear(error) from None
        return [
            Listed(meta["path"], meta["last_modified"].timestamp(), meta["size"]) for meta in found
        ]

    def get(self, path: str) -> bytes | None:
        """Return an object's bytes, or None."""
        try:
            return bytes(self._obstore.get(self._store, path).bytes())
        except FileNotFoundError:
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
        refused = isinstance(error, (*classes, FileNotFoundError)) or _says_refused(str(error))
        return (RefusedError if refused else UnclearError)(first_line(error))

    @property
    def _failures(self) -> tuple[type[Exception], ...]:
        # obstore raises its own errors, and the built-in OSError family where one fits.
        return (self._obstore.exceptions.BaseError, OSError)


def _says_refused(text: str) -> bool:
    status, system = _STATUS.search(text), _OS_ERROR.search(text)
    refused = status is not None and status.group(1) in _REFUSES
    return refused or (system is not None and int(system.group(1)) in _FORBIDS)


def first_line(error: Exception) -> str:
    """Return an error's first line without query strings: a SAS is one."""
    lines = str(error).strip().splitlines()
    text = masked(_QUERY.sub("?…", lines[0])) if lines else type(error).__name__
    return text[:_ERROR_LIMIT]
