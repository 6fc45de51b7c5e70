"""What can go wrong with a fleet, one row each, and how each phase that meets it must end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.arm.faults import Fate
from tests.fakes.arm.faults import Fault as CloudFault
from tests.fakes.arm.faults import Wound as CloudWound
from tests.fakes.github import Fault as GitHubFault
from tests.fakes.github import RunnerFate, Wound
from tests.fleet.faulting import End, Phase, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.fleet.stand import Stand

ALWAYS = 10_000
CREATE, DELETE, LIST = "PUT virtualMachines/waa-500", "DELETE virtualMachines/waa-500", "GET resour"
SIGN_IN = "POST .*/token"
MINT, RUNNERS = "POST /actions/runners/generate", r"GET /actions/runners$"
FORGET, JOBS = r"DELETE /actions/runners/\d+", r"GET .*/attempts/1/jobs"
RUN, CANCEL = r"GET /actions/runs/500$", "POST .*/cancel"
QUOTA = (
    "Operation could not be completed as it results in exceeding approved {} Cores quota."
    " Current Limit: 8, Current Usage: 8, Additional Required: 8."
)
FINE = End()
BOTH_LAUNCHERS = {Phase.PROVISION: FINE, Phase.SUPERVISE: FINE}
ALL_FINE = dict.fromkeys(Phase, FINE)


def launchers(code: int, words: str, supervise: str | None = None) -> dict[Phase, End]:
    """Both commands that launch end so; ``supervise`` may say something else."""
    said = words if supervise is None else supervise
    return {Phase.PROVISION: End(code, words), Phase.SUPERVISE: End(code, said)}


def sweepers(code: int = 0, words: str = "") -> dict[Phase, End]:
    """Both commands that delete end so."""
    return {Phase.TEARDOWN: End(code, words), Phase.REAP: End(code, words)}


def cloud(name: str, pattern: str, ends: dict[Phase, End], **fault: object) -> Row:
    """Return a row of a fault of the cloud's."""
    return Row(name, ends, lambda: (CloudFault(pattern, **fault),))  # type: ignore[arg-type]  # a fault's own fields


def github(
    name: str, pattern: str, ends: dict[Phase, End], wound: Wound = Wound.STATUS, **fault: object
) -> Row:
    """Return a row of a fault of GitHub's."""
    return Row(name, ends, lambda: (GitHubFault(pattern, wound, **fault),))  # type: ignore[arg-type]  # a fault's own fields


def _refused_creates() -> Sequence[Row]:
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


def _stopping_creates() -> Sequence[Row]:
    codes = {
        "InvalidParameter": 400,
        "SpotPriceGreaterThanProvidedMaxPrice": 409,
        "AzureSpotIsNotSupportedForThisVMSize": 400,
        "RequestDisallowedByPolicy": 403,
        "SubscriptionNotFound": 404,
        "ResourceGroupNotFound": 404,
        "AuthorizationFailed": 403,
        "LinkedAuthorizationFailed": 403,
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


def _passing_creates() -> Sequence[Row]:
    busy = {"Retry-After": "20"}
    long = {"Retry-After": "45"}
    starved = "no machine could be had for 30 min"
    once: dict[str, dict[str, object]] = {
        "429, Retry-After 20": {"status": 429, "code": "TooManyRequests", "headers": busy},
        "429, Retry-After 45": {"status": 429, "code": "TooManyRequests", "headers": long},
        "500": {"status": 500, "code": "InternalServerError"},
        "503": {},
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
            "create: 503, always",
            CREATE,
            launchers(4, "ServiceUnavailable", "launches are spent"),
            times=ALWAYS,
        ),
        cloud(
            "create: each reply lost after the effect",
            CREATE,
            {
                Phase.PROVISION: End(4, "Taking everything down"),
                Phase.SUPERVISE: FINE,
            },
            wound=CloudWound.DROP_AFTER,
            times=ALWAYS,
        ),
    ]


def _cloud_rest() -> Sequence[Row]:
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
        "500 without JSON": {"status": 500, "wound": CloudWound.GARBAGE},
    }
    rows = [cloud(f"list: {name}", LIST, lister, **fault) for name, fault in wounds.items()]
    rows += [cloud(f"delete: {name}", DELETE, lister, **fault) for name, fault in wounds.items()]
    blind = "could not be listed"
    return [
        *rows,
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
        cloud(
            "list: 503, always",
            LIST,
            {Phase.SUPERVISE: End(4, "nothing could be seen for 15 min"), **sweepers(5, blind)},
            times=ALWAYS,
        ),
        cloud(
            "sizes and quotas: AuthorizationFailed",
            "GET (skus|locations)",
            launchers(4, "AuthorizationFailed"),
            **refused,
        ),
        cloud("sizes and quotas: 503, once", "GET (skus|locations)", BOTH_LAUNCHERS),
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


def _mints() -> Sequence[Row]:
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
        "409": (Wound.STATUS, {"status": 409, "message": "Already exists"}),
        "secondary limit": (Wound.STATUS, {"status": 403, "message": limit}),
        "secondary limit, Retry-After 30": (
            Wound.STATUS,
            {"status": 429, "message": limit, "headers": {"Retry-After": "30"}},
        ),
        "500": (Wound.STATUS, {"status": 500}),
        "502 after the effect": (Wound.STATUS_AFTER, {"status": 502}),
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


def _runners_and_jobs() -> Sequence[Row]:
    lister = {Phase.SUPERVISE: FINE, **sweepers()}
    limit = "You have exceeded a secondary rate limit."
    wounds: dict[str, tuple[Wound, dict[str, object]]] = {
        "503": (Wound.STATUS, {}),
        "secondary limit, Retry-After 5": (
            Wound.STATUS,
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
            ("jobs", JOBS, {Phase.SUPERVISE: FINE}),
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
            {Phase.SUPERVISE: End(4, f"GitHub answered {status}")},
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
                GitHubFault(CANCEL, Wound.STATUS, status=403, message="no", times=ALWAYS),
            ),
        ),
    ]


def _machines() -> Sequence[Row]:
    one, every = "waa-500-1-000-*", "waa-500-*"
    boots = "boots in a row took no job"
    late = [
        *("AllocationFailed", "ZonalAllocationFailed", "SkuNotAvailable"),
        *("QuotaExceeded", "OSProvisioningTimedOut", "InternalExecutionError"),
    ]
    rows = [
        Row(
            f"machine: accepted, then {code}",
            ALL_FINE,
            fates=lambda code=code: (Fate(one, fails_with=code, times=1),),  # type: ignore[misc]  # bound now
        )
        for code in late
    ]
    return [
        *rows,
        Row(
            "machine: accepted, then RequestDisallowedByPolicy",
            {**ALL_FINE, Phase.SUPERVISE: End(4, "RequestDisallowedByPolicy")},
            fates=lambda: (Fate(every, fails_with="RequestDisallowedByPolicy"),),
        ),
        Row(
            "machine: evicted in its job",
            {**ALL_FINE, Phase.SUPERVISE: End(1, "not every task is scored")},
            fates=lambda: (Fate(one, evicted_after_s=100.0),),
            scene=_spot,
        ),
        Row("machine: never boots", ALL_FINE, fates=lambda: (Fate(one, never_boots=True),)),
        Row(
            "machine: none ever boots",
            {**ALL_FINE, Phase.SUPERVISE: End(4, boots)},
            fates=lambda: (Fate(every, never_boots=True),),
        ),
        Row("machine: a create that takes 5 min", ALL_FINE, fates=lambda: (Fate(create_s=300.0),)),
        Row("runner: never online", ALL_FINE, scene=_never_online(one)),
        Row(
            "runner: none ever online",
            {**ALL_FINE, Phase.SUPERVISE: End(4, boots)},
            scene=_never_online(every),
        ),
        Row(
            "runner: deprecated, exits at once",
            {**ALL_FINE, Phase.SUPERVISE: End(4, "the age of its runner")},
            scene=lambda stand: stand.fake.faults.runners(RunnerFate(every, deprecated=True)),
        ),
        Row("runner: removed while idle", ALL_FINE, scene=_removed_while_idle),
        Row("listings: 55 s behind", ALL_FINE, scene=_lag, fresh=True),
    ]


def _never_online(names: str) -> Callable[[Stand], None]:
    def scene(stand: Stand) -> None:
        stand.fake.faults.runners(RunnerFate(names, never_online=True))

    return scene


def _spot(stand: Stand) -> None:
    stand.spot = True


def _removed_while_idle(stand: Stand) -> None:
    stand.fake.faults.idle_limit_s = 60.0
    stand.jobs_after_s = 400.0


def _lag(stand: Stand) -> None:
    stand.arm.world.listing_lag_s = stand.fake.world.listing_lag_s = 55.0


ROWS: tuple[Row, ...] = (
    *_refused_creates(),
    *_stopping_creates(),
    *_passing_creates(),
    *_cloud_rest(),
    *_mints(),
    *_runners_and_jobs(),
    *_machines(),
)
