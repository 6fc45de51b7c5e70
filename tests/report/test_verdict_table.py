"""The table of verdicts that ``scripts/bench`` prints keeps its bounds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bench_verdicts.py"


def test_a_true_gain_is_mostly_seen_and_none_is_seldom_invented() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--bounded"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    better = re.search(r"^ok   (\d+) >= 146 better, 8% against 20%$", done.stdout, re.MULTILINE)
    invented = re.search(
        r"^ok   (\d+) <= 10 of a difference, 10% against", done.stdout, re.MULTILINE
    )
    assert better is not None
    assert invented is not None
    assert int(better.group(1)) >= 146
    assert int(invented.group(1)) <= 10
