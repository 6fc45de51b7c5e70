"""One call of an Azure SDK: its errors become classified failures, and nothing else of it escapes.

The SDK's exceptions hold the request, its token and its body; they are dropped, never chained.
"""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.compute.azure_vm.refusals import classify, is_gone
from orchestrator.compute.failures import CloudError, Failure, FailureKind
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from azure.core.exceptions import AzureError

T = TypeVar("T")

_RETRY_AFTER_MS = ("retry-after-ms", "x-ms-retry-after-ms")


class GoneError(CloudError):
    """What the call names does not exist: a success for a delete, a wrong set-up elsewhere."""


class TakenError(Exception):
    """A create found its name taken (a failed ``If-None-Match``). Caught inside this package."""


def call(during: str, action: Callable[[], T]) -> T:
    """Return what ``action`` returns.

    Raises:
        GoneError: Azure says that what the call names does not exist.
        TakenError: Azure says that it exists already, and the call was to create it.
        CloudError: Anything else that Azure or the way to it answered, classified.
    """
    from azure.core.exceptions import AzureError

    try:
        return action()
    except AzureError as error:
        outcome = _translate(during, error)
    raise outcome from None


def _translate(during: str, error: AzureError) -> Exception:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    response: Any = error.response if isinstance(error, HttpResponseError) else None
    if response is None:
        refused = isinstance(error, ClientAuthenticationError)
        kind = FailureKind.CREDENTIALS if refused else FailureKind.TRANSIENT
        code = type(error).__name__
        return CloudError(Failure(kind, code, clean(str(error), payloads=False)), during=during)
    body = _body(response)
    if response.status_code == 412:  # the precondition's own status (RFC 9110), not a failure class
        return TakenError()
    failure = classify(
        body, status=response.status_code, retry_after_s=retry_after(response.headers)
    )
    error_class = GoneError if is_gone(body) else CloudError
    return error_class(failure, during=_with_request_id(during, response))


def _body(response: Any) -> object:
    """Return the decoded body, or what the headers say in its place: storage answers in XML."""
    from azure.core.exceptions import AzureError

    try:
        return json.loads(response.text())
    except (ValueError, AzureError):  # no JSON, or a body that broke off
        code = response.headers.get("x-ms-error-code")
        return {"code": code} if code else None


def _with_request_id(during: str, response: Any) -> str:
    request_id = response.headers.get("x-ms-correlation-request-id")
    return f"{during} (request {clean(request_id, payloads=False)[:40]})" if request_id else during


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a reply asks to wait, or None.

    A date is measured against the reply's own ``Date``, so no clock is needed.
    """
    for name in _RETRY_AFTER_MS:
        if (value := _number(headers.get(name))) is not None:
            return value / 1000
    text = headers.get("retry-after") or headers.get("Retry-After")
    if (seconds := _number(text)) is not None:
        return seconds
    try:
        asked, sent = parsedate_to_datetime(text or ""), parsedate_to_datetime(headers["Date"])
        return max((asked - sent).total_seconds(), 0.0)
    except (ValueError, KeyError, TypeError):
        return None


def _number(text: str | None) -> float | None:
    return float(text) if text and text.isdecimal() and len(text) < 10 else None
