"""Calls to GitHub that fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.arm.faults import Fault as CloudFault
from tests.fakes.github import Fault as GitHubFault
from tests.fakes.github import Wound
from tests.fleet.faulting import End, Phase, Row
from tests.fleet.rows.row import (
    ALWAYS,
    BOTH_LAUNCHERS,
    CANCEL,
    CREATE,
    FINE,
    FORGET,
    JOBS,
    MINT,
    OLDER_LIMIT,
    RUN,
    RUNNERS,
    github,
    launchers,
    sweepers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def mints() -> Sequence[Row]:
    stops = {401: "Bad credentials", 403: "Resource not accessible by integration"}
    stops |= {404: "Not Found", 422: "Invalid runner name"}
    rows = [
        github(
            f"mint: {status}, always",
            MINT,
            launchers(4, f"GitHub answered {status}"),
            status=status,
            message=text,
            times=ALWAYS,
        )
        for status, text in stops.items()
    ]
    limit = "You have exceeded a secondary rate limit."
    wounds: dict[str, tuple[Wound, dict[str, object]]] = {
        "409": (Wound.REFUSE, {"status": 409, "message": "Already exists"}),
        "secondary limit": (Wound.REFUSE, {"status": 403, "message": limit}),
        "secondary limit, Retry-After 30": (
            Wound.REFUSE,
            {"status": 429, "message": limit, "headers": {"Retry-After": "30"}},
        ),
        "an older limit": (Wound.REFUSE, {"status": 403, "message": OLDER_LIMIT}),
        "500": (Wound.REFUSE, {"status": 500}),
        "502 after the effect": (Wound.REFUSE_AFTER, {"status": 502}),
        "dropped before the effect": (Wound.DROP_BEFORE, {}),
        "dropped after the effect": (Wound.DROP_AFTER, {}),
        "cut half-way": (Wound.CUT, {}),
        "slow by 30 s": (Wound.SLOW, {"seconds": 30.0}),
    }
    rows += [
        github(f"mint: {name}, once", MINT, BOTH_LAUNCHERS, wound, **fault)
        for name, (wound, fault) in wounds.items()
    ]
    starved = "no machine could be had for 30 min"
    rows.append(
        github(
            "mint: 503, always", MINT, launchers(4, "GitHub answered 503", starved), times=ALWAYS
        )
    )
    return rows


def runners_and_jobs() -> Sequence[Row]:
    lister = {Phase.SUPERVISE: FINE, **sweepers()}
    limit = "You have exceeded a secondary rate limit."
    wounds: dict[str, tuple[Wound, dict[str, object]]] = {
        "503": (Wound.REFUSE, {}),
        "an older limit": (Wound.REFUSE, {"status": 403, "message": OLDER_LIMIT}),
        "secondary limit, Retry-After 5": (
            Wound.REFUSE,
            {"status": 403, "message": limit, "headers": {"Retry-After": "5"}},
        ),
        "dropped before the effect": (Wound.DROP_BEFORE, {}),
        "dropped after the effect": (Wound.DROP_AFTER, {}),
        "slow by 30 s": (Wound.SLOW, {"seconds": 30.0}),
    }
    rows = [
        github(f"{what}: {name}, once", pattern, ends, wound, **fault)
        for what, pattern, ends in (
            ("runners", RUNNERS, lister),
            ("forget", FORGET, lister),
            ("jobs", JOBS, {Phase.SUPERVISE: FINE, Phase.REAP: FINE}),
            ("run", RUN, {Phase.REAP: FINE}),
        )
        for name, (wound, fault) in wounds.items()
    ]
    blind = "could not be listed"
    rows += [
        github(
            f"runners: {status}, always",
            RUNNERS,
            {Phase.SUPERVISE: End(4, f"GitHub answered {status}"), **sweepers(5, blind)},
            status=status,
            message="no",
            times=ALWAYS,
        )
        for status in (401, 403, 404)
    ]
    rows += [
        github(
            f"jobs: {status}, always",
            JOBS,
            {
                Phase.SUPERVISE: End(4, f"GitHub answered {status}"),
                Phase.REAP: End(5, f"run 501 could not be judged: GitHub answered {status}"),
            },
            status=status,
            message="no",
            times=ALWAYS,
        )
        for status in (401, 403, 404)
    ]
    return [
        *rows,
        github("forget: 404, once", FORGET, lister, status=404, message="Not Found"),
        github(
            "forget: 422 running a job, always",
            FORGET,
            {Phase.SUPERVISE: FINE, **sweepers(5, "LEFT: runner waa-500-1-00")},
            status=422,
            message="Runner is currently running a job and cannot be deleted.",
            times=ALWAYS,
        ),
        github(
            "run: 404, always",
            RUN,
            {Phase.REAP: End(0, "GitHub does not know run 500", keeps=True)},
            status=404,
            message="Not Found",
            times=ALWAYS,
        ),
        github(
            "run: 403, always",
            RUN,
            {Phase.REAP: End(5, "run 500 could not be judged")},
            status=403,
            message="no",
            times=ALWAYS,
        ),
        github(
            "run: 503, always",
            RUN,
            {Phase.REAP: End(5, "run 500 could not be judged")},
            times=ALWAYS,
        ),
        Row(
            "no machine to be had, and cancelling the run: 403",
            {Phase.PROVISION: End(4, "AllocationFailed"), Phase.SUPERVISE: End(4, "30 min")},
            lambda: (
                CloudFault(CREATE, status=409, code="AllocationFailed", times=ALWAYS),
                GitHubFault(CANCEL, Wound.REFUSE, status=403, message="no", times=ALWAYS),
            ),
        ),
    ]
