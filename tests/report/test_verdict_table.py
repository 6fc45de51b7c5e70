"""The table of verdicts that ``scripts/bench`` prints keeps its bounds, and README quotes it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "bench_verdicts.py"
BETTER = re.compile(r"^ok   ([\d.]+%) >= 80.0% better, 8% against 20%$", re.MULTILINE)
EITHER = re.compile(r"^ok   ([\d.]+%) <= 5.0% either way, 10% against 10%$", re.MULTILINE)


def test_a_true_gain_is_mostly_seen_and_none_is_seldom_invented() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    better = re.search(
        r"^ok   ([\d.]+%) >= 80.0% better, 8% against 20%$", done.stdout, re.MULTILINE
    )
    either = re.search(
        r"^ok   ([\d.]+%) <= 5.0% either way, 10% against 10%$", done.stdout, re.MULTILINE
    )
    assert better is not None
    assert either is not None
    assert "ok   40 of 40 drawn outcomes are so called" in done.stdout
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"is called better in {better.group(1)} of pairs" in readme
    assert f"a difference is called in {either.group(1)}" in readme
