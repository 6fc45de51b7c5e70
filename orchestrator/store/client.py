"""How every store in a cloud is asked: one time limit, few retries, and whose certificate."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import bad_input

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_RETRIES = 3


def client_options(endpoint: str, root_certificate: str, timeout_s: float) -> ClientConfig:
    """Return how a server is reached: ``http://`` only where the endpoint says it.

    Raises:
        BadInputError: The root certificate cannot be read, or is none.
    """
    options: ClientConfig = {"timeout": timedelta(seconds=timeout_s)}
    if endpoint.startswith("http://"):
        options["allow_http"] = True
    if root_certificate:
        options["root_certificate"] = _certificate(root_certificate)
    return options


def retry_config(timeout_s: float) -> RetryConfig:
    """Return how a failed request is repeated: within the time of one."""
    return {"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=timeout_s)}


def _certificate(path: str) -> str:
    where = f"--store-ca {path}"
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(where, f"cannot be read ({error})", "Name a PEM file.") from error
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise bad_input(where, "holds no certificate", "Name a PEM file.")
    return text
