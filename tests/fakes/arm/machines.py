"""A machine's life in the fake: made with its parts, ready or failed, evicted, deleted."""

from __future__ import annotations

import base64
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.arm.admission import admit
from tests.fakes.arm.naming import check_names
from tests.fakes.arm.reply import Json, RefusalError, gone
from tests.fakes.arm.world import DISK, IP, MACHINE, NIC, Item, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.arm.catalogue import Catalogue
    from tests.fakes.arm.faults import Fate, Faults


@dataclass(frozen=True, slots=True)
class Booted:
    """A machine that came up, for whoever plays its inside."""

    name: str
    region: str
    size: str
    spot: bool
    tags: Mapping[str, str]
    custom_data: str = field(repr=False)


@dataclass(slots=True)
class Operation:
    """A long-running operation, as ``Azure-AsyncOperation`` reports it."""

    id: str
    region: str
    status: str = "InProgress"
    error: Json | None = None


class Machines:
    """The machines of a world.

    ``on_boot`` is called, under the fake's lock, with every machine that comes up; what it returns
    is called when the machine goes away. It must not call the fake itself.
    """

    def __init__(self, world: World, catalogue: Catalogue, faults: Faults) -> None:
        self._world = world
        self._catalogue = catalogue
        self._faults = faults
        self._halts: dict[str, Callable[[], None]] = {}
        self._numbers = itertools.count(1)
        self._fates: dict[str, Fate] = {}
        self.operations: dict[str, Operation] = {}
        self.on_boot: Callable[[Booted], Callable[[], None] | None] = lambda _machine: None
        self.create_s = 30.0
        self.delete_s = 20.0
        self.standard_security = True

    def create(self, name: str, body: Json, *, only_new: bool) -> tuple[Item, Operation | None]:
        """Accept a create, or answer that the machine is there already with this very body."""
        present = self._world.find(MACHINE, name)
        if present is not None:
            self._may_replace(present, body, only_new=only_new)
            return present, None
        check_names(name, body)
        admit(body, self._catalogue, self._world, standard_security=self.standard_security)
        fate = self._faults.fate(name)
        machine = Item(
            MACHINE,
            name,
            body["location"],
            dict(body.get("tags") or {}),
            self._world.clock.now(),
            "Creating",
            body["properties"],
            tuple(body.get("zones") or ()),
        )
        self._world.add(machine)
        self.make_network(name, body)
        self._fates[name] = fate
        operation = self._operation(machine)
        wait = self.create_s if fate.create_s is None else fate.create_s
        self._world.later(wait, lambda: self._finish_create(machine, operation, fate))
        return machine, operation

    def make_network(self, name: str, body: Json) -> None:
        """Make the NICs and IPs of a body, each with its own tags and its own fate."""
        owner = self._world.find(MACHINE, name)
        for wanted in body["properties"]["networkProfile"]["networkInterfaceConfigurations"]:
            nic = self._part(NIC, wanted, body["location"])
            nic.owner = owner.key if owner else None
            self._world.add(nic)
            for address in wanted["properties"]["ipConfigurations"]:
                public = address["properties"].get("publicIPAddressConfiguration")
                if public is not None:
                    ip = self._part(IP, public, body["location"])
                    ip.owner = nic.key
                    self._world.add(ip)

    def delete(self, name: str) -> Operation:
        """Accept a delete.

        Raises:
            RefusalError: There is no such machine.
        """
        machine = self._world.find(MACHINE, name)
        if machine is None:
            raise gone(f"{MACHINE}/{name}")
        operation = self._operation(machine)
        machine.state = "Deleting"
        fate = self._fates.get(name)
        if fate is not None and fate.deletes_stuck > 0:
            fate.deletes_stuck -= 1
        elif fate is not None and fate.deletes_failing > 0:
            fate.deletes_failing -= 1
            code = fate.delete_code
            self._world.later(self.delete_s, lambda: self._fail_delete(machine, operation, code))
        else:
            self._world.later(self.delete_s, lambda: self._finish_delete(machine, operation))
        return operation

    def delete_part(self, kind: str, name: str) -> None:
        """Delete a NIC, an IP or a disk that nothing holds, at once."""
        part = self._world.find(kind, name)
        if part is None:
            raise gone(f"{kind}/{name}")
        if part.owner is not None and part.owner in self._world.items:
            raise self._held(part, self._world.items[part.owner])
        fate = self._fates.get(part.tags.get("waa-machine", ""))
        if fate is not None and fate.parts_stuck > 0:
            fate.parts_stuck -= 1  # accepted, and there at the next look
            return
        self._world.remove(part)

    def evict(self, name: str) -> None:
        """Take a spot machine away, as its eviction policy says."""
        machine = self._world.find(MACHINE, name)
        if machine is None or machine.properties.get("priority") != "Spot":
            raise RefusalError(409, "OperationNotAllowed", "The VM is not a Spot VM.")
        self._halt(machine)
        self._world.remove(machine)

    def stop_inside(self, name: str) -> None:
        """Shut a machine down from inside: it stays, stopped, and is still billed."""
        machine = self._world.items[self._known(name).key]
        machine.properties["stopped"] = True
        self._halt(machine)

    def statuses(self, machine: Item) -> list[Json]:
        """The statuses of a machine's instance view."""
        if machine.state == "Failed":
            code, message = machine.properties["failed"]
            return [
                {
                    "code": f"ProvisioningState/failed/{code}",
                    "level": "Error",
                    "displayStatus": "Provisioning failed",
                    "message": message,
                }
            ]
        state = machine.state.lower()
        power = "stopped" if machine.properties.get("stopped") else "running"
        return [
            {"code": f"ProvisioningState/{state}", "level": "Info", "displayStatus": machine.state},
            {"code": f"PowerState/{power}", "level": "Info", "displayStatus": f"VM {power}"},
        ]

    def halt_all(self) -> None:
        """End whatever plays the inside of machines."""
        for halt in self._halts.values():
            halt()
        self._halts.clear()

    def _known(self, name: str) -> Item:
        machine = self._world.find(MACHINE, name)
        if machine is None:
            raise gone(f"{MACHINE}/{name}")
        return machine

    def _may_replace(self, present: Item, body: Json, *, only_new: bool) -> None:
        if only_new:
            text = "The condition 'If-None-Match' was not met: the resource exists."
            raise RefusalError(412, "PreconditionFailed", text)
        if present.properties != body["properties"]:
            text = "Changing property 'osProfile' is not allowed."
            raise RefusalError(409, "PropertyChangeNotAllowed", text)

    def _part(self, kind: str, wanted: Json, region: str) -> Item:
        dies = wanted["properties"].get("deleteOption") == "Delete"
        tags = dict(wanted.get("tags") or {})
        now = self._world.clock.now()
        return Item(kind, wanted["name"], region, tags, now, dies_with_owner=dies)

    def _finish_create(self, machine: Item, operation: Operation, fate: Fate) -> None:
        if machine.key not in self._world.items or machine.state != "Creating":
            operation.status = "Canceled"
            text = "The operation was preempted by a more recent one."
            operation.error = {"code": "OperationPreempted", "message": text}
            return
        if fate.fails_with is not None:
            machine.state = operation.status = "Failed"
            machine.properties["failed"] = (fate.fails_with, fate.fails_message)
            operation.error = {"code": fate.fails_with, "message": fate.fails_message}
            if fate.runs_on:
                self._make_disks(machine)
                self._boot(machine)
            return
        machine.state = operation.status = "Succeeded"
        self._make_disks(machine)
        if not fate.never_boots:
            self._boot(machine)
        if fate.evicted_after_s is not None and machine.properties.get("priority") == "Spot":
            self._world.later(fate.evicted_after_s, lambda: self._evict_if_there(machine))

    def _evict_if_there(self, machine: Item) -> None:
        if self._world.items.get(machine.key) is machine:
            self.evict(machine.name)

    def _make_disks(self, machine: Item) -> None:
        """Implicit disks take the machine's tags when they are made; an ephemeral one is none."""
        storage = machine.properties["storageProfile"]
        for wanted in [storage["osDisk"], *storage.get("dataDisks", [])]:
            if "diffDiskSettings" in wanted:
                continue
            tags, now = dict(machine.tags), self._world.clock.now()
            disk = Item(DISK, wanted["name"], machine.location, tags, now)
            disk.owner = machine.key
            disk.dies_with_owner = wanted.get("deleteOption") == "Delete"
            self._world.add(disk)

    def _boot(self, machine: Item) -> None:
        encoded = machine.properties["osProfile"].get("customData", "")
        halt = self.on_boot(
            Booted(
                machine.name,
                machine.location,
                machine.properties["hardwareProfile"]["vmSize"],
                machine.properties.get("priority") == "Spot",
                dict(machine.tags),
                base64.b64decode(encoded).decode(),
            )
        )
        if halt is not None:
            self._halts[machine.key] = halt

    def _halt(self, machine: Item) -> None:
        halt = self._halts.pop(machine.key, None)
        if halt is not None:
            halt()

    def _finish_delete(self, machine: Item, operation: Operation) -> None:
        self._halt(machine)
        operation.status = "Succeeded"
        if self._world.items.get(machine.key) is machine:
            self._world.remove(machine)

    def _fail_delete(self, machine: Item, operation: Operation, code: str) -> None:
        text = "The delete did not complete; the machine is marked for deletion."
        operation.status, operation.error = "Failed", {"code": code, "message": text}
        if self._world.items.get(machine.key) is machine:
            self._halt(machine)
            machine.state = "Failed"
            machine.properties["failed"] = (code, text)

    def _operation(self, machine: Item) -> Operation:
        operation = Operation(f"op-{next(self._numbers)}", machine.location)
        self.operations[operation.id] = operation
        return operation

    def _held(self, part: Item, owner: Item) -> RefusalError:
        if part.kind == DISK:
            text = f"Disk {part.name} is attached to VM {owner.id}."
            return RefusalError(409, "OperationNotAllowed", text)
        if part.kind == IP:
            text = f"Public IP address {part.id} can not be deleted since it is still allocated."
            return RefusalError(400, "PublicIPAddressCannotBeDeleted", text)
        if owner.state == "Failed":
            text = "Nic(s) in request is reserved for another Virtual Machine for 180 seconds."
            return RefusalError(400, "NicReservedForAnotherVm", text)
        text = f"Network Interface {part.id} is used by existing resource {owner.id}."
        return RefusalError(400, "NicInUse", text)
