"""The check of the sweeper on GitHub: a run does not need it, and what it leaks would stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compute.findings import HOUR_S, Check, CheckStatus, Finding, age_finding

if TYPE_CHECKING:
    from orchestrator.compute.kit import CheckRequest

REAPER = "sweeper on GitHub"

REAPER_LATE_S = 6 * HOUR_S
"""GitHub starts scheduled runs late, and drops some, when it is busy."""

_FIX = "gh workflow enable {0} && gh workflow run {0}; a failing run says why."


def reaper_checks(request: CheckRequest) -> list[Check]:
    """Return the check of the scheduled workflow, at worst a warning."""

    def look() -> list[Finding]:
        run = request.github.get().repository.last_success(request.reaper)
        return [reaper_finding(request.reaper, run.created_at if run else None, request.now)]

    return [Check(REAPER, look, "Give the token Actions: read.", unseen=CheckStatus.WARN)]


def reaper_finding(workflow: str, success: float | None, now: float) -> Finding:
    """Judge the scheduled workflow by its newest successful run's start (Unix seconds)."""
    fix = _FIX.format(workflow)
    if success is None:
        return Finding(
            REAPER, CheckStatus.WARN, f"{workflow} never succeeded, or does not exist", fix
        )
    return age_finding(REAPER, f"{workflow} succeeded", now - success, REAPER_LATE_S, fix)
