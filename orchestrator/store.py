"""The object store under a ledger: four primitives, over ``obstore``.

A create may take effect and still answer with an error, and ``obstore`` retries by itself, so an
``AlreadyExists`` can be one's own first try. ``Store.create`` therefore reads the object whenever
the answer is not a plain yes: my bytes there means that I won. Callers put a nonce in the bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

from orchestrator.errors import StoreError, bad_input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from obstore.store import AzureConfig, ClientConfig, ObjectStore

T = TypeVar("T")

STORE_SCHEMES = ("file", "az")
KEY_VARIABLE = "AZURE_STORAGE_KEY"
SAS_VARIABLE = "AZURE_STORAGE_SAS_TOKEN"

_RUN_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}\Z")
_QUERY = re.compile(r"\?\S+")
_ERROR_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Listed:
    """One object in a listing: ``modified`` in Unix seconds of the store's clock."""

    path: str
    modified: float
    size: int


class AlreadyThereError(Exception):
    """A create-only put found an object at its path."""


class UnclearError(Exception):
    """A request failed; whether it took effect is not known. Carries no secret."""


class Primitives(Protocol):
    """What a store must be able to do; each raises ``UnclearError`` when it could not."""

    def put_new(self, path: str, data: bytes) -> None:
        """Create an object; raise ``AlreadyThereError`` when the path is taken."""
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

    def create(self, path: str, data: bytes) -> bool:
        """Create ``path``; return whether the object there is this one.

        Raises:
            StoreError: The create failed and nothing of mine is there, or that cannot be told.
        """
        self._tell("create", path)
        try:
            self._primitives.put_new(path, data)
        except AlreadyThereError:
            return self.get(path) == data
        except UnclearError as error:
            found = self.get(path)
            if found is None:
                raise self._failed("create", path, error) from error
            return found == data
        return True

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
                "one task. The store does not honour If-None-Match; use Azure Blob or a local disk."
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

    def _failed(self, verb: str, path: str, error: Exception) -> StoreError:
        return StoreError(
            f"{self.url}: could not {verb} {path or 'the run'}: {error}. "
            "Check that the store can be reached, has room, and that the credential may do this."
        )


@dataclass(frozen=True, slots=True)
class StoreCredentials:
    """What opens an ``az://`` store: an account key or a SAS, and a root certificate if private.

    ``container`` creation is only tried with a key. The secrets are left out of ``repr``.
    """

    key: str = field(default="", repr=False)
    sas: str = field(default="", repr=False)
    root_certificate: str = ""


def check_store_url(url: str) -> str:
    """Return the URL in its canonical form; a bare path becomes ``file://``.

    Raises:
        BadInputError: An unknown scheme, or no account or path in it.
    """
    if "://" not in url:
        return Path(url).absolute().as_uri()
    parts = urlsplit(url)
    if parts.scheme not in STORE_SCHEMES:
        raise bad_input("--store", f"{parts.scheme}:// is unknown", "Use a path, file:// or az://.")
    if parts.scheme == "file" and (parts.netloc or not parts.path.strip("/")):
        raise bad_input("--store", f"{url} is no absolute path", "Write file:///absolute/path.")
    if parts.scheme == "az" and not parts.netloc:
        raise bad_input("--store", "az:// lacks the account", "Write az://ACCOUNT.")
    return url


def check_run_name(run: str) -> str:
    """Return ``run`` if it can name a run everywhere (it is a container's name on Azure).

    Raises:
        BadInputError: It cannot.
    """
    if not _RUN_NAME.match(run):
        raise bad_input(
            "--run",
            f"{run!r} cannot name a run",
            "Use 3 to 63 lower-case letters, digits and single hyphens, no hyphen first or last.",
        )
    return run


def open_store(
    url: str, run: str, credentials: StoreCredentials, *, timeout_s: float, create: bool = False
) -> Store:
    """Open the objects of ``run``.

    Args:
        url: ``file:///DIR`` (objects under ``DIR/<run>/``) or ``az://ACCOUNT[?endpoint=URL]``
            (objects in the container ``<run>``; the endpoint is for sovereign clouds and tests).
        run: The run's name.
        credentials: For ``az://``.
        timeout_s: No call takes longer than this, its retries included.
        create: Make the directory or container.

    Raises:
        BadInputError: The URL or the run's name cannot be used.
        StoreError: The container could not be made.
    """
    url = check_store_url(url)
    check_run_name(run)
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Store(_local(Path(parts.path) / run, create=create), f"{url}/{run}")
    if not (credentials.key or credentials.sas):
        raise bad_input(
            f"--store {url}",
            "cannot be opened without a credential",
            f"Set {KEY_VARIABLE} or {SAS_VARIABLE}.",
        )
    endpoint = parse_qs(parts.query).get("endpoint", [""])[0]
    if create and credentials.key:
        _create_container(parts.netloc, endpoint, run, credentials, timeout_s)
    store = _azure(parts.netloc, endpoint, run, credentials, timeout_s)
    return Store(_Obstore(store), f"az://{parts.netloc}/{run}")


def _local(directory: Path, *, create: bool) -> _Obstore:
    from obstore.store import LocalStore

    if not create and not directory.is_dir():
        raise bad_input(str(directory), "holds no run", "Check the directory and the run's name.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{directory}: cannot be made ({error.strerror}). Choose another --out or --store."
        ) from error
    return _Obstore(LocalStore(directory))


def _azure(
    account: str, endpoint: str, run: str, credentials: StoreCredentials, timeout_s: float
) -> ObjectStore:
    from obstore.store import AzureStore

    client: ClientConfig = {"timeout": timedelta(seconds=timeout_s)}
    if endpoint.startswith("http://"):
        client["allow_http"] = True
    if credentials.root_certificate:
        client["root_certificate"] = Path(credentials.root_certificate).read_text()
    config: AzureConfig = {"account_name": account}
    if endpoint:
        config["endpoint"] = endpoint
    if credentials.sas:
        config["sas_key"] = credentials.sas
    elif credentials.key:
        config["account_key"] = credentials.key
    return AzureStore(
        run,
        config=config,
        client_options=client,
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=timeout_s)},
    )


def _create_container(
    account: str, endpoint: str, run: str, credentials: StoreCredentials, timeout_s: float
) -> None:
    try:
        from azure.core.exceptions import AzureError, ResourceExistsError
        from azure.storage.blob import BlobServiceClient
    except ImportError as error:
        raise bad_input(
            "--store", "az:// needs the azure extra", "Install waa-matrix[azure]."
        ) from error
    where = endpoint or f"https://{account}.blob.core.windows.net"
    with BlobServiceClient(
        where,
        credential=credentials.key,
        retry_total=0,
        connection_timeout=timeout_s,
        read_timeout=timeout_s,
        connection_verify=credentials.root_certificate or True,
    ) as client:
        try:
            client.create_container(run)
        except ResourceExistsError:
            return
        except AzureError as error:
            raise StoreError(
                f"az://{account}: the container {run} could not be made: {_first_line(error)}. "
                "Check the account's name, its key and the network."
            ) from error


class _Obstore:
    """``Primitives`` over one obstore store.

    Its errors are not chained: their text has the request's address, and a SAS is part of that.
    """

    def __init__(self, store: ObjectStore) -> None:
        import obstore

        self._store = store
        self._obstore = obstore

    def put_new(self, path: str, data: bytes) -> None:
        try:
            self._obstore.put(self._store, path, data, mode="create")
        except self._obstore.exceptions.AlreadyExistsError as error:
            raise AlreadyThereError(path) from error
        except self._failures as error:
            raise UnclearError(_first_line(error)) from None

    def put(self, path: str, data: bytes) -> None:
        try:
            self._obstore.put(self._store, path, data)
        except self._failures as error:
            raise UnclearError(_first_line(error)) from None

    def list(self, prefix: str) -> list[Listed]:
        try:
            found = self._obstore.list(self._store, prefix or None).collect()
        except self._failures as error:
            raise UnclearError(_first_line(error)) from None
        return [
            Listed(meta["path"], meta["last_modified"].timestamp(), meta["size"]) for meta in found
        ]

    def get(self, path: str) -> bytes | None:
        try:
            return bytes(self._obstore.get(self._store, path).bytes())
        except FileNotFoundError:
            return None
        except self._failures as error:
            raise UnclearError(_first_line(error)) from None

    @property
    def _failures(self) -> tuple[type[Exception], ...]:
        # obstore raises its own errors, and the built-in OSError family where one fits.
        return (self._obstore.exceptions.BaseError, OSError)


def _first_line(error: Exception) -> str:
    """Return an error's first line without query strings: a SAS is one."""
    lines = str(error).strip().splitlines()
    text = _QUERY.sub("?…", lines[0]) if lines else type(error).__name__
    return text[:_ERROR_LIMIT]


def credentials_from(environment: Mapping[str, str], root_certificate: str) -> StoreCredentials:
    """Return the credentials that Azure's usual variable names hold."""
    return StoreCredentials(
        key=environment.get(KEY_VARIABLE, ""),
        sas=environment.get(SAS_VARIABLE, ""),
        root_certificate=root_certificate,
    )
