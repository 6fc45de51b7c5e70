"""What a machine in QEMU is told: the custom data as it is, and beside it what only tests need.

The second part is the medium's vendor data. It makes ``/etc/waa-matrix/image.env``, which an image
for another cloud would have, and starts the witness (guest/witness.sh).
"""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.machine.conftest import Told

GUEST = Path(__file__).with_name("guest")
WITNESS = GUEST / "witness.sh"
HOME = "/run/waa-witness"
CA = "/etc/waa-matrix/store-ca.pem"


def make_seed(
    directory: Path,
    story: Told,
    store_ca: Path,
    facts: Mapping[str, str],
    *,
    witness: bool = True,
) -> Path:
    """Make the medium; ``facts`` are the image's."""
    # Asking each 2 s whether it is evicted takes most of an emulated core.
    lines = {"WAA_MATRIX_WORKER_STORE_CA": CA, "WAA_SPOT_POLL_S": "10", **facts}
    files = {
        CA: store_ca.read_bytes(),
        "/etc/waa-matrix/image.env": "".join(
            f"{key}={value}\n" for key, value in lines.items()
        ).encode(),
        **(_witness(story) if witness else {}),
    }
    parts = {
        "user-data": story.custom_data,
        "meta-data": json.dumps({"instance-id": story.name, "local-hostname": story.name}),
        "vendor-data": _vendor_data(files),
    }
    for part, text in parts.items():
        (directory / part).write_text(text)
    seed = directory / "seed.iso"
    named = [directory / part for part in ("vendor-data", "user-data", "meta-data")]
    command = ["cloud-localds", "--vendor-data", named[0], seed, *named[1:]]
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    return seed


def _witness(story: Told) -> dict[str, bytes]:
    return {
        f"{HOME}/witness": WITNESS.read_bytes(),
        f"{HOME}/containers.sh": (GUEST / "containers.sh").read_bytes(),
        f"{HOME}/azure_addresses.py": (GUEST / "azure_addresses.py").read_bytes(),
        f"{HOME}/needles-jit": _needles(story.jit_config),
        f"{HOME}/needles-sas": _needles(story.sas),
    }


def _needles(secret: str) -> bytes:
    """A secret as it is and as custom data has it, each reversed."""
    coded = base64.b64encode(secret.encode()).decode()
    return f"{secret[::-1]}\n{coded[::-1]}\n".encode()


def _vendor_data(files: Mapping[str, bytes]) -> str:
    commands = [
        f"install -d {HOME}",
        f"touch --date @$(awk '/^btime/ {{ print $2 }}' /proc/stat) {HOME}/began",
    ]
    commands += [
        f"echo {base64.b64encode(content).decode()} | base64 -d >{path}"
        for path, content in files.items()
    ]
    if f"{HOME}/witness" in files:
        start = "systemd-run --quiet --no-block --unit waa-witness"
        commands.append(f"{start} --property=DefaultDependencies=no bash {HOME}/witness")
    document = {"bootcmd": [["sh", "-euc", "\n".join(commands)]]}
    return f"#cloud-config\n{json.dumps(document)}\n"
