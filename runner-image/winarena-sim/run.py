# ruff: noqa: INP001 — a program started by path, as the original is
"""The client's place in the simulated container: `python run.py`, as the original is called."""

import sys

sys.path.insert(0, "/opt")

from standin.client import main

sys.exit(main(sys.argv[1:]))
