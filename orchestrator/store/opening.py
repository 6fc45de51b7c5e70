"""Opens a run's objects: which URLs and names there are, and with what credentials."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from orchestrator.errors import NoRunError, Problem, StoreError, bad_input
from orchestrator.extra import require_azure
from orchestrator.store.file_url import directory_of, file_url
from orchestrator.store.objects import Store
from orchestrator.store.obstore import Obstore, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from obstore.store import AzureConfig, ClientConfig, ObjectStore

STORE_SCHEMES = ("file", "az")
KEY_VARIABLE = "AZURE_STORAGE_KEY"
SAS_VARIABLE = "AZURE_STORAGE_SAS_TOKEN"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
"""A path of which a colon stands before any slash is taken for a URL that lacks one."""

_RUN_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}\Z")


@dataclass(frozen=True, slots=True)
class StoreCredentials:
    """What opens an ``az://`` store: an account key or a SAS, and a root certificate if private.

    ``container`` creation is only tried with a key. The secrets are left out of ``repr``.
    """

    key: str = field(default="", repr=False)
    sas: str = field(default="", repr=False)
    root_certificate: str = ""


def credentials_from(environment: Mapping[str, str], root_certificate: str) -> StoreCredentials:
    """Return the credentials that Azure's usual variable names hold."""
    return StoreCredentials(
        key=environment.get(KEY_VARIABLE, ""),
        sas=environment.get(SAS_VARIABLE, ""),
        root_certificate=root_certificate,
    )


def check_store_url(url: str) -> str:
    """Return the URL in its canonical form; a bare path becomes ``file://``.

    Raises:
        BadInputError: An unknown scheme, or no account or path in it.
    """
    scheme = _SCHEME.match(url)
    if scheme is None:
        return file_url(url)
    if scheme.group(1) not in STORE_SCHEMES or not scheme.group(2):
        fix = "Use a path (./x:y for one with a colon), file:///DIR or az://ACCOUNT."
        raise bad_input("--store", f"{url.partition('?')[0]} names no store", fix)
    parts = urlsplit(url)
    if parts.scheme == "file":
        _check_file_url(url)
    elif not parts.netloc:
        raise bad_input("--store", "az:// lacks the account", "Write az://ACCOUNT.")
    return url


def _check_file_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.netloc or not parts.path.strip("/"):
        raise bad_input("--store", f"{url} is no absolute path", "Write file:///absolute/path.")
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        fix = "Write them as %3F and %23, or give the path itself."
        raise bad_input("--store", f"{url} has a ? or a #, which no path in a URL has", fix)


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
        BadInputError: The URL or the run's name cannot be used, or a container cannot be made
            because the Azure libraries are not installed.
        StoreError: The container could not be made.
    """
    url = check_store_url(url)
    check_run_name(run)
    parts = urlsplit(url)
    directory = directory_of(url)
    if directory is not None:
        return open_directory(directory / run, create=create)
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
    return Store(Obstore(store), f"az://{parts.netloc}/{run}")


def open_directory(directory: Path, *, create: bool = False) -> Store:
    """Open the objects of a run that lie in ``directory``, whatever it is called.

    Args:
        directory: The run's own directory, the one that holds its plan.
        create: Make it.

    Raises:
        NoRunError: There is no such directory.
        StoreError: It could not be made.
    """
    return Store(_local(directory, create=create), file_url(directory))


def _local(directory: Path, *, create: bool) -> Obstore:
    from obstore.store import LocalStore

    if not create and not directory.is_dir():
        fix = "Check the directory and the run's name."
        raise NoRunError([Problem(str(directory), "holds no run", fix)])
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{directory}: cannot be made ({error.strerror}). Choose another --out or --store."
        ) from error
    return Obstore(LocalStore(directory))


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
    require_azure()
    from azure.core.exceptions import AzureError, ResourceExistsError
    from azure.storage.blob import BlobServiceClient

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
                f"az://{account}: the container {run} could not be made: {first_line(error)}. "
                "Check the account's name, its key and the network."
            ) from error
