"""Opens a run's objects: which URLs and names there are, and with what credentials."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from orchestrator.errors import BadInputError, NoRunError, Problem, StoreError, bad_input
from orchestrator.store import s3
from orchestrator.store.access import KEY_VARIABLE, SAS_VARIABLE
from orchestrator.store.answers import first_line
from orchestrator.store.client import client_options, retry_config
from orchestrator.store.extra import require_azure
from orchestrator.store.file_url import directory_of, file_url
from orchestrator.store.objects import Store
from orchestrator.store.obstore import Obstore

if TYPE_CHECKING:
    from pathlib import Path

    from obstore.store import AzureConfig, ObjectStore

    from orchestrator.store.access import StoreAccess, StoreCredentials

STORE_SCHEMES = ("file", "az", s3.SCHEME)

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
"""A path of which a colon stands before any slash is taken for a URL that lacks one."""

_RUN_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}\Z")


def check_store_url(url: str) -> str:
    """Return the URL in its canonical form; a bare path becomes ``file://``.

    Raises:
        BadInputError: An unknown scheme, or no account or path in it.
    """
    scheme = _SCHEME.match(url)
    if scheme is None:
        return file_url(url)
    if scheme.group(1) not in STORE_SCHEMES or not scheme.group(2):
        fix = "Use a path (./x:y for one with a colon), file:///DIR, az://ACCOUNT or s3://BUCKET."
        raise bad_input("--store", f"{url.partition('?')[0]} names no store", fix)
    parts = urlsplit(url)
    if parts.scheme == "file":
        _check_file_url(url)
    elif parts.scheme == s3.SCHEME:
        s3.place_of(url)
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


def open_run(url: str, run: str, access: StoreAccess, *, create: bool = False) -> Store:
    """Open the objects of ``run`` as a command does: the one door, whatever the store is.

    Args:
        url: As for ``open_store``.
        run: The run's name.
        access: What opens it, and how long a call may take.
        create: Make the directory or container.

    Raises:
        BadInputError: The store cannot be used, or there is no credential for it.
        CloudError: A login is refused.
        StoreError: It cannot be reached.
    """
    url = _checked(url, run)
    credentials, signs_in = access.given, access.sign_in
    if urlsplit(url).scheme == "az" and not credentials.open_azure and signs_in is not None:
        credentials = signs_in(url, run, create=create)
    return open_store(url, run, credentials, timeout_s=access.timeout_s, create=create)


def _checked(url: str, run: str) -> str:
    """Return the URL in its canonical form; what is wrong with it and the name is said at once."""
    problems: list[Problem] = []
    for check, value in ((check_store_url, url), (check_run_name, run)):
        try:
            check(value)
        except BadInputError as error:
            problems += error.problems
    if problems:
        raise BadInputError(problems)
    return check_store_url(url)


def open_store(
    url: str, run: str, credentials: StoreCredentials, *, timeout_s: float, create: bool = False
) -> Store:
    """Open the objects of ``run``.

    Args:
        url: ``file:///DIR`` (objects under ``DIR/<run>/``), ``az://ACCOUNT[?endpoint=URL]``
            (objects in the container ``<run>``; the endpoint is for sovereign clouds and tests) or
            ``s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME]`` (objects under ``PREFIX/<run>/``;
            the bucket is never made).
        run: The run's name.
        credentials: For ``az://`` and ``s3://``.
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
    if parts.scheme == s3.SCHEME:
        place = s3.place_of(url)
        store = s3.s3_store(place, run, credentials.aws, timeout_s)
        return Store(Obstore(store), f"s3://{place.bucket}/{place.path_of(run)}")
    if not credentials.open_azure:
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
        client_options=client_options(endpoint, credentials.root_certificate, timeout_s),
        retry_config=retry_config(timeout_s),
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
