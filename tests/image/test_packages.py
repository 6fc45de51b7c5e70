from __future__ import annotations

from typing import TYPE_CHECKING

from tests.image.machine import IMAGE

if TYPE_CHECKING:
    from tests.image.machine import Sandbox


def test_nothing_upgrades_a_machine_by_itself(sandbox: Sandbox) -> None:
    """Packages are in the image: at boot, apt's lock and an upgrade would be in a job's way."""
    sandbox.stub("systemctl", 'echo "$@" >>$WAA_ROOT/systemctl')
    done = sandbox.run(str(IMAGE / "provision" / "10-packages.sh"), WAA_SKIP_PACKAGES="1")
    assert done.returncode == 0, done.stderr
    verb, *units = (sandbox.root / "systemctl").read_text().split()
    assert verb == "mask"
    assert {"apt-daily.timer", "apt-daily-upgrade.timer", "unattended-upgrades.service"} <= {*units}
