"""The object store under a ledger: files, Azure Blob or S3, through ``obstore``."""

from orchestrator.store.access import (
    CALL_TIMEOUT_S,
    KEY_VARIABLE,
    SAS_VARIABLE,
    AwsCredentials,
    SignIn,
    StoreAccess,
    StoreCredentials,
    credentials_from,
)
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
    STORE_SCHEMES,
    check_run_name,
    check_store_url,
    open_directory,
    open_run,
    open_store,
)
from orchestrator.store.patience import (
    PLAN_PATIENCE,
    REPORT_PATIENCE,
    WATCH_PATIENCE,
    FailureStreak,
    StorePatience,
    StoreWait,
    work_patience,
)

__all__ = [
    "CALL_TIMEOUT_S",
    "KEY_VARIABLE",
    "PLAN_PATIENCE",
    "REPORT_PATIENCE",
    "SAS_VARIABLE",
    "STORE_SCHEMES",
    "WATCH_PATIENCE",
    "AlreadyThereError",
    "AwsCredentials",
    "ConflictError",
    "FailureStreak",
    "Listed",
    "Primitives",
    "RefusedError",
    "SignIn",
    "Store",
    "StoreAccess",
    "StoreCredentials",
    "StorePatience",
    "StoreWait",
    "UnclearError",
    "check_run_name",
    "check_store_url",
    "credentials_from",
    "directory_of",
    "file_url",
    "open_directory",
    "open_run",
    "open_store",
    "work_patience",
]
