"""What the fleet options open: rates, markets, supply, and what launches machines."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import TYPE_CHECKING

from orchestrator.cli.options import cache_directory
from orchestrator.errors import MatrixError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.cli.cloud import Sides
    from orchestrator.cli.fleet_options import FleetOptions
    from orchestrator.clock import Clock
    from orchestrator.cloud.port import Market
    from orchestrator.costs import Rates
    from orchestrator.fleet.journal import Journal
    from orchestrator.fleet.launch import Launcher
    from orchestrator.fleet.spending import Spending
    from orchestrator.fleet.supply import Supply, Wish
    from orchestrator.ledger.lives import Billed
    from orchestrator.plan import Plan
    from orchestrator.reader import LedgerReader
    from orchestrator.store import Store


def known_rates(settings: FleetOptions, say: Callable[[str], None]) -> dict[tuple[str, str], Rates]:
    """Return the rates of every wished size in every region; what has none is said."""
    from orchestrator.prices import PriceSource, rates_for

    source = PriceSource(
        today=dt.datetime.now(dt.UTC).date(),
        cache=cache_directory() / "prices",
        online=not settings.options["offline"],
    )
    found: dict[tuple[str, str], Rates] = {}
    for region in settings.wish.regions:
        for size in (*settings.wish.sizes, *settings.drain_wish.sizes):
            try:
                found[(size, region)] = rates_for(size, region, source)
            except MatrixError as error:
                if size in settings.wish.sizes:
                    say(str(error))
    return found


def markets(sides: Sides, wish: Wish) -> dict[str, Market]:
    """Return what each wished region offers and allows.

    Raises:
        CloudError: A region could not be asked.
    """
    return {region: sides.cloud.market(region) for region in wish.regions}


def supply_of(wish: Wish, found: Mapping[str, Market], clock: Clock) -> Supply:
    """Return what can be had of a wish."""
    from orchestrator.fleet.supply import Supply

    return Supply(wish, found, clock)


def actor_name(command: str, session: str) -> str:
    """Return a name for a process's events that no other process of the session has."""
    return f"{command}-{session}-{secrets.token_hex(3)}"


def spending_of(settings: FleetOptions, rates: Mapping[tuple[str, str], Rates]) -> Spending:
    """Return the bills of machines as these options make them: none yet."""
    from orchestrator.fleet.spending import Spending

    given = settings.options
    os_disks = int(given["managed_os_disk"])
    disks = os_disks + int(given["golden_disk"])
    return Spending(rates, disks, os_disks, int(given["public_ip"]))


def billed_so_far(reader: LedgerReader, now: float, say: Callable[[str], None]) -> Billed:
    """Return what a run's events tell of its machines' bills until ``now`` (Unix seconds).

    What cannot be counted is said.

    Raises:
        StoreError: The events could not be read.
    """
    from orchestrator.ledger.events import read_events
    from orchestrator.ledger.lives import billed

    events, damage = read_events(reader.events())
    found = billed(events, now)
    if damage:
        say(f"{len(damage)} events cannot be read: what they tell is not in the cost so far")
    if found.unpriced:
        say(f"{found.unpriced} machines have no known price and are not in the cost so far")
    return found


def spent_before(
    store: Store, limit: float | None, now: float, say: Callable[[str], None]
) -> float:
    """Return US dollars that earlier starts of a run spent of its ceiling; 0 without one.

    Raises:
        StoreError: The events could not be read.
    """
    from orchestrator.costs import spent
    from orchestrator.reader import LedgerReader

    if limit is None:
        return 0.0
    found = billed_so_far(LedgerReader(store), now, say)
    usd = spent(found.bills, now)
    if usd:
        say(
            f"{usd:.2f} of {limit:.2f} USD are spent, on {len(found.bills)} machines of "
            f"earlier starts: {max(0.0, limit - usd):.2f} are left"
        )
    if found.unended:
        say(f"{found.unended} of them were not seen to go, and are billed until they expired")
    return usd


def launcher_of(
    settings: FleetOptions,
    sides: Sides,
    plan: Plan,
    journal: Journal,
    rates: Mapping[tuple[str, str], Rates],
) -> Launcher:
    """Return what launches this attempt's machines."""
    from orchestrator.cloud.port import DataDisk
    from orchestrator.fleet.launch import Build, Launcher
    from orchestrator.fleet.orders import is_closing

    given = settings.options
    store = settings.store.opened(sides)
    build = Build(
        image=given["machine_image"],
        ttl_s=settings.ttl_s,
        facts=_facts(settings, plan, settings.store.url),
        os_disk_gb=None if given["managed_os_disk"] else given["os_disk_gb"],
        data_disks=(DataDisk(0),) if given["golden_disk"] else (),
        public_ip=given["public_ip"],
        runner_group=given["runner_group"],
    )
    return Launcher(
        attempt=settings.attempt,
        build=build,
        template=settings.template,
        cloud=sides.cloud,
        runners=sides.github.runners,
        journal=journal,
        clock=sides.clock,
        closing=lambda: is_closing(store, settings.attempt.session),
        store_key=settings.store.machine_key(sides),
        token=lambda: secrets.token_hex(2),
        usd_hour=spending_of(settings, rates).price,
    )


def _facts(settings: FleetOptions, plan: Plan, store_url: str) -> dict[str, str]:
    """Return what every machine of the run is told beside its own facts."""
    arena = plan.arena
    return {
        "WAA_MATRIX_WORKER_STORE": store_url,
        "WAA_MATRIX_WORKER_RUN_NAME": settings.attempt.run,
        "WAA_ARENA_KIND": arena.kind,
        "WAA_ARENA_IMAGE": arena.image,
        "WAA_GUEST_CORES": str(arena.guest_cores),
        "WAA_GUEST_RAM_GB": str(arena.guest_ram_gb),
        "WAA_SHM_GB": str(arena.shm_gb),
    }
