"""The container's entry program: boots the guest, waits for it, runs the client or stays alive.

Three habits of the original that a caller must live with: an unknown flag loops for ever, the wait
for Windows has no deadline, and the exit status is always 127.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .guest import VirtualMachine, take_address
from .pace import ScaledClock
from .setting import VARIABLE, EpisodeSetting, address, read_setting

EXIT_STATUS = 127
GUEST_ADDRESS = "20.20.20.21"
_POLL_S = 5.0
_DEFAULTS = {
    "--prepare-image": "false",
    "--start-client": "true",
    "--agent": "navi",
    "--model": "gpt-4-vision-preview",
    "--som-origin": "oss",
    "--a11y-backend": "uia",
    "--clean-results": "true",
    "--worker-id": "0",
    "--num-workers": "1",
    "--result-dir": "./results",
    "--json-name": "evaluation_examples_windows/test_all.json",
}
_CLIENT_FLAGS = {
    "--agent_name": "--agent",
    "--model": "--model",
    "--som_origin": "--som-origin",
    "--a11y_backend": "--a11y-backend",
    "--worker_id": "--worker-id",
    "--num_workers": "--num-workers",
    "--result_dir": "--result-dir",
    "--test_all_meta_path": "--json-name",
}


def main(argv: list[str]) -> int:
    """Do what entry.sh does with these flags; always returns 127, if it returns."""
    setting = read_setting()
    pace = ScaledClock(setting.speed, time.monotonic(), lifeline=setting.lifeline)
    flags = _flags(argv)
    if flags is None:
        pace.forever()
        return EXIT_STATUS
    _say("Starting WinArena...")
    if flags["--prepare-image"] == "true":
        _say("Preparing image...")
        return EXIT_STATUS
    _boot(setting, pace)
    _say("Skipping image preparation...")
    if flags["--start-client"] == "true":
        _say("Starting client...")
        _client(flags)
        return EXIT_STATUS
    _say("Keeping container alive")
    pace.forever()
    return EXIT_STATUS


def _flags(argv: list[str]) -> dict[str, str] | None:
    """Return every flag's value, or None where the original would loop for ever."""
    flags = dict(_DEFAULTS)
    rest = list(argv)
    while rest:
        flag = rest.pop(0)
        if flag not in flags or not rest:
            return None
        flags[flag] = rest.pop(0)
    return flags


def _boot(setting: EpisodeSetting, pace: ScaledClock) -> None:
    _say("Starting VM...")
    _say("Starting WinArena VM...")
    if setting.http.startswith("0.0.0.0:"):
        take_address(GUEST_ADDRESS)
    guest = VirtualMachine(address(setting.http), address(setting.qmp))
    guest.power_on()
    _announce(setting, guest)
    ready_at = pace.now() + setting.script.boot_s
    never = setting.script.never_ready(setting.worker, setting.boot)
    while never or pace.now() < ready_at:
        _say("Waiting for a response from the windows server. This might take a while...")
        pace.sleep(_POLL_S if never else min(_POLL_S, ready_at - pace.now()))
    guest.boot()
    _say("VM is up and running, and the Windows Arena Server is ready to use!")
    _say("VM started, server ready")


def _announce(setting: EpisodeSetting, guest: VirtualMachine) -> None:
    if not setting.announce:
        return
    http, qmp = guest.addresses
    path = Path(setting.announce)
    draft = path.with_name(path.name + ".part")
    draft.write_text(json.dumps({"http": http, "qmp": qmp}))
    draft.replace(path)


def _client(flags: dict[str, str]) -> None:
    if flags["--clean-results"] == "true":
        shutil.rmtree(flags["--result-dir"], ignore_errors=True)
    program = [sys.executable, "-S", "-I", str(Path(__file__).with_name("__main__.py")), "client"]
    values = [part for flag, own in _CLIENT_FLAGS.items() for part in (flag, flags[own])]
    environment = {VARIABLE: os.environ.get(VARIABLE, "")}
    subprocess.run([*program, *values], env=environment, check=False)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
