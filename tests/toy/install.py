"""Installs the toy as a package's wheel would be: its module, and metadata with an entry point."""

from __future__ import annotations

import shutil
from pathlib import Path

from orchestrator.compute.registry import GROUP

HERE = Path(__file__).parent


def install(site: Path) -> None:
    """Install the toy's package into a directory that Python looks in."""
    metadata = site / "waa_toy-1.0.dist-info"
    metadata.mkdir(parents=True)
    shutil.copy(HERE / "waa_toy_engine.py", site)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: waa-toy\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\ntoy = waa_toy_engine:KIT\n")
