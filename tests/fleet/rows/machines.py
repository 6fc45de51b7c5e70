"""Machines and runners that were accepted, and are no good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.arm.faults import Fate
from tests.fakes.github import RunnerFate
from tests.fleet.faulting import End, Phase, Row
from tests.fleet.rows.row import ALL_FINE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.fleet.stand import Stand


def machines() -> Sequence[Row]:
    entry, every = "waa-500-1-000-*", "waa-500-*"
    boots = "boots in a row took no job"
    late = [
        *("AllocationFailed", "ZonalAllocationFailed", "SkuNotAvailable"),
        *("QuotaExceeded", "OSProvisioningTimedOut", "InternalExecutionError"),
        *("OSProvisioningClientError", "Canceled", "SubnetIsFull", "SomethingNobodyHasSeen"),
    ]
    rows = [
        Row(
            f"machine: accepted, then {code}",
            ALL_FINE,
            fates=lambda code=code: (Fate(entry, fails_with=code, times=1),),  # type: ignore[misc]  # bound now
        )
        for code in late
    ]
    return [
        *rows,
        Row(
            "machine: accepted, then RequestDisallowedByPolicy",
            {**ALL_FINE, Phase.SUPERVISE: End(4, "launches are spent")},
            fates=lambda: (Fate(every, fails_with="RequestDisallowedByPolicy"),),
        ),
        Row(
            "machine: evicted in its job",
            {**ALL_FINE, Phase.SUPERVISE: End(1, "not every task is scored")},
            fates=lambda: (Fate(entry, evicted_after_s=100.0),),
            scene=_spot,
        ),
        Row(
            "machine: each evicted before its job",
            {**ALL_FINE, Phase.SUPERVISE: End(4, "launches are spent")},
            fates=lambda: (Fate(every, evicted_after_s=10.0),),
            scene=_spot,
            options=("--spot", "only"),
        ),
        *(
            Row(f"machine: {name}", ALL_FINE, fates=lambda fate=fate: (_whole(fate),))  # type: ignore[misc]  # bound now
            for name, fate in _STUBBORN.items()
        ),
        Row("machine: never boots", ALL_FINE, fates=lambda: (Fate(entry, never_boots=True),)),
        Row(
            "machine: none ever boots",
            {**ALL_FINE, Phase.SUPERVISE: End(4, boots)},
            fates=lambda: (Fate(every, never_boots=True),),
        ),
        Row("machine: a create that takes 5 min", ALL_FINE, fates=lambda: (Fate(create_s=300.0),)),
        Row("runner: never online", ALL_FINE, scene=_never_online(entry)),
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


_STUBBORN: Mapping[str, Mapping[str, object]] = {
    "a delete that is accepted and does not end, once": {"deletes_stuck": 1},
    "a delete that is accepted and does not end, twice": {"deletes_stuck": 2},
    "a delete that ends in failure, once": {"deletes_failing": 1},
    "a delete that ends in failure, three times": {"deletes_failing": 3},
    "a delete that ends with a lock": {"deletes_failing": 1, "delete_code": "ScopeLocked"},
    "a delete that ends with a refusal": {
        "deletes_failing": 1,
        "delete_code": "AuthorizationFailed",
    },
    "a delete that ends canceled": {"deletes_failing": 1, "delete_code": "Canceled"},
    "a NIC whose delete has no effect, and a failed create": {
        "fails_with": "AllocationFailed",
        "parts_stuck": 3,
    },
}


def _whole(fate: Mapping[str, object]) -> Fate:
    return Fate("waa-500-1-000-*", times=1, **fate)  # type: ignore[arg-type]  # a fate's own fields


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
