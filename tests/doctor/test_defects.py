"""``doctor`` with one thing wrong at a time: its line, its fix, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doctor import defects
from tests.doctor.conftest import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.doctor.conftest import SetUp

FAILURES = [
    (defects.no_login, 4, "credential", "could not be fetched", "id-token: write"),
    (
        defects.subject_refused,
        4,
        "credential",
        "subject 'repo:octo/bench:environment:waa-fleet-run'",
        "does not trust the subject",
    ),
    (defects.no_subscription, 4, "subscription", "does not exist", "az account list"),
    (defects.disabled, 4, "subscription", "is disabled", "portal"),
    (defects.no_group, 4, "resource group", "does not exist", "scripts/azure-setup"),
    (defects.no_feature, 4, "security type", "NotRegistered", "az feature register"),
    (defects.no_subnet, 4, "subnet in westeurope", "does not exist", "scripts/azure-setup"),
    (defects.foreign_subnet, 4, "subnet in westeurope", "in northeurope", "--subnet westeurope=ID"),
    (defects.no_way_out, 4, "way out of westeurope", "none", "--public-ip"),
    (defects.gateway_without_address, 4, "way out of westeurope", "no address", "NAT gateway"),
    (defects.no_replica, 4, "image in westeurope", "no replica", "--target-regions northeurope=1"),
    (defects.failed_replica, 4, "image in westeurope", "failed", "westeurope=1"),
    (defects.no_image, 4, "machine image", "does not exist", "image.yml"),
    (defects.trusted_launch, 4, "machine image", "TrustedLaunch", "SecurityType=Standard"),
    (defects.no_windows, 4, "machine image", "no golden Windows", "--no-golden-disk"),
    (defects.image_without_nvme, 4, "sizes in westeurope", "disks by NVMe", "another --size"),
    (defects.windows_over, 4, "Windows evaluation", "over since", "Prepare the golden"),
    (
        defects.image_of_another_age,
        4,
        "Windows evaluation",
        "older than 90 days",
        "Prepare the golden",
    ),
    (defects.old_runner, 4, "runner version", "2.331.0 came out 31 days ago", "image.yml"),
    (
        defects.barred_size,
        4,
        "sizes in westeurope",
        "NotAvailableForSubscription",
        "Azure's support",
    ),
    (defects.size_that_does_not_nest, 4, "sizes in westeurope", "nested", "Standard_D4s_v5"),
    (
        defects.no_quota,
        4,
        "quotas in westeurope",
        "total (cores): 7 of 7",
        "Ask for 32 cores of cores",
    ),
    (
        defects.no_family_quota,
        4,
        "quotas in westeurope",
        "family (standardDSv5Family)",
        "Ask for 32",
    ),
    (
        defects.no_spot_quota,
        4,
        "quotas in westeurope",
        "spot (lowPriorityCores)",
        "lowPriorityCores",
    ),
    (defects.too_few_machines, 4, "machines", "2 of 4 allowed", "fewer --workers"),
    (defects.wrong_token, 4, "GitHub token", "401", "Administration: write"),
    (defects.a_jobs_token, 4, "GitHub permission", "403", "GITHUB_TOKEN never has it"),
    (defects.a_readers_token, 4, "GitHub permission", "not register", "Administration: write"),
    (defects.reviewers, 4, "environments", "has reviewers", "Take the required reviewers off"),
    (defects.no_branch_policy, 4, "environments", "image has no branch policy", "trunk alone"),
    (defects.protected_branches, 4, "environments", "every protected branch", "trunk alone"),
    (
        defects.another_branch_too,
        4,
        "environments",
        "more than trunk: release/*, refs/tags/v*",
        "trunk alone",
    ),
    (defects.not_the_default_branch, 4, "environments", "does not admit trunk", "trunk alone"),
    (defects.subjects_by_number, 4, "OIDC subject", f"sends {defects.BY_NUMBER}:", "az ad app"),
    (
        defects.subjects_by_number_whatever_the_flag_says,
        4,
        "OIDC subject",
        f"trusts {defects.BY_NAME}:environment:",
        f'"subject": "{defects.BY_NUMBER}:environment:waa-fleet-run"',
    ),
    (defects.trusts_nothing, 4, "OIDC subject", "trusts none", "scripts/azure-setup"),
    (defects.trusts_in_other_letters, 4, "OIDC subject", "trusts REPO:", "az ad app"),
    (defects.no_application, 4, "OIDC subject", "trusts none", "scripts/azure-setup"),
    (defects.no_runner_group, 4, "runner group", "5 is no group", "--runner-group"),
    (defects.unusable_store, 4, "store", "cannot be made", "--store"),
    (defects.too_dear, 2, "cost", "--max-cost: is 0.01 USD", "Raise it"),
    (defects.no_such_suite, 2, "plan", "nowhere.json", "file"),
    (defects.no_region, 2, "options", "--region: is missing", "WAA_MATRIX_REGIONS"),
    (
        defects.without("--machine-image"),
        2,
        "options",
        "--machine-image: is",
        "WAA_MATRIX_MACHINE_IMAGE",
    ),
    (defects.without("--store"), 2, "options", "--store: is missing", "az://ACCOUNT"),
    (defects.without("--subnet"), 2, "options", "--subnet westeurope=…", "way out"),
    (defects.no_workers, 2, "options", "--workers: is 0", "1 to 256"),
]


@pytest.mark.parametrize(
    ("defect", "code", "check", "what", "fix"),
    FAILURES,
    ids=lambda entry: getattr(entry, "__name__", ""),
)
def test_each_defect_has_its_line_its_fix_and_its_exit_code(
    set_up: SetUp, defect: Callable[[SetUp], None], code: int, check: str, what: str, fix: str
) -> None:
    defect(set_up)
    ended, results = set_up.look()
    failed = [entry for entry in results if entry["status"] == "fail" and entry["check"] == check]
    assert [entry for entry in failed if what in entry["what"] and fix in entry["fix"]], results
    assert ended == code
    assert all(entry["fix"] for entry in results if entry["status"] in ("fail", "warn"))
    # What does not depend on the defect was looked at all the same.
    assert [entry for entry in results if entry["status"] == "ok"]
    assert {entry["check"] for entry in results} >= set(CHECKS) - {
        name for name in CHECKS if "westeurope" in name
    }


WARNINGS = [
    (defects.default_outbound, "way out of westeurope", "default outbound", "NAT gateway"),
    (defects.few_replicas, "image in westeurope", "1 of 2 replicas for 30", "westeurope=2"),
    (defects.windows_soon_over, "Windows evaluation", "ends on", "Prepare the golden"),
    (defects.runner_soon_refused, "runner version", "good for", "image.yml"),
    (defects.old_image, "machine image", "50 days old", "image.yml"),
    (
        defects.smaller_quota,
        "quotas in westeurope",
        "2 machines of 8 cores; 4 wanted",
        "Ask for 32",
    ),
    (defects.smaller_quota, "machines", "2 of 4 allowed", "more quota"),
    (defects.one_size_barred, "sizes in westeurope", "Standard_D8ds_v6", "Azure's support"),
    (defects.late_reaper, "sweeper on GitHub", "24.0 h ago", "gh workflow run reaper.yml"),
    (defects.no_reaper, "sweeper on GitHub", "never succeeded", "gh workflow enable reaper.yml"),
    (defects.late_sweeper, "sweeper in Azure", "30.0 h ago", "scripts/azure-setup"),
    (defects.failing_sweeper, "sweeper in Azure", "not succeeded lately", "run history"),
    (defects.sweeper_off, "sweeper in Azure", "switched off", "--state Enabled"),
    (defects.no_sweeper, "sweeper in Azure", "does not exist", "scripts/azure-setup"),
    (
        defects.sweeper_unseen,
        "sweeper in Azure",
        "AuthorizationFailed",
        "Microsoft.Logic/workflows/read",
    ),
    (defects.no_environment, "environments", "waa-fleet-run does not exist", "--environment"),
    (
        defects.no_environment_of_a_private_repository,
        "environments",
        "need GitHub Pro, Team or Enterprise",
        "--environment",
    ),
    (defects.no_ceiling, "cost ceiling", "no cost ceiling", "WAA_MATRIX_MAX_COST"),
    (
        defects.feature_not_propagated,
        "security type",
        "is Registered, and not propagated: Microsoft.Compute is Registering",
        "az provider register --namespace Microsoft.Compute",
    ),
    (
        defects.feature_registering,
        "security type",
        "is Registering",
        "az provider register --namespace Microsoft.Compute",
    ),
    (
        defects.one_form_of_two_trusted,
        "OIDC subject",
        f"sends {defects.BY_NAME}:environment:waa-fleet-run or {defects.BY_NUMBER}:",
        defects.BY_NUMBER,
    ),
    (
        defects.renamed,
        "OIDC subject",
        "is called octo/bench-two now",
        "--repository octo/bench-two",
    ),
    (
        defects.a_template_of_its_own,
        "OIDC subject",
        "a template of repository_owner, context",
        "use_default=true",
    ),
    (
        defects.the_organisations_template,
        "OIDC subject",
        "the organisation's template",
        "AADSTS700213",
    ),
    (defects.size_without_price, "prices", "none is known", "--max-cost cannot be held"),
]


@pytest.mark.parametrize(
    ("defect", "check", "what", "fix"), WARNINGS, ids=lambda entry: getattr(entry, "__name__", "")
)
def test_what_a_run_survives_is_a_warning_and_no_failure(
    set_up: SetUp, defect: Callable[[SetUp], None], check: str, what: str, fix: str
) -> None:
    defect(set_up)
    code, results = set_up.look()
    warned = [entry for entry in results if entry["status"] == "warn" and entry["check"] == check]
    assert [entry for entry in warned if what in entry["what"] and fix in entry["fix"]], results
    assert [entry for entry in results if entry["status"] in ("fail", "skipped")] == []
    assert code == 0
