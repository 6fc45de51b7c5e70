"""Starts one of the two programs: ``entry`` (the container's) or ``client`` (run.py)."""

from __future__ import annotations

import sys
from pathlib import Path


def _program(name: str) -> int:
    # Started by path and isolated (-I), nothing has put this package on the module path.
    home = Path(__file__).resolve().parent
    if not __package__:
        sys.path.insert(0, str(home.parent))
    package = __package__ or home.name
    main = __import__(f"{package}.{name}", fromlist=["main"]).main
    return int(main(sys.argv[2:]))


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("entry", "client"):
        sys.stderr.write("usage: standin entry|client [flags as entry.sh or run.py takes them]\n")
        raise SystemExit(2)
    raise SystemExit(_program(sys.argv[1]))
