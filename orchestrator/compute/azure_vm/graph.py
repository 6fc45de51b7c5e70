"""What an application trusts, as Microsoft Graph tells it to who may read applications."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import requests

from orchestrator.compute.failures import CloudError, Failure, FailureKind
from orchestrator.text import clean

if TYPE_CHECKING:
    from orchestrator.compute.azure_vm.settings import Endpoints

_DURING = "read federated credentials"


def federated_subjects(client: str, token: str, endpoints: Endpoints) -> tuple[str, ...] | None:
    """Return the subjects that an application trusts; None where it does not exist.

    ``client`` is the application's client id ("List federatedIdentityCredentials"; an application
    has at most 20, which is one page).

    Raises:
        CloudError: Credentials where the caller may not read applications; else transient.
    """
    where = f"/v1.0/applications(appId='{quote(client, safe='')}')/federatedIdentityCredentials"
    try:
        reply = requests.get(
            f"{endpoints.graph}{where}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=(endpoints.connect_s, endpoints.read_s),
            verify=endpoints.ca_file or True,
        )
    except requests.RequestException as error:
        raise _failed(FailureKind.TRANSIENT, type(error).__name__, "") from None
    if reply.status_code == 404:
        return None
    try:
        body = reply.json()
        if reply.ok:
            return tuple(str(item["subject"]) for item in body["value"])
        code, message = str(body["error"]["code"]), str(body["error"]["message"])
    except (ValueError, KeyError, TypeError):
        code, message = f"HTTP {reply.status_code}", ""
    refused = reply.status_code in (401, 403)
    raise _failed(FailureKind.CREDENTIALS if refused else FailureKind.TRANSIENT, code, message)


def _failed(kind: FailureKind, code: str, message: str) -> CloudError:
    return CloudError(
        Failure(kind, clean(code, payloads=False), clean(message, payloads=False)), during=_DURING
    )
