"""10,000 tasks of three attempts, in a process of their own so that its peak is theirs."""

from __future__ import annotations

import json
import subprocess
import sys

SCRIPT = r"""
import json, re
from orchestrator.ledger.causes import Cause
from orchestrator.ledger import paths
from orchestrator.ledger.fold import Stored, fold, read_objects
from orchestrator.ledger.records import Claim, to_json
from orchestrator.report import (
    html_pieces, render_junit, render_markdown, summarize)
from orchestrator.report.formats.document import document_pieces
from tests.report.fake_run import START, FakeRun, facts, outcome, plan_of, suite_named

run = FakeRun(plan_of(suite_named(10_000)))
run.start()

def objects():
    for unit in run.plan.units:
        for attempt in (1, 2, 3):
            failed = attempt < 3
            one = outcome(unit, None if failed else 1.0, Cause.ARENA if failed else None,
                          worker=f"w{attempt}", attempt=attempt, at=START + 200 * attempt)
            claim = Claim(one.worker, one.session, "nonce")
            yield Stored(paths.claim(unit, attempt), START, to_json(claim))
            yield Stored(paths.outcome(unit, attempt, one.worker), START, to_json(one))

folded = fold(run.plan.units, read_objects(objects()))
results = summarize(run.plan, folded, facts())
sizes = [sum(map(len, document_pieces(results))), len(render_markdown(results)),
         len(render_junit(results)), sum(map(len, html_pieces(results, {})))]
# Not getrusage: its peak survives exec, so a child begins with its parent's.
peak = int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read()).group(1))
print(json.dumps({"peak_mb": peak / 1024, "sizes": sizes, "scored": results.counts.scored}))
"""


def test_ten_thousand_tasks_fit_into_400_mb() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    reported = json.loads(done.stdout)
    assert reported["scored"] == 10_000
    assert all(reported["sizes"])
    assert reported["peak_mb"] < 400
