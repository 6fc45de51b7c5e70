"""Azure's error bodies, as failures: the most specific known code decides.

The code decides, never the HTTP status: a failed long-running operation is reported with status
200, and one status carries codes of several kinds. Without any code only the statuses that every
server means alike are believed (RFC 9110: 401, 408, 429 and 5xx): any other refusal is one
machine's. A sentence decides only between the meanings of a code that has several, and never that
a run has to stop.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.compute.azure_vm.codes import BY_CODE, SAYS_MANY
from orchestrator.compute.failures import Failure, FailureKind, Scope
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

_GONE = frozenset(
    {"resourcenotfound", "notfound", "resourcegroupnotfound", "parentresourcenotfound"}
)
_DEPTH_LIMIT = 6
_WIDTH_LIMIT = 20
_TEXT_LIMIT = 20_000
_TRANSIENT_STATUSES = frozenset({408, 500, 502, 503, 504})
_MANY = frozenset(code.lower() for code in SAYS_MANY)
# Of an InvalidParameter: the parameters that are not the same in every create of a run.
_TARGETS = {
    "vmsize": Scope.SIZE,
    "hardwareprofile.vmsize": Scope.SIZE,
    "zones": Scope.ZONE,
    "imagereference": Scope.REGION,
    "galleryimages": Scope.REGION,
    "subnet": Scope.REGION,
    "location": Scope.REGION,
}
# And what its sentences say of parameters without a target ("Common VM error codes in Azure",
# bicep-registry-modules#462). They only ever make it narrower.
_NARROWER = (
    (re.compile(r"vm size .*not available", re.IGNORECASE), Scope.SIZE),
    (re.compile(r"images? .*(not found|replicated)", re.IGNORECASE), Scope.REGION),
)


class _Cause(NamedTuple):
    code: str
    message: str
    target: str


def is_gone(body: object) -> bool:
    """Whether an error body says that the resource itself does not exist.

    Only the outermost code speaks of it: one within may name something that it refers to.
    """
    error = body.get("error") if isinstance(body, dict) else None
    outer = error if isinstance(error, dict) else body
    code = outer.get("code") if isinstance(outer, dict) else None
    return isinstance(code, str) and code.lower() in _GONE


def classify(
    body: object, *, status: int | None = None, retry_after_s: float | None = None
) -> Failure:
    """Classify an error body as Azure returns it, codes nested in ``details`` included.

    ``body`` is decoded JSON of any shape. ``status`` counts only when no known code is found.
    """
    causes = list(_causes(body))
    for cause in causes:
        known = _judged(cause)
        if known is not None:
            return _failure(*known, cause, retry_after_s)
    cause = causes[0] if causes else _Cause(f"HTTP {status}", "", "")
    return _failure(_by_status(status), Scope.MACHINE, cause, retry_after_s)


def classify_instance(statuses: object) -> Failure | None:
    """Return why a machine failed, from the statuses of its instance view.

    A failed provisioning reads ``ProvisioningState/failed/<error code>`` ("States and billing
    status of Azure Virtual Machines"). None when no status says so. Its create was accepted, so
    that nothing is wrong with what every create of the run shares.
    """
    for entry in statuses if isinstance(statuses, list) else []:
        code = str(entry.get("code", "")) if isinstance(entry, dict) else ""
        state, _, rest = code.partition("/")
        outcome, _, cause = rest.partition("/")
        if state.lower() != "provisioningstate" or outcome.lower() not in ("failed", "canceled"):
            continue
        unsaid = "Canceled" if outcome.lower() == "canceled" else "ProvisioningFailed"
        reported = {"code": cause or unsaid, "message": str(entry.get("message", ""))}
        return _accepted(classify(reported))
    return None


def _accepted(failure: Failure) -> Failure:
    """Return a failure of a machine whose create was accepted."""
    if failure.kind is not FailureKind.CONFIGURATION:
        return failure
    return replace(failure, kind=FailureKind.UNKNOWN, scope=Scope.MACHINE)


def _causes(body: object, depth: int = 0) -> Iterator[_Cause]:
    """Yield every code, the innermost first: the outer ones only say that it failed."""
    if not isinstance(body, dict) or depth > _DEPTH_LIMIT:
        return
    error = body.get("error")
    if isinstance(error, dict):
        yield from _causes(error, depth + 1)
        return
    if isinstance(error, str):  # a token endpoint's shape: RFC 6749, section 5.2
        yield _Cause(error, str(body.get("error_description") or ""), "")
    details = body.get("details")
    for detail in (details if isinstance(details, list) else [])[:_WIDTH_LIMIT]:
        yield from _causes(detail, depth + 1)
    yield from _causes(body.get("innererror"), depth + 1)
    yield from _causes(_within(body.get("message")), depth + 1)
    if isinstance(body.get("code"), str):
        target = body.get("target")
        message = str(body.get("message") or "")
        yield _Cause(body["code"], message, target if isinstance(target, str) else "")


def _within(message: object) -> object:
    """Return the error that a message is the JSON text of (azure-docs#88211), or None."""
    if not isinstance(message, str) or len(message) > _TEXT_LIMIT:
        return None
    text = message.strip()
    if not text.startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _judged(cause: _Cause) -> tuple[FailureKind, Scope] | None:
    """Return what a cause means, or None where its code alone does not say."""
    code = cause.code.lower()
    if code in _MANY:
        return _sentence(cause.message) if code == "operationnotallowed" else None
    known = BY_CODE.get(code)
    if known is None:
        return None
    if code == "invalidparameter" and (narrower := _parameter(cause)):
        return FailureKind.UNSUITABLE, narrower
    scope = _quota_scope(cause.message) if known.scope is Scope.FAMILY else known.scope
    return known.kind, scope


def _parameter(cause: _Cause) -> Scope | None:
    """Return how far an ``InvalidParameter`` of a size, an image or a place reaches."""
    reported = (scope for sentence, scope in _NARROWER if sentence.search(cause.message))
    return _TARGETS.get(cause.target.lower()) or next(reported, None)


def _sentence(message: str) -> tuple[FailureKind, Scope] | None:
    """Tell the meanings of ``OperationNotAllowed`` apart; a sentence nobody knows says nothing."""
    said = message.lower()
    if "quota" in said:
        return FailureKind.QUOTA, _quota_scope(message)
    if "too many requests" in said:
        return FailureKind.THROTTLED, Scope.SUBSCRIPTION
    if re.search(r"attached to|being deleted|marked for deletion|in progress|ongoing", said):
        return FailureKind.TRANSIENT, Scope.MACHINE
    return None


def _by_status(status: int | None) -> FailureKind:
    if status == 429:
        return FailureKind.THROTTLED
    if status in _TRANSIENT_STATUSES:
        return FailureKind.TRANSIENT
    return FailureKind.CREDENTIALS if status == 401 else FailureKind.UNKNOWN


def _failure(
    kind: FailureKind, scope: Scope, cause: _Cause, retry_after_s: float | None
) -> Failure:
    hint = _hint(cause.message) if kind is FailureKind.CONFIGURATION else ""
    code = clean(cause.code, payloads=False)[:80]
    message = clean(cause.message, payloads=False) + hint
    return Failure(kind, code, message, retry_after_s, scope)


def _quota_scope(message: str) -> Scope:
    """Return which quota a sentence names; the narrowest where it names none."""
    said = message.lower()
    if re.search(r"low ?priority|spot", said):
        return Scope.SPOT
    return Scope.REGION if "regional" in said else Scope.FAMILY


def _hint(message: str) -> str:
    if "securitytype" not in message.lower():
        return ""
    return (
        " (register the feature Microsoft.Compute/UseStandardSecurityType on the subscription, and"
        " use an image definition without Trusted Launch, which breaks nested virtualization)"
    )
