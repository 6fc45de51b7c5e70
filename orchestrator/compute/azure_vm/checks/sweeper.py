"""The check of the sweeper inside Azure: a run does not need it, and what it leaks would stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.checks.questions import behind_subscription
from orchestrator.compute.findings import HOUR_S, Check, CheckStatus, Finding, age_finding, given

if TYPE_CHECKING:
    from orchestrator.compute.azure_vm.checks.questions import Questions
    from orchestrator.compute.azure_vm.inspection import Inspection, SweeperLife
    from orchestrator.compute.azure_vm.options import AzureOptions

SWEEPER = "sweeper in Azure"
SWEEPER_LATE_S = 3 * HOUR_S

_FIX = "Run scripts/azure-setup; the Logic App's run history in the portal says why it fails."
_ROLES_FIX = (
    "Give the identity Microsoft.Logic/workflows/read and runs/read: scripts/azure-setup does."
)


def sweeper_checks(
    options: AzureOptions, asked: Questions, azure: Inspection, now: float
) -> list[Check]:
    """Return the check of the Logic App (``now`` is Unix seconds), at worst a warning."""

    def look() -> list[Finding]:
        given(options.resource_group, "--resource-group")
        behind_subscription(asked.subscription)
        return [sweeper_finding(options.sweeper, azure.sweeper(options.sweeper), now)]

    return [Check(SWEEPER, look, _ROLES_FIX, unseen=CheckStatus.WARN)]


def sweeper_finding(name: str, life: SweeperLife | None, now: float) -> Finding:
    """Judge the Logic App by its state and its last success."""
    if life is None:
        return Finding(SWEEPER, CheckStatus.WARN, f"{name} does not exist", _FIX)
    if not life.enabled:
        fix = f"az logic workflow update --name {name} --state Enabled, or run scripts/azure-setup."
        return Finding(SWEEPER, CheckStatus.WARN, f"{name} is switched off", fix)
    if life.last_success is None:
        return Finding(SWEEPER, CheckStatus.WARN, f"{name} has not succeeded lately", _FIX)
    age_s = now - life.last_success
    return age_finding(SWEEPER, f"{name} succeeded", age_s, SWEEPER_LATE_S, _FIX)
