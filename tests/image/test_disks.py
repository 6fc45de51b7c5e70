"""Which disk a build formats, and whether the image's kernels have what Windows needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.image.machine import IMAGE

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.image.machine import Sandbox

PROVISION = IMAGE / "provision"
GIB = 1 << 30


class Devices:
    """A machine's /dev and /sys, and what ``lsblk`` and ``blockdev`` say of a device."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.dev, self.sys = sandbox.root / "dev", sandbox.root / "sys"
        self.dev.mkdir()
        sandbox.variables |= {"WAA_DEV": str(self.dev), "WAA_SYS": str(self.sys)}
        sandbox.stub("udevadm", "true")
        self.says("disk", 128 * GIB)

    def says(self, uses: str, size: int) -> None:
        self.sandbox.stub("lsblk", f"printf '%b\\n' '{uses}'")
        self.sandbox.stub("blockdev", f"echo {size}")

    def device(self, name: str, *links: str) -> Path:
        made = self.dev / name
        made.touch()
        for link in links:
            path = self.dev / "disk/azure" / link
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(made)
        return made

    def namespace(self, controller: int, number: int, nsid: int, model: str) -> Path:
        home = self.sys / f"class/nvme/nvme{controller}"
        node = home / f"nvme{controller}n{number}"
        node.mkdir(parents=True)
        (home / "model").write_text(f"{model}   \n")
        (node / "nsid").write_text(f"{nsid}\n")
        return self.device(node.name)

    def find(self, lun: int = 0) -> subprocess.CompletedProcess[str]:
        return self.sandbox.run(str(PROVISION / "data-disk"), str(lun), "128")


@pytest.fixture
def devices(sandbox: Sandbox) -> Devices:
    return Devices(sandbox)


@pytest.mark.parametrize(
    "links",
    [
        ("data/by-lun/0",),
        ("scsi1/lun0",),
        ("data/by-lun/0", "scsi1/lun0"),
    ],
)
def test_a_data_disk_is_found_by_its_lun(devices: Devices, links: tuple[str, ...]) -> None:
    devices.device("sda", "os", "scsi0/lun0")
    devices.device("sdb", "data/by-lun/1", "scsi1/lun1")
    wanted = devices.device("sdc", *links)
    done = devices.find()
    assert (done.returncode, done.stdout) == (0, f"{wanted}\n"), done.stderr


def test_without_rules_an_nvme_disk_is_found_by_its_namespace(devices: Devices) -> None:
    devices.namespace(0, 1, 1, "MSFT NVMe Accelerator v1.0")  # the system's disk
    wanted = devices.namespace(0, 3, 2, "MSFT NVMe Accelerator v1.0")
    devices.namespace(1, 1, 2, "Microsoft NVMe Direct Disk v2")  # local: gone with the machine
    done = devices.find()
    assert (done.returncode, done.stdout) == (0, f"{wanted}\n"), done.stderr


def test_no_disk_is_taken_by_guess(devices: Devices) -> None:
    devices.device("sda", "os")
    devices.device("sdb")
    devices.namespace(1, 1, 2, "Microsoft NVMe Direct Disk v2")
    done = devices.find()
    assert done.returncode != 0
    assert "no device is named for it" in done.stderr
    assert done.stdout == ""


def test_names_that_disagree_are_refused(devices: Devices) -> None:
    devices.device("sdc", "data/by-lun/0")
    devices.device("sdd", "scsi1/lun0")
    done = devices.find()
    assert done.returncode != 0
    assert "different devices" in done.stderr


@pytest.mark.parametrize(
    ("uses", "size", "why"),
    [
        ("disk /srv/waa/disk", 128 * GIB, "not an unused whole disk"),
        ("disk\\npart /", 128 * GIB, "not an unused whole disk"),
        ("part", 128 * GIB, "not an unused whole disk"),
        ("disk", 64 * GIB, "not of 128 GiB"),
        ("disk", 150 * GIB, "not of 128 GiB"),
    ],
)
def test_a_disk_that_is_not_what_was_asked_for_is_not_formatted(
    devices: Devices, uses: str, size: int, why: str
) -> None:
    devices.device("sdc", "data/by-lun/0")
    devices.says(uses, size)
    done = devices.find()
    assert done.returncode != 0
    assert why in done.stderr
    assert done.stdout == ""


@pytest.fixture
def kernels(sandbox: Sandbox) -> Path:
    """Two kernels and the headers of a third; ``modprobe`` knows what is listed beside each."""
    modules = sandbox.root / "modules"
    for version in ("6.8.0-1", "6.8.0-2"):
        (modules / version).mkdir(parents=True)
        (modules / version / "modules.dep").touch()
    (modules / "6.8.0-3").mkdir()
    sandbox.variables["WAA_MODULES"] = str(modules)
    # modprobe --dry-run --quiet --set-version VERSION NAME
    sandbox.stub("modprobe", '! grep -qsxF "$5" "$WAA_MODULES/$4/lacking"')
    return modules


def test_an_image_whose_kernels_have_everything_is_built(sandbox: Sandbox, kernels: Path) -> None:
    assert kernels.is_dir()
    done = sandbox.run(str(PROVISION / "kernel-modules"), "tun", "vhost_net")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["vhost_net", "iptable_nat", "tun", "kvm_amd", "ipt_REJECT"])
def test_a_kernel_without_a_module_fails_the_build_with_its_name(
    sandbox: Sandbox, kernels: Path, module: str
) -> None:
    (kernels / "6.8.0-2" / "lacking").write_text(f"{module}\n")
    done = sandbox.run(str(PROVISION / "kernel-modules"), "tun", "vhost_net", "iptable_nat")
    assert done.returncode != 0
    assert f"{module} (kernel 6.8.0-2)" in done.stderr
    assert "6.8.0-1" not in done.stderr
    assert "linux-modules-extra" in done.stderr


def test_an_image_without_a_kernel_cannot_be_checked(sandbox: Sandbox) -> None:
    done = sandbox.run(str(PROVISION / "kernel-modules"), "tun", WAA_MODULES=str(sandbox.root))
    assert done.returncode != 0
    assert "no kernel" in done.stderr
