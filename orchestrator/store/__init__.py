"""The object store under a ledger: files or Azure Blob, through ``obstore``."""

from orchestrator.store.file_url import directory_of, file_url
from orchestrator.store.objects import (
    AlreadyThereError,
    ConflictError,
    Listed,
    Primitives,
    RefusedError,
    Store,
    UnclearError,
)
from orchestrator.store.opening import (
    KEY_VARIABLE,
    SAS_VARIABLE,
    STORE_SCHEMES,
    StoreCredentials,
    check_run_name,
    check_store_url,
    credentials_from,
    open_directory,
    open_store,
)

__all__ = [
    "KEY_VARIABLE",
    "SAS_VARIABLE",
    "STORE_SCHEMES",
    "AlreadyThereError",
    "ConflictError",
    "Listed",
    "Primitives",
    "RefusedError",
    "Store",
    "StoreCredentials",
    "UnclearError",
    "check_run_name",
    "check_store_url",
    "credentials_from",
    "directory_of",
    "file_url",
    "open_directory",
    "open_store",
]
