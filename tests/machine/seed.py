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

from tests.fakes.inside import JIT_FILE, SAS_FILE, files_of

if TYPE_CHECKING:
    from collections.abc import Mapping

WITNESS = Path(__file__).with_name("guest") / "witness.sh"
CA = "/etc/waa-matrix/store-ca.pem"


def make_seed(
    directory: Path, name: str, custom_data: str, store_ca: Path, facts: Mapping[str, str]
) -> Path:
    """Make the medium; ``facts`` are the image's."""
    lines = {"WAA_MATRIX_WORKER_STORE_CA": CA, **facts}
    files = {
        CA: store_ca.read_bytes(),
        "/etc/waa-matrix/image.env": "".join(
            f"{key}={value}\n" for key, value in lines.items()
        ).encode(),
        **_witness(custom_data),
    }
    parts = {
        "user-data": custom_data,
        "meta-data": json.dumps({"instance-id": name, "local-hostname": name}),
        "vendor-data": _vendor_data(files),
    }
    for part, text in parts.items():
        (directory / part).write_text(text)
    seed = directory / "seed.iso"
    named = [directory / part for part in ("vendor-data", "user-data", "meta-data")]
    command = ["cloud-localds", "--vendor-data", named[0], seed, *named[1:]]
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    return seed


def _witness(custom_data: str) -> dict[str, bytes]:
    told = files_of(custom_data)
    home = "/run/waa-witness"
    return {
        f"{home}/witness": WITNESS.read_bytes(),
        f"{home}/needles-jit": _needles(told[JIT_FILE]),
        f"{home}/needles-sas": _needles(told[SAS_FILE]),
    }


def _needles(secret: str) -> bytes:
    """A secret as it is and as custom data has it, each reversed."""
    coded = base64.b64encode(secret.encode()).decode()
    return f"{secret[::-1]}\n{coded[::-1]}\n".encode()


def _vendor_data(files: Mapping[str, bytes]) -> str:
    commands = [
        "install -d /run/waa-witness",
        "touch --date @$(awk '/^btime/ { print $2 }' /proc/stat) /run/waa-witness/began",
    ]
    for path, content in files.items():
        commands.append(f"echo {base64.b64encode(content).decode()} | base64 -d >{path}")
    unit = "systemd-run --quiet --no-block --unit waa-witness --property=DefaultDependencies=no"
    commands.append(f"{unit} bash /run/waa-witness/witness")
    document = {"bootcmd": [["sh", "-euc", "\n".join(commands)]]}
    return f"#cloud-config\n{json.dumps(document)}\n"
