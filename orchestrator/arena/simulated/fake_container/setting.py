"""How the stand-in is told what the real thing needs not be told: speed, seed, faults, addresses.

``WAA_STANDIN`` in the environment holds a JSON object; every key is optional::

    {"speed": 1, "seed": 0, "faults": "<script>", "worker": "w0", "boot": 1,
     "http": "0.0.0.0:5000", "qmp": "127.0.0.1:7200", "announce": "/path/to/ports.json",
     "lifeline": false}

Port 0 asks for a free one; ``announce`` names the file that then receives both addresses.
``attempt.json`` in the client's working directory tells it which attempt it is::

    {"attempt": 1, "launched": 12.5}

``launched`` is a reading of the machine's monotonic clock from which the task's time is counted.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from .script import Script, parse_script

VARIABLE = "WAA_STANDIN"
ATTEMPT_FILE = "attempt.json"


class EpisodeSetting(NamedTuple):
    """What the two programs were told. Addresses are ``host:port``."""

    speed: float
    seed: int
    script: Script
    worker: str
    boot: int
    http: str
    qmp: str
    announce: str
    lifeline: bool


class AttemptStart(NamedTuple):
    """Which attempt this is, and when it began on the monotonic clock."""

    number: int
    launched: float


def read_setting() -> EpisodeSetting:
    """Return what ``WAA_STANDIN`` says.

    Raises:
        ValueError: When it is not readable; the message says why.
    """
    given = json.loads(os.environ.get(VARIABLE) or "{}")
    script = parse_script(given.get("faults", ""))
    return EpisodeSetting(
        speed=float(given.get("speed", 1.0)) * script.speed,
        seed=int(given.get("seed", 0)),
        script=script,
        worker=str(given.get("worker", "")),
        boot=int(given.get("boot", 1)),
        http=str(given.get("http", "0.0.0.0:5000")),
        qmp=str(given.get("qmp", "127.0.0.1:7200")),
        announce=str(given.get("announce", "")),
        lifeline=bool(given.get("lifeline", False)),
    )


def read_attempt() -> AttemptStart:
    """Return what ``attempt.json`` in the working directory says, or a first attempt from now."""
    try:
        given: dict[str, Any] = json.loads(Path(ATTEMPT_FILE).read_text())
    except FileNotFoundError:
        given = {}
    return AttemptStart(
        int(given.get("attempt", 1)), float(given.get("launched", time.monotonic()))
    )


def address(text: str) -> tuple[str, int]:
    """Split ``host:port``."""
    host, _, port = text.rpartition(":")
    return host, int(port)
