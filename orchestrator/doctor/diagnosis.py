"""How checks are made: side by side, each with its findings, and none hiding another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from orchestrator.compute.findings import BlockedError, CheckStatus, Finding, problem_finding
from orchestrator.errors import (
    EXIT_BAD_INPUT,
    EXIT_COMPLETE,
    EXIT_INFRASTRUCTURE,
    BadInputError,
    MatrixError,
    worst_exit,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.compute.findings import Check

OPTIONS = "options"
"""The check that reports what is missing or wrong among the options."""

_THREADS = 16


def diagnose(checks: Sequence[Check]) -> list[Finding]:
    """Make every check, side by side; return their findings in the checks' order."""
    with ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="check") as pool:
        looks = [pool.submit(_made, check) for check in checks]
        return [finding for look in looks for finding in look.result()]


def _made(check: Check) -> list[Finding]:
    """Return what a check found, up to what stopped it, and why it stopped."""
    findings: list[Finding] = []
    try:
        for finding in check.look():
            findings.append(finding)  # noqa: PERF402  # what was found before an error is kept
    except BlockedError as blocked:
        findings.append(Finding(check.name, CheckStatus.SKIPPED, f"not checked: {blocked.why}"))
    except BadInputError as error:
        findings += [problem_finding(check.name, problem) for problem in error.problems]
    except MatrixError as error:
        findings.append(Finding(check.name, check.unseen, str(error), check.fix))
    except Exception as error:  # noqa: BLE001  # a check that is broken must not hide the others
        what = f"the check itself broke ({type(error).__name__})"
        fix = "Report it as a fault of waa-matrix."
        findings.append(Finding(check.name, check.unseen, what, fix))
    return findings


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 0 when nothing would make the run fail, else 2 for wrong input and 4 for the rest."""
    failed = [finding for finding in findings if finding.status is CheckStatus.FAIL]
    codes = [EXIT_BAD_INPUT if finding.input else EXIT_INFRASTRUCTURE for finding in failed]
    return worst_exit([EXIT_COMPLETE, *codes])
