"""A machine in QEMU, in software: its console and its journal are files that grow."""

from __future__ import annotations

import re
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.machine.disks import Disks

_CPU = "Nehalem-v1"
"""What the wheels need (x86-64-v2) and no more: without SVM there is no /dev/kvm, and what newer
models have is what emulation gets wrong."""

PATIENCE_S = 900.0
"""Emulation is slow, and other tests take the processor meanwhile."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A running machine. ``console`` is what it says itself, ``journal`` what its units do."""

    process: subprocess.Popen[bytes]
    directory: Path

    @property
    def console(self) -> str:
        return self._text("console")

    @property
    def journal(self) -> str:
        return self._text("journal")

    def says(self, pattern: str, where: str = "console") -> re.Match[str]:
        """Wait for a line that holds ``pattern``; an ended machine is looked at once more."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            ended = self.process.poll() is not None
            match = re.search(pattern, self._text(where))
            if match is not None:
                return match
            assert not ended, f"the machine ended without {pattern!r}: {self._last()}"
            time.sleep(0.1)
        raise AssertionError(f"never said {pattern!r}: {self._last()}")

    def powers_off(self) -> None:
        """Wait until it has switched itself off, as only a guest that ends in order does."""
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not power off: {self._last()}") from None
        assert status == 0
        assert re.search(r"reboot: Power down", self.console), self._last()

    def _text(self, name: str) -> str:
        return (self.directory / name).read_text(errors="replace").replace("\r", "")

    def _last(self) -> str:
        return "\n".join(("", self.console[-3000:], "journal:", self.journal[-3000:]))


@contextmanager
def booted(disks: Disks, seed: Path, directory: Path, *, cores: int = 1) -> Iterator[Machine]:
    """Boot with what ``seed`` tells it; what it writes to its disks is thrown away."""
    for name in ("console", "journal"):
        (directory / name).touch()
    with (directory / "qemu.log").open("wb") as log:
        process = subprocess.Popen(_command(disks, seed, directory, cores), stdout=log, stderr=log)
    try:
        yield Machine(process, directory)
    finally:
        process.kill()
        process.wait()


def _command(disks: Disks, seed: Path, directory: Path, cores: int) -> list[str]:
    line = "root=/dev/vda rw console=ttyS0 no_timer_check mitigations=off tsc=reliable apparmor=0"
    line += " systemd.show_status=1 loglevel=5"
    return [
        *("qemu-system-x86_64", "-nodefaults", "-no-reboot", "-display", "none"),
        *("-accel", "tcg,thread=multi", "-cpu", _CPU, "-smp", str(cores), "-m", "1536"),
        *("-kernel", str(disks.kernel), "-initrd", str(disks.initrd), "-append", line),
        *("-serial", f"file:{directory / 'console'}", "-serial", f"file:{directory / 'journal'}"),
        *("-drive", f"file={disks.root},format=raw,if=virtio,snapshot=on"),
        *("-drive", f"file={disks.golden},format=raw,if=virtio,snapshot=on"),
        # As Azure does: custom data comes on a medium that can be ejected.
        *("-drive", f"file={seed},format=raw,if=none,id=seed,media=cdrom,readonly=on"),
        *("-device", "virtio-scsi-pci", "-device", "scsi-cd,drive=seed"),
        *("-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="),
        *("-device", "virtio-rng-pci"),
    ]
