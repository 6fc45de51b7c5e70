"""Azure's error codes, classified.

The code decides, never the HTTP status: a failed long-running operation is reported with status
200, and one status carries codes of several kinds. Only a reply without any known code falls back
on it.

Sources, in Microsoft's documentation: "Troubleshoot allocation failures", "Resolve errors for
resource quotas", "Troubleshooting API throttling errors", "Troubleshoot common Azure deployment
errors".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestrator.cloud.failures import Failure, FailureKind, QuotaScope, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CODES: Mapping[FailureKind, tuple[str, ...]] = {
    FailureKind.CAPACITY: (
        "AllocationFailed",
        "ZonalAllocationFailed",
        "OverconstrainedAllocationRequest",
        "OverconstrainedZonalAllocationRequest",
        "SkuNotAvailable",
    ),
    FailureKind.QUOTA: (
        "QuotaExceeded",
        "ResourceQuotaExceeded",
        "PublicIPCountLimitReached",
    ),
    FailureKind.THROTTLED: (
        "TooManyRequests",
        "SubscriptionRequestsThrottled",
        "ResourceRequestsThrottled",
        "RequestsThrottled",
    ),
    FailureKind.TRANSIENT: (
        "OSProvisioningTimedOut",
        "InternalServerError",
        "InternalOperationError",
        "InternalExecutionError",
        "NetworkingInternalOperationError",
        "DiskServiceInternalError",
        "InternalError",
        "ServerTimeout",
        "GatewayTimeout",
        "BadGateway",
        "ServiceUnavailable",
        "ServerBusy",
        "temporarily_unavailable",
        "RetryableError",
        "RetryableErrorDueToAnotherOperation",
        "AnotherOperationInProgress",
        "OperationPreempted",
        "OSProvisioningInternalError",
        "VMStartTimedOut",
        "NetworkError",
        # A part is held by its machine for a while: 180 seconds after a failed create.
        "NicReservedForAnotherVm",
        "NicInUse",
        "PublicIPAddressCannotBeDeleted",
        "ContainerBeingDeleted",
    ),
    FailureKind.CREDENTIALS: (
        "AuthorizationFailed",
        "LinkedAuthorizationFailed",
        "AuthorizationPermissionMismatch",
        "AuthenticationFailed",
        "InvalidAuthenticationInfo",
        "InvalidAuthenticationToken",
        "InvalidAuthenticationTokenTenant",
        "ExpiredAuthenticationToken",
        "ReadOnlyDisabledSubscription",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
    ),
    FailureKind.CONFIGURATION: (
        "SpotPriceGreaterThanProvidedMaxPrice",
        "AzureSpotIsNotSupportedForThisVMSize",
        "InvalidParameter",
        "RequestDisallowedByPolicy",
        "SubscriptionNotFound",
        "ResourceGroupNotFound",
    ),
}
_KIND_OF = {code.lower(): kind for kind, codes in _CODES.items() for code in codes}

_GONE = frozenset(
    {"resourcenotfound", "notfound", "resourcegroupnotfound", "parentresourcenotfound"}
)
_DEPTH_LIMIT = 6
_WIDTH_LIMIT = 20
_TRANSIENT_STATUSES = frozenset({408, 500, 502, 503, 504})


def is_gone(body: object) -> bool:
    """Whether an error body says that the resource does not exist."""
    return any(code.lower() in _GONE for code, _ in _causes(body))


def classify(
    body: object, *, status: int | None = None, retry_after_s: float | None = None
) -> Failure:
    """Classify an error body as Azure returns it, codes nested in ``details`` included.

    ``body`` is decoded JSON of any shape. ``status`` counts only when no known code is found.
    """
    causes = list(_causes(body))
    for code, message in causes:
        kind = _kind_of(code, message)
        if kind is not None:
            return _failure(kind, code, message, retry_after_s)
    code, message = causes[0] if causes else (f"HTTP {status}", "")
    return _failure(_by_status(status), code, message, retry_after_s)


def classify_instance(statuses: object) -> Failure | None:
    """Return why a machine failed, from the statuses of its instance view.

    A failed provisioning reads ``ProvisioningState/failed/<error code>`` ("States and billing
    status of Azure Virtual Machines"). None when no status says so.
    """
    for entry in statuses if isinstance(statuses, list) else []:
        code = str(entry.get("code", "")) if isinstance(entry, dict) else ""
        parts = code.split("/")
        if len(parts) >= 2 and [part.lower() for part in parts[:2]] == [
            "provisioningstate",
            "failed",
        ]:
            cause = parts[2] if len(parts) > 2 else "ProvisioningFailed"
            return classify({"code": cause, "message": str(entry.get("message", ""))})
    return None


def _causes(body: object, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield (code, message) pairs, the innermost first: the outer ones only say that it failed."""
    if not isinstance(body, dict) or depth > _DEPTH_LIMIT:
        return
    error = body.get("error")
    if isinstance(error, dict):
        yield from _causes(error, depth + 1)
        return
    if isinstance(error, str):  # a token endpoint's shape: RFC 6749, section 5.2
        yield error, str(body.get("error_description") or "")
    details = body.get("details")
    for detail in (details if isinstance(details, list) else [])[:_WIDTH_LIMIT]:
        yield from _causes(detail, depth + 1)
    yield from _causes(body.get("innererror"), depth + 1)
    if isinstance(body.get("code"), str):
        yield body["code"], str(body.get("message") or "")


def _kind_of(code: str, message: str) -> FailureKind | None:
    if code.lower() == "operationnotallowed":
        return _operation_not_allowed(message)
    return _KIND_OF.get(code.lower())


def _operation_not_allowed(message: str) -> FailureKind:
    """One code for three things, told apart by its sentence."""
    said = message.lower()
    if "quota" in said:
        return FailureKind.QUOTA
    if "too many requests" in said:
        return FailureKind.THROTTLED
    if "attached to" in said or "being deleted" in said or "in progress" in said:
        return FailureKind.TRANSIENT
    return FailureKind.CONFIGURATION


def _by_status(status: int | None) -> FailureKind:
    if status == 429:
        return FailureKind.THROTTLED
    if status in _TRANSIENT_STATUSES:
        return FailureKind.TRANSIENT
    if status in (401, 403):
        return FailureKind.CREDENTIALS
    return FailureKind.CONFIGURATION


def _failure(kind: FailureKind, code: str, message: str, retry_after_s: float | None) -> Failure:
    scope = _quota_scope(message) if kind is FailureKind.QUOTA else None
    hint = _hint(message) if kind is FailureKind.CONFIGURATION else ""
    return Failure(kind, printable(code)[:80], printable(message) + hint, retry_after_s, scope)


def _quota_scope(message: str) -> QuotaScope:
    said = message.lower()
    if re.search(r"low ?priority|spot", said):
        return QuotaScope.SPOT
    return QuotaScope.REGION if "regional" in said else QuotaScope.FAMILY


def _hint(message: str) -> str:
    if "securitytype" not in message.lower():
        return ""
    return (
        " (register the feature Microsoft.Compute/UseStandardSecurityType on the subscription, and"
        " use an image definition without Trusted Launch, which breaks nested virtualization)"
    )
