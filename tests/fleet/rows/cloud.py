"""Listings, deletes and sign-ins of the cloud that fail."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.arm.faults import Fault as CloudFault
from tests.fakes.arm.faults import Wound as CloudWound
from tests.fleet.faulting import End, Phase, Row
from tests.fleet.rows.row import (
    ALL_FINE,
    ALWAYS,
    BOTH_LAUNCHERS,
    CREATE,
    DELETE,
    FINE,
    LIST,
    SIGN_IN,
    cloud,
    launchers,
    sweepers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def cloud_rest() -> Sequence[Row]:
    locked: dict[str, object] = {"status": 409, "code": "ScopeLocked", "times": ALWAYS}
    refused: dict[str, object] = {"status": 403, "code": "AuthorizationFailed", "times": ALWAYS}
    lister = {Phase.SUPERVISE: FINE, **sweepers()}
    wounds: dict[str, dict[str, object]] = {
        "503, four times": {"times": 4},
        "429, Retry-After 20, twice": {
            "status": 429,
            "code": "TooManyRequests",
            "headers": {"Retry-After": "20"},
            "times": 2,
        },
        "dropped before the effect": {"wound": CloudWound.DROP_BEFORE},
        "dropped after the effect": {"wound": CloudWound.DROP_AFTER},
        "slow by 45 s": {"wound": CloudWound.SLOW, "seconds": 45.0},
        "409 Conflict, twice": {"status": 409, "code": "Conflict", "times": 2},
        "500 without JSON": {"status": 500, "wound": CloudWound.GARBAGE},
    }
    rows = [cloud(f"list: {name}", LIST, lister, **fault) for name, fault in wounds.items()]
    rows += [cloud(f"delete: {name}", DELETE, lister, **fault) for name, fault in wounds.items()]
    blind = "could not be listed"
    held: dict[str, object] = {"status": 400, "code": "NicReservedForAnotherVm", "times": 12}
    return [
        *rows,
        cloud(
            "delete: 409 Conflict, ten times", DELETE, lister, status=409, code="Conflict", times=10
        ),
        cloud(
            "delete: a machine that is marked for deletion",
            DELETE,
            lister,
            status=409,
            code="OperationNotAllowed",
            message="Operation 'delete' is not allowed since the VM is marked for deletion.",
        ),
        Row(
            "sweep: a NIC that is reserved for 180 s",
            BOTH_LAUNCHERS,
            lambda: (
                CloudFault(CREATE, status=409, code="SubnetIsFull", leaves_nic=True),
                CloudFault("DELETE networkInterfaces/waa-500", **held),  # type: ignore[arg-type]  # a fault's own fields
            ),
        ),
        cloud("delete: 404", DELETE, lister, status=404, code="ResourceNotFound"),
        cloud(
            "delete: ScopeLocked, always",
            DELETE,
            {Phase.SUPERVISE: FINE, **sweepers(5, "LEFT: machine waa-500-1-00")},
            **locked,
        ),
        cloud(
            "list: AuthorizationFailed, always",
            LIST,
            {Phase.SUPERVISE: End(4, "AuthorizationFailed"), **sweepers(5, blind)},
            **refused,
        ),
        replace(
            cloud(
                "list: 503, always",
                LIST,
                {Phase.SUPERVISE: End(4, "nothing could be seen for 30 min"), **sweepers(5, blind)},
                times=ALWAYS,
            ),
            options=("--deadline", "20"),  # it waits for as long as its job lives
        ),
        cloud(
            "sizes and quotas: AuthorizationFailed",
            "GET (skus|locations)",
            launchers(4, "AuthorizationFailed"),
            **refused,
        ),
        cloud("sizes and quotas: 503, once", "GET (skus|locations)", BOTH_LAUNCHERS),
        cloud(
            "machine image: AuthorizationFailed",
            "GET galleries",
            launchers(4, "AuthorizationFailed"),
            **refused,
        ),
        cloud("machine image: 503, once", "GET galleries", BOTH_LAUNCHERS),
        cloud(
            # A supervisor still has machines to watch and to delete.
            "machine image: 404, always",
            "GET galleries",
            {
                Phase.PROVISION: End(2, "--machine-image: does not exist"),
                Phase.SUPERVISE: End(4, "no machine could be had for 30 min"),
            },
            status=404,
            code="ResourceNotFound",
            times=ALWAYS,
        ),
        cloud(
            "sign-in: invalid_client, always",
            SIGN_IN,
            {**launchers(4, "identity"), **sweepers(5, blind)},
            status=401,
            code="invalid_client",
            times=ALWAYS,
        ),
        cloud("sign-in: 503, once", SIGN_IN, ALL_FINE),
        cloud(
            "the job's identity token: 401, always",
            "GET assertion",
            {**launchers(4, "id-token: write"), **sweepers(5, blind)},
            status=401,
            times=ALWAYS,
        ),
    ]
