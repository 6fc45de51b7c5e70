"""Checks of the Azure account: the login, the subscription, the group, and the security type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.checks.questions import LOGIN, SUBSCRIPTION, behind_subscription
from orchestrator.compute.failures import CloudError
from orchestrator.compute.findings import Check, CheckStatus, Finding, Program, given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compute.azure_vm.checks.questions import Questions
    from orchestrator.compute.azure_vm.inspection import Inspection
    from orchestrator.compute.azure_vm.options import AzureOptions

GROUP, SECURITY = "resource group", "security type"
ROLES_FIX = "Give the identity its roles: scripts/azure-setup does."
LOGIN_FIX = (
    "In a workflow: id-token: write, an environment that the identity trusts, AZURE_TENANT_ID and"
    " AZURE_CLIENT_ID. On a laptop: az login."
)

# The least version is the one that scripts/azure-setup needs.
AZ = Program(
    "az",
    (2, 72),
    "https://learn.microsoft.com/cli/azure/install-azure-cli",
    ("version", "--output", "json"),
    ("account", "show", "--output", "none"),
    "az login",
)

_MISMATCH = "AADSTS70021"
"""Entra's code, and the beginning of AADSTS700213: no federated credential fits the assertion."""
_SUBJECT_FIX = (
    "The identity does not trust the subject that this job comes with: see the check 'OIDC"
    " subject', and run scripts/azure-setup."
)

_PROVIDER, _FEATURE = "Microsoft.Compute", "UseStandardSecurityType"
_DONE = "Registered"
_LIVE = ("Enabled",)
_AILING = ("Warned", "PastDue")


def account_checks(options: AzureOptions, asked: Questions, azure: Inspection) -> list[Check]:
    """Return the checks of the account, which own the login and the subscription."""

    def group() -> Iterator[Finding]:
        name = given(options.resource_group, "--resource-group")
        behind_subscription(asked.subscription)
        yield group_finding(name, azure.resource_group())

    def security() -> Iterator[Finding]:
        behind_subscription(asked.subscription)
        state = azure.feature_state(_PROVIDER, _FEATURE)
        provider = azure.provider_state(_PROVIDER) if state == _DONE else ""
        yield security_finding(options.subscription, state, provider)

    return [
        Check(LOGIN, lambda: [_login(asked)], LOGIN_FIX),
        Check(SUBSCRIPTION, lambda: [subscription_finding(options.subscription, asked)], ROLES_FIX),
        Check(GROUP, group, ROLES_FIX),
        Check(SECURITY, security, ROLES_FIX, unseen=CheckStatus.WARN),
    ]


def _login(asked: Questions) -> Finding:
    try:
        asked.login.own()
    except CloudError as error:
        # The usual chain tells each link's story; that none of them holds is what counts.
        said = str(error).partition(" Attempted credentials:")[0]
        return Finding(
            LOGIN, CheckStatus.FAIL, said, _SUBJECT_FIX if _MISMATCH in said else LOGIN_FIX
        )
    return Finding(LOGIN, CheckStatus.OK, "signed in to Azure")


def subscription_finding(subscription: str, asked: Questions) -> Finding:
    """Judge the subscription by its state ("Azure subscription states")."""
    known = asked.subscription.own()
    if known is None:
        what = f"{subscription} does not exist, or this login does not see it"
        return Finding(SUBSCRIPTION, CheckStatus.FAIL, what, f"az account list; {ROLES_FIX}")
    said = f"{known.name or subscription} is {known.state.lower() or 'in no known state'}"
    if known.state in _LIVE:
        return Finding(SUBSCRIPTION, CheckStatus.OK, said)
    status = CheckStatus.WARN if known.state in _AILING else CheckStatus.FAIL
    return Finding(SUBSCRIPTION, status, said, "Settle its billing in the portal, or use another.")


def group_finding(group: str, region: str | None) -> Finding:
    """Judge the machines' resource group, which is in ``region`` or does not exist."""
    if region is None:
        fix = "Run scripts/azure-setup, or correct --resource-group."
        return Finding(GROUP, CheckStatus.FAIL, f"{group} does not exist", fix)
    return Finding(GROUP, CheckStatus.OK, f"{group} in {region}")


def security_finding(subscription: str, state: str, provider: str) -> Finding:
    """Judge the feature without which machines that are not Trusted Launch may be refused.

    ``provider`` is the state of the provider that the feature changes. It knows of the feature only
    once it is registered again after the feature is: az says so after ``az feature register``.
    """
    what = f"feature {_PROVIDER}/{_FEATURE} is {state}"
    again = f"az provider register --namespace {_PROVIDER} --subscription {subscription}"
    if state == _DONE and provider == _DONE:
        # No call tells whether the provider was registered before the feature or after it.
        known = f"{what}; should machines be refused for it all the same: {again}"
        return Finding(SECURITY, CheckStatus.OK, known)
    if state == _DONE:
        unknown = f"{what}, and not propagated: {_PROVIDER} is {provider}"
        return Finding(
            SECURITY, CheckStatus.WARN, unknown, f"{again}, and wait until it is Registered."
        )
    if state == "Registering":
        fix = f"Wait, up to half an hour, until it is Registered; then {again}."
        return Finding(SECURITY, CheckStatus.WARN, what, fix)
    fix = (
        f"az feature register --namespace {_PROVIDER} --name {_FEATURE}"
        f" --subscription {subscription}; once it is Registered, {again}."
    )
    return Finding(SECURITY, CheckStatus.FAIL, f"{what}: Azure refuses the machines", fix)
