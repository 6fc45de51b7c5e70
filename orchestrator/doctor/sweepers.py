"""Checks of the two sweepers: a run does not need them, and what it leaks would stay without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.doctor.diagnosis import Check, Finding, Status
from orchestrator.doctor.wanted import behind_subscription, given

if TYPE_CHECKING:
    from orchestrator.cloud.azure.inspection import Inspection, SweeperLife
    from orchestrator.doctor.wanted import Questions, Wanted

REAPER, SWEEPER = "sweeper on GitHub", "sweeper in Azure"

HOUR_S = 3600.0
REAPER_LATE_S = 6 * HOUR_S
"""GitHub starts scheduled runs late, and drops some, when it is busy."""
SWEEPER_LATE_S = 3 * HOUR_S

_REAPER_FIX = "gh workflow enable {0} && gh workflow run {0}; a failing run says why."
_SWEEPER_FIX = (
    "Run scripts/azure-setup; the Logic App's run history in the portal says why it fails."
)


def sweeper_checks(wanted: Wanted, asked: Questions, azure: Inspection) -> list[Check]:
    """Return the checks of both sweepers. What they find is never worse than a warning."""

    def reaper() -> list[Finding]:
        run = asked.github.get().repository.last_success(wanted.reaper)
        return [reaper_finding(wanted.reaper, run.created_at if run else None, wanted.now)]

    def sweeper() -> list[Finding]:
        given(wanted.group, "--resource-group")
        behind_subscription(asked.subscription)
        return [sweeper_finding(wanted.sweeper, azure.sweeper(wanted.sweeper), wanted.now)]

    roles = (
        "Give the identity Microsoft.Logic/workflows/read and runs/read: scripts/azure-setup does."
    )
    return [
        Check(REAPER, reaper, "Give the token Actions: read.", unseen=Status.WARN),
        Check(SWEEPER, sweeper, roles, unseen=Status.WARN),
    ]


def reaper_finding(workflow: str, success: float | None, now: float) -> Finding:
    """Judge the scheduled workflow by its newest successful run's start (Unix seconds)."""
    fix = _REAPER_FIX.format(workflow)
    if success is None:
        return Finding(REAPER, Status.WARN, f"{workflow} never succeeded, or does not exist", fix)
    return _by_age(REAPER, f"{workflow} succeeded", now - success, REAPER_LATE_S, fix)


def sweeper_finding(name: str, life: SweeperLife | None, now: float) -> Finding:
    """Judge the Logic App by its state and its last success."""
    if life is None:
        return Finding(SWEEPER, Status.WARN, f"{name} does not exist", _SWEEPER_FIX)
    if not life.enabled:
        fix = f"az logic workflow update --name {name} --state Enabled, or run scripts/azure-setup."
        return Finding(SWEEPER, Status.WARN, f"{name} is switched off", fix)
    if life.last_success is None:
        return Finding(SWEEPER, Status.WARN, f"{name} has not succeeded lately", _SWEEPER_FIX)
    age = now - life.last_success
    return _by_age(SWEEPER, f"{name} succeeded", age, SWEEPER_LATE_S, _SWEEPER_FIX)


def _by_age(check: str, said: str, age: float, late: float, fix: str) -> Finding:
    what = f"{said} {max(age, 0.0) / HOUR_S:.1f} h ago"
    if age > late:
        return Finding(check, Status.WARN, what, fix)
    return Finding(check, Status.OK, what)
