"""What the fleet options open: rates, markets, capacity, and what launches machines."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.errors import BadInputError, MatrixError, Problem, bad_input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.cli.options.compute import Clients
    from orchestrator.cli.options.fleet import FleetOptions
    from orchestrator.clock import Clock
    from orchestrator.compute.image import MachineImage
    from orchestrator.compute.offers import RegionOffers
    from orchestrator.fleet.capacity import CapacityPool, MachineRequirements
    from orchestrator.fleet.cost import Spending
    from orchestrator.fleet.event_log import EventLog
    from orchestrator.fleet.launch import Launcher
    from orchestrator.ledger.lives import Billed
    from orchestrator.ledger.reader import LedgerReader
    from orchestrator.planning.costs import Rates
    from orchestrator.planning.plan import Plan
    from orchestrator.store import Store


def known_rates(settings: FleetOptions, say: Callable[[str], None]) -> dict[tuple[str, str], Rates]:
    """Return the rates of every wished size in every region; what has none is said."""
    from orchestrator.cli.inputs.price_source import price_source
    from orchestrator.planning.prices import rates_for

    source = price_source(online=not settings.options["offline"])
    result: dict[tuple[str, str], Rates] = {}
    for region in settings.wish.regions:
        for size in (*settings.wish.sizes, *settings.drain_wish.sizes):
            try:
                result[(size, region)] = rates_for(size, region, source)
            except MatrixError as error:
                if size in settings.wish.sizes:
                    say(str(error))
    return result


def with_image(settings: FleetOptions, clients: Clients, plan: Plan | None = None) -> FleetOptions:
    """Return the options with their wishes bound to the machine image, which is read once.

    ``plan``: what its arena needs of the image is checked too.

    Raises:
        BadInputError: It does not exist, or cannot be what the options make of it; all at once.
        CloudError: It could not be read.
    """
    image = clients.cloud.image(settings.options["machine_image"])
    if image is None:
        fix = "Correct it, or build one: see runner-image/README.md."
        raise bad_input("--machine-image", "does not exist, or has no version", fix)
    if wrong := image_problems(settings, image, plan):
        raise BadInputError(wrong)
    wish = replace(settings.wish, image=image)
    drains = replace(settings.drain_wish, image=image)
    return replace(settings, wish=wish, drain_wish=drains)


def image_problems(settings: FleetOptions, image: MachineImage, plan: Plan | None) -> list[Problem]:
    """Return what the options ask of an image that it does not have."""
    given, result = settings.options, []
    if image.os_disk_gb is not None and given["os_disk_gb"] < image.os_disk_gb:
        what = f"is {given['os_disk_gb']} GB, and the machine image's own disk {image.os_disk_gb}"
        result.append(Problem("--os-disk", what, "Give that or more."))
    needs_windows = plan is not None and plan.arena.kind == "winarena" and given["golden_disk"]
    if needs_windows and not image.disks:
        what = "holds no golden Windows image (no data disk)"
        fix = "Build it with one (runner-image/README.md), or give --no-golden-disk."
        result.append(Problem("--machine-image", what, fix))
    if image.takes_kvm_away:
        what = f"is of a definition that asks for {image.takes_kvm_away}, which takes KVM away"
        fix = "Use a definition with SecurityType=Standard, as scripts/azure-setup makes it."
        result.append(Problem("--machine-image", what, fix))
    return result


def markets(clients: Clients, wish: MachineRequirements) -> dict[str, RegionOffers]:
    """Return what each wished region offers and allows.

    Raises:
        CloudError: A region could not be asked.
    """
    return {region: clients.cloud.offers(region) for region in wish.regions}


def supply_of(
    wish: MachineRequirements, result: Mapping[str, RegionOffers], clock: Clock
) -> CapacityPool:
    """Return what can be had of a wish."""
    from orchestrator.fleet.capacity import CapacityPool

    return CapacityPool(wish, result, clock)


def actor_name(command: str, session: str) -> str:
    """Return a name for a process's events that no other process of the session has."""
    return f"{command}-{session}-{secrets.token_hex(3)}"


def spending_of(settings: FleetOptions, rates: Mapping[tuple[str, str], Rates]) -> Spending:
    """Return the bills of machines as these options make them: none yet."""
    from orchestrator.fleet.cost import Spending

    given = settings.options
    # A machine without an arena has the image's disks too: Azure makes none without them.
    disks = int(given["managed_os_disk"]) + int(given["golden_disk"])
    return Spending(rates, disks, disks, int(given["public_ip"]))


def billed_so_far(reader: LedgerReader, now: float, say: Callable[[str], None]) -> Billed:
    """Return what a run's events tell of its machines' bills until ``now`` (Unix seconds).

    What cannot be counted is said.

    Raises:
        StoreError: The events could not be read.
    """
    from orchestrator.ledger.events import read_events
    from orchestrator.ledger.lives import billed

    events, damage = read_events(reader.events())
    bill = billed(events, now)
    if damage:
        say(f"{len(damage)} events cannot be read: what they tell is not in the cost so far")
    if bill.unpriced:
        say(f"{bill.unpriced} machines have no known price and are not in the cost so far")
    return bill


def spent_before(
    store: Store, limit: float | None, now: float, say: Callable[[str], None]
) -> float:
    """Return US dollars that earlier starts of a run spent of its ceiling; 0 without one.

    Raises:
        StoreError: The events could not be read.
    """
    from orchestrator.ledger.reader import LedgerReader
    from orchestrator.planning.costs import spent

    if limit is None:
        return 0.0
    bill = billed_so_far(LedgerReader(store), now, say)
    usd = spent(bill.bills, now)
    if usd:
        say(
            f"{usd:.2f} of {limit:.2f} USD are spent, on {len(bill.bills)} machines of "
            f"earlier starts: {max(0.0, limit - usd):.2f} are left"
        )
    if bill.unended:
        say(f"{bill.unended} of them were not seen to go, and are billed until they expired")
    return usd


def launcher_of(
    settings: FleetOptions,
    clients: Clients,
    plan: Plan,
    journal: EventLog,
    rates: Mapping[tuple[str, str], Rates],
) -> Launcher:
    """Return what launches this attempt's machines; ``settings`` come from ``with_image``.

    Without an image nothing can be launched: a create has to name each of its disks.
    """
    from orchestrator.compute.image import MachineImage
    from orchestrator.fleet.bootstrap import FirstBoots
    from orchestrator.fleet.launch import Build, Launcher
    from orchestrator.fleet.run_state import is_closing

    given = settings.options
    image = settings.wish.image or MachineImage(given["machine_image"])
    store = settings.store.opened(clients)
    build = Build(
        image=image,
        ttl_s=settings.ttl_s,
        facts=_facts(settings, plan, settings.store.url),
        os_disk_gb=given["os_disk_gb"],
        local_os_disk=not given["managed_os_disk"],
        disk=clients.cloud.disk_label(image),
        public_ip=given["public_ip"],
    )
    bootstraps = FirstBoots(
        settings.template,
        clients.github.runners,
        journal,
        settings.attempt.fleet.label,
        given["runner_group"],
    )
    return Launcher(
        attempt=settings.attempt,
        build=build,
        bootstraps=bootstraps,
        cloud=clients.cloud,
        journal=journal,
        clock=clients.clock,
        closing=lambda: is_closing(store, settings.attempt.session),
        store_key=settings.store.machine_key(clients),
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
