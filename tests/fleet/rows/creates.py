"""Creates that the cloud refuses, delays or answers badly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.arm.faults import Fault as CloudFault
from tests.fakes.arm.faults import Wound as CloudWound
from tests.fleet.faulting import Phase, Row
from tests.fleet.rows.row import ALWAYS, BOTH_LAUNCHERS, CREATE, FINE, QUOTA, cloud, launchers

if TYPE_CHECKING:
    from collections.abc import Sequence


def refused_creates() -> Sequence[Row]:
    capacity = [
        *("AllocationFailed", "ZonalAllocationFailed", "OverconstrainedAllocationRequest"),
        *("OverconstrainedZonalAllocationRequest", "SkuNotAvailable"),
    ]
    rows = [
        cloud(f"create: {code}, once", CREATE, BOTH_LAUNCHERS, status=409, code=code)
        for code in capacity
    ]
    starved = "no machine could be had for 30 min"
    rows += [
        cloud(
            "create: AllocationFailed, everywhere",
            CREATE,
            launchers(4, "AllocationFailed", starved),
            status=409,
            code="AllocationFailed",
            times=ALWAYS,
        ),
        cloud(
            "create: the quota's, everywhere",
            CREATE,
            launchers(4, "Waiting does not help", starved),
            status=409,
            code="QuotaExceeded",
            times=ALWAYS,
        ),
    ]
    places = {
        "SpotPriceGreaterThanProvidedMaxPrice": 409,
        "AzureSpotIsNotSupportedForThisVMSize": 400,
        "RequestDisallowedByPolicy": 403,
        "LinkedAuthorizationFailed": 403,
        "SubnetIsFull": 400,
        "GalleryImageNotFound": 404,
    }
    rows += [
        cloud(f"create: {code}, once", CREATE, BOTH_LAUNCHERS, status=status, code=code)
        for code, status in places.items()
    ]
    rows += [
        cloud(
            f"create: {code}, everywhere",
            CREATE,
            launchers(4, code, starved),
            status=403,
            code=code,
            times=ALWAYS,
        )
        for code in ("RequestDisallowedByPolicy", "LinkedAuthorizationFailed")
    ]
    rows += [
        cloud(
            f"create: quota of {scope}, once",
            CREATE,
            BOTH_LAUNCHERS,
            status=409,
            code="OperationNotAllowed",
            message=QUOTA.format(scope),
        )
        for scope in ("Total Regional", "standardDSv5Family")
    ]
    rows.append(
        Row(
            "create: quota of LowPriority, once",
            BOTH_LAUNCHERS,
            lambda: (
                CloudFault(
                    CREATE,
                    status=409,
                    code="OperationNotAllowed",
                    message=QUOTA.format("LowPriority"),
                ),
            ),
            options=("--spot", "prefer"),
        )
    )
    return rows


def stopping_creates() -> Sequence[Row]:
    codes = {
        "InvalidParameter": 400,
        "NoRegisteredProviderFound": 400,
        "MissingSubscriptionRegistration": 409,
        "ScopeLocked": 409,
        "SubscriptionNotFound": 404,
        "ResourceGroupNotFound": 404,
        "AuthorizationFailed": 403,
        "InvalidAuthenticationToken": 401,
        "ReadOnlyDisabledSubscription": 409,
    }
    return [
        cloud(
            f"create: {code}",
            CREATE,
            launchers(4, code),
            status=status,
            code=code,
            times=ALWAYS,
        )
        for code, status in codes.items()
    ]


def passing_creates() -> Sequence[Row]:
    busy = {"Retry-After": "20"}
    long = {"Retry-After": "45"}
    starved = "no machine could be had for 30 min"
    once: dict[str, dict[str, object]] = {
        "429, Retry-After 20": {"status": 429, "code": "TooManyRequests", "headers": busy},
        "429, Retry-After 45": {"status": 429, "code": "TooManyRequests", "headers": long},
        "500": {"status": 500, "code": "InternalServerError"},
        "503": {},
        "409 Conflict": {"status": 409, "code": "Conflict"},
        "an unknown code": {"status": 403, "code": "SomethingNobodyHasSeen"},
        "502 without JSON": {"status": 502, "wound": CloudWound.GARBAGE},
        "an error after the effect": {"status": 500, "wound": CloudWound.REFUSE_AFTER},
        "dropped before the effect": {"wound": CloudWound.DROP_BEFORE},
        "dropped after the effect": {"wound": CloudWound.DROP_AFTER},
        "slow by 45 s": {"wound": CloudWound.SLOW, "seconds": 45.0},
        "refused, and leaves a NIC": {
            "status": 409,
            "code": "ZonalAllocationFailed",
            "leaves_nic": True,
        },
    }
    rows = [cloud(f"create: {name}, once", CREATE, BOTH_LAUNCHERS, **f) for name, f in once.items()]
    return [
        *rows,
        cloud(
            "create: 429, always",
            CREATE,
            launchers(4, "TooManyRequests", starved),
            status=429,
            code="TooManyRequests",
            headers=long,
            times=ALWAYS,
        ),
        cloud(
            "create: an unknown code, always",
            CREATE,
            launchers(4, "SomethingNobodyHasSeen", starved),
            status=403,
            code="SomethingNobodyHasSeen",
            times=ALWAYS,
        ),
        cloud(
            "create: 503, always",
            CREATE,
            launchers(4, "ServiceUnavailable", "launches are spent"),
            times=ALWAYS,
        ),
        cloud(
            "create: each reply lost after the effect",
            CREATE,
            {
                Phase.PROVISION: FINE,
                Phase.SUPERVISE: FINE,
            },
            wound=CloudWound.DROP_AFTER,
            times=ALWAYS,
        ),
    ]
