"""``doctor`` as an operator calls it, over the wire, one defect at a time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.doctor.conftest import REAPER_RUN, SetUp
from tests.fakes.arm.catalogue import GROUP, definition_id, subnet_id
from tests.fakes.arm.faults import Fault
from tests.fakes.arm.surroundings import FEATURE, SWEEPER, gateway_id, swept
from tests.fakes.github.tokens import ALL

if TYPE_CHECKING:
    from collections.abc import Callable

DAY_S = 86400.0
CHECKS = [
    "options",
    "credential",
    "subscription",
    "resource group",
    "security type",
    "subnet in westeurope",
    "way out of westeurope",
    "image in westeurope",
    "sizes in westeurope",
    "quotas in westeurope",
    "machines",
    "machine image",
    "Windows evaluation",
    "runner version",
    "GitHub token",
    "GitHub permission",
    "environments",
    "runner group",
    "store",
    "plan",
    "prices",
    "cost",
    "sweeper on GitHub",
    "sweeper in Azure",
]


def tagged(set_up: SetUp, **days: int) -> None:
    """Give the image its tags; the evaluation ends so many days from now."""
    from datetime import UTC, datetime, timedelta

    version = set_up.arm.catalogue.gallery.versions["1.0.0"]
    ends = datetime.fromtimestamp(set_up.arm.clock.now(), UTC) + timedelta(days=days["golden"])
    version.tags["waa-golden-expires"] = ends.date().isoformat()
    version.tags["waa-runner-version"] = "2.330.0"


def test_a_set_up_that_is_well_passes_every_check(set_up: SetUp) -> None:
    tagged(set_up, golden=60)
    done = set_up.call("--json")
    code, found = done.returncode, json.loads(done.stdout)
    assert [one for one in found if one["status"] != "ok"] == []
    assert list(dict.fromkeys(one["check"] for one in found)) == CHECKS
    assert code == 0
    assert set_up.github.world.runners == {}
    assert set_up.arm.everything() == []


def test_it_is_one_line_a_finding_where_nobody_looks(set_up: SetUp) -> None:
    tagged(set_up, golden=60)
    done = set_up.call()
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert "ok      credential: signed in to Azure" in lines
    assert lines[-1].endswith(" ok")


def test_a_defect_ends_the_installed_command_with_its_code(set_up: SetUp) -> None:
    no_way_out(set_up)
    done = set_up.call()
    assert done.returncode == 4
    assert "fail    way out of westeurope: none: no NAT gateway" in done.stdout
    assert "fix: Run scripts/azure-setup with this region" in done.stdout


def no_login(set_up: SetUp) -> None:
    set_up.environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "another"


def no_subscription(set_up: SetUp) -> None:
    subscription = FEATURE.partition("/providers")[0]
    set_up.arm.catalogue.statics.pop(subscription.lower())


def disabled(set_up: SetUp) -> None:
    subscription = FEATURE.partition("/providers")[0]
    set_up.arm.catalogue.statics[subscription.lower()]["state"] = "Disabled"


def no_group(set_up: SetUp) -> None:
    set_up.arm.catalogue.statics.pop(subnet_id("x").partition("/providers")[0].lower())


def no_feature(set_up: SetUp) -> None:
    set_up.arm.catalogue.statics[FEATURE.lower()]["properties"] = {"state": "NotRegistered"}


def no_subnet(set_up: SetUp) -> None:
    set_up.arm.catalogue.statics.pop(subnet_id("westeurope").lower())


def foreign_subnet(set_up: SetUp) -> None:
    set_up.options["--subnet"] = [f"westeurope={subnet_id('northeurope')}"]


def no_way_out(set_up: SetUp) -> None:
    own = set_up.arm.catalogue.statics[subnet_id("westeurope").lower()]["properties"]
    own.pop("natGateway")


def gateway_without_address(set_up: SetUp) -> None:
    set_up.arm.catalogue.statics[gateway_id("westeurope").lower()]["properties"] = {}


def no_replica(set_up: SetUp) -> None:
    set_up.arm.catalogue.gallery.versions["1.0.0"].replicas.pop("westeurope")


def failed_replica(set_up: SetUp) -> None:
    set_up.arm.catalogue.gallery.versions["1.0.0"].failed = ("westeurope",)


def no_image(set_up: SetUp) -> None:
    set_up.options["--machine-image"] = [f"{definition_id()}/versions/9.0.0"]


def trusted_launch(set_up: SetUp) -> None:
    set_up.arm.catalogue.gallery.security_type = "TrustedLaunch"


def no_windows(set_up: SetUp) -> None:
    set_up.arm.catalogue.gallery.versions["1.0.0"].luns = ()


def windows_over(set_up: SetUp) -> None:
    tagged(set_up, golden=-2)


def image_of_another_age(set_up: SetUp) -> None:
    version = set_up.arm.catalogue.gallery.versions["1.0.0"]
    version.published = set_up.arm.clock.now() - 100 * DAY_S


def old_runner(set_up: SetUp) -> None:
    tagged(set_up, golden=60)
    now = set_up.arm.clock.now()
    set_up.github.world.runner_releases = {
        "2.330.0": now - 80 * DAY_S,
        "2.331.0": now - 31 * DAY_S,
        "2.332.0": now - 2 * DAY_S,
    }


def barred_size(set_up: SetUp) -> None:
    sizes = set_up.arm.catalogue.sizes
    sizes["Standard_D8s_v5"] = replace(sizes["Standard_D8s_v5"], barred=True)


def size_that_does_not_nest(set_up: SetUp) -> None:
    set_up.options["--size"] = ["Standard_B2s"]


def no_quota(set_up: SetUp) -> None:
    set_up.arm.catalogue.cores["westeurope"] = 7


def no_family_quota(set_up: SetUp) -> None:
    set_up.arm.catalogue.family_cores["westeurope", "standarddsv5family"] = 0


def no_spot_quota(set_up: SetUp) -> None:
    set_up.options["--spot"] = ["only"]
    set_up.arm.catalogue.spot_cores["westeurope"] = 7


def too_few_machines(set_up: SetUp) -> None:
    set_up.options["--min-workers"] = ["3"]
    set_up.arm.catalogue.cores["westeurope"] = 16


def wrong_token(set_up: SetUp) -> None:
    set_up.environment["WAA_MATRIX_GITHUB_TOKEN"] = "ghp_nobody"


def a_jobs_token(set_up: SetUp) -> None:
    set_up.environment["WAA_MATRIX_GITHUB_TOKEN"] = set_up.github.tokens.job()


def a_readers_token(set_up: SetUp) -> None:
    reader = (ALL - {"administration"}) | {"administration:read"}
    set_up.environment["WAA_MATRIX_GITHUB_TOKEN"] = set_up.github.tokens.personal(reader)


def reviewers(set_up: SetUp) -> None:
    set_up.github.world.environments[f"{GROUP}-run"] = True


def no_runner_group(set_up: SetUp) -> None:
    set_up.options["--runner-group"] = ["5"]


def unusable_store(set_up: SetUp) -> None:
    (set_up.scratch / "store").write_text("no directory")


def too_dear(set_up: SetUp) -> None:
    set_up.options["--max-cost"] = ["0.01"]


def no_such_suite(set_up: SetUp) -> None:
    set_up.options["--suite"] = ["nowhere.json"]


def no_region(set_up: SetUp) -> None:
    set_up.options.pop("--region")


def no_workers(set_up: SetUp) -> None:
    set_up.options["--workers"] = ["0"]


def without(flag: str) -> Callable[[SetUp], None]:
    def change(set_up: SetUp) -> None:
        set_up.options.pop(flag)

    return change


FAILURES = [
    (no_login, 4, "credential", "could not be fetched", "id-token: write"),
    (no_subscription, 4, "subscription", "does not exist", "az account list"),
    (disabled, 4, "subscription", "is disabled", "portal"),
    (no_group, 4, "resource group", "does not exist", "scripts/azure-setup"),
    (no_feature, 4, "security type", "NotRegistered", "az feature register"),
    (no_subnet, 4, "subnet in westeurope", "does not exist", "scripts/azure-setup"),
    (foreign_subnet, 4, "subnet in westeurope", "in northeurope", "--subnet westeurope=ID"),
    (no_way_out, 4, "way out of westeurope", "none", "--public-ip"),
    (gateway_without_address, 4, "way out of westeurope", "no address", "NAT gateway"),
    (no_replica, 4, "image in westeurope", "no replica", "--target-regions northeurope=1"),
    (failed_replica, 4, "image in westeurope", "failed", "westeurope=1"),
    (no_image, 4, "machine image", "does not exist", "image.yml"),
    (trusted_launch, 4, "machine image", "TrustedLaunch", "SecurityType=Standard"),
    (no_windows, 4, "machine image", "no golden Windows", "--no-golden-disk"),
    (windows_over, 4, "Windows evaluation", "over since", "Prepare the golden"),
    (image_of_another_age, 4, "Windows evaluation", "older than 90 days", "Prepare the golden"),
    (old_runner, 4, "runner version", "2.331.0 came out 31 days ago", "image.yml"),
    (barred_size, 4, "sizes in westeurope", "NotAvailableForSubscription", "Azure's support"),
    (size_that_does_not_nest, 4, "sizes in westeurope", "nested", "Standard_D4s_v5"),
    (no_quota, 4, "quotas in westeurope", "total (cores): 7 of 7", "Ask for 32 cores of cores"),
    (no_family_quota, 4, "quotas in westeurope", "family (standardDSv5Family)", "Ask for 32"),
    (no_spot_quota, 4, "quotas in westeurope", "spot (lowPriorityCores)", "lowPriorityCores"),
    (too_few_machines, 4, "machines", "2 of 4 allowed", "fewer --workers"),
    (wrong_token, 4, "GitHub token", "401", "Administration: write"),
    (a_jobs_token, 4, "GitHub token", "403", "GITHUB_TOKEN never has it"),
    (a_readers_token, 4, "GitHub permission", "not register", "Administration: write"),
    (reviewers, 4, "environments", "has reviewers", "Take the required reviewers off"),
    (no_runner_group, 4, "runner group", "5 is no group", "--runner-group"),
    (unusable_store, 4, "store", "cannot be made", "--store"),
    (too_dear, 2, "cost", "--max-cost: is 0.01 USD", "Raise it"),
    (no_such_suite, 2, "plan", "nowhere.json", "file"),
    (no_region, 2, "options", "--region: is missing", "WAA_MATRIX_REGIONS"),
    (without("--machine-image"), 2, "options", "--machine-image: is", "WAA_MATRIX_MACHINE_IMAGE"),
    (without("--store"), 2, "options", "--store: is missing", "az://ACCOUNT"),
    (without("--subnet"), 2, "options", "--subnet westeurope=…", "way out"),
    (no_workers, 2, "options", "--workers: is 0", "1 to 256"),
]


@pytest.mark.parametrize(
    ("defect", "code", "check", "what", "fix"),
    FAILURES,
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_each_defect_has_its_line_its_fix_and_its_exit_code(
    set_up: SetUp, defect: Callable[[SetUp], None], code: int, check: str, what: str, fix: str
) -> None:
    defect(set_up)
    ended, found = set_up.look()
    failed = [one for one in found if one["status"] == "fail" and one["check"] == check]
    assert [one for one in failed if what in one["what"] and fix in one["fix"]], found
    assert ended == code
    assert all(one["fix"] for one in found if one["status"] in ("fail", "warn"))
    # What does not depend on the defect was looked at all the same.
    assert [one for one in found if one["status"] == "ok"]
    assert {one["check"] for one in found} >= set(CHECKS) - {
        name for name in CHECKS if "westeurope" in name
    }


def default_outbound(set_up: SetUp) -> None:
    set_up.arm.catalogue.statics[subnet_id("westeurope").lower()]["properties"] = {}


def few_replicas(set_up: SetUp) -> None:
    set_up.options["--workers"] = ["30"]


def windows_soon_over(set_up: SetUp) -> None:
    tagged(set_up, golden=3)


def runner_soon_refused(set_up: SetUp) -> None:
    now = set_up.arm.clock.now()
    tagged(set_up, golden=60)
    set_up.github.world.runner_releases = {"2.331.0": now - 25 * DAY_S, "2.330.0": 1.0}


def old_image(set_up: SetUp) -> None:
    version = set_up.arm.catalogue.gallery.versions["1.0.0"]
    version.published = set_up.arm.clock.now() - 50 * DAY_S


def smaller_quota(set_up: SetUp) -> None:
    set_up.arm.catalogue.cores["westeurope"] = 16


def one_size_barred(set_up: SetUp) -> None:
    set_up.options["--size"] = ["Standard_D8s_v5", "Standard_D8ds_v6"]


def late_reaper(set_up: SetUp) -> None:
    world = set_up.github.world
    run = world.runs[REAPER_RUN]
    world.runs[REAPER_RUN] = replace(run, created_at=run.created_at - DAY_S)


def no_reaper(set_up: SetUp) -> None:
    set_up.github.world.workflows.clear()


def late_sweeper(set_up: SetUp) -> None:
    swept(set_up.arm, 30.0)


def failing_sweeper(set_up: SetUp) -> None:
    swept(set_up.arm, 0.5, "Failed")


def sweeper_off(set_up: SetUp) -> None:
    set_up.arm.catalogue.statics[SWEEPER.lower()]["properties"]["state"] = "Disabled"


def no_sweeper(set_up: SetUp) -> None:
    set_up.arm.catalogue.statics.pop(SWEEPER.lower())


def sweeper_unseen(set_up: SetUp) -> None:
    set_up.arm.faults.add(
        Fault("GET workflows/waa-sweeper", status=403, code="AuthorizationFailed", times=9)
    )


def no_environment(set_up: SetUp) -> None:
    set_up.github.world.environments.clear()


def size_without_price(set_up: SetUp) -> None:
    sizes = set_up.arm.catalogue.sizes
    sizes["Standard_D48s_v5"] = replace(sizes["Standard_D8s_v5"], name="Standard_D48s_v5")
    set_up.options["--size"] = ["Standard_D48s_v5"]


WARNINGS = [
    (default_outbound, "way out of westeurope", "default outbound", "NAT gateway"),
    (few_replicas, "image in westeurope", "1 of 2 replicas for 30", "westeurope=2"),
    (windows_soon_over, "Windows evaluation", "ends on", "Prepare the golden"),
    (runner_soon_refused, "runner version", "good for", "image.yml"),
    (old_image, "machine image", "50 days old", "image.yml"),
    (smaller_quota, "quotas in westeurope", "2 machines of 8 cores; 4 wanted", "Ask for 32"),
    (smaller_quota, "machines", "2 of 4 allowed", "more quota"),
    (one_size_barred, "sizes in westeurope", "Standard_D8ds_v6", "Azure's support"),
    (late_reaper, "sweeper on GitHub", "24.0 h ago", "gh workflow run reaper.yml"),
    (no_reaper, "sweeper on GitHub", "never succeeded", "gh workflow enable reaper.yml"),
    (late_sweeper, "sweeper in Azure", "30.0 h ago", "scripts/azure-setup"),
    (failing_sweeper, "sweeper in Azure", "not succeeded lately", "run history"),
    (sweeper_off, "sweeper in Azure", "switched off", "--state Enabled"),
    (no_sweeper, "sweeper in Azure", "does not exist", "scripts/azure-setup"),
    (sweeper_unseen, "sweeper in Azure", "AuthorizationFailed", "Microsoft.Logic/workflows/read"),
    (no_environment, "environments", "waa-fleet-run does not exist", "--environment"),
    (size_without_price, "prices", "none is known", "--max-cost cannot be held"),
]


@pytest.mark.parametrize(
    ("defect", "check", "what", "fix"), WARNINGS, ids=lambda one: getattr(one, "__name__", "")
)
def test_what_a_run_survives_is_a_warning_and_no_failure(
    set_up: SetUp, defect: Callable[[SetUp], None], check: str, what: str, fix: str
) -> None:
    defect(set_up)
    code, found = set_up.look()
    warned = [one for one in found if one["status"] == "warn" and one["check"] == check]
    assert [one for one in warned if what in one["what"] and fix in one["fix"]], found
    assert [one for one in found if one["status"] in ("fail", "skipped")] == []
    assert code == 0


def test_what_could_not_be_made_says_for_want_of_what(set_up: SetUp) -> None:
    no_login(set_up)
    _, found = set_up.look()
    skipped = {one["check"]: one["what"] for one in found if one["status"] == "skipped"}
    assert "'credential'" in skipped["subscription"]
    assert (
        "'credential'" in skipped["quotas in westeurope"]
        or "'sizes" in skipped["quotas in westeurope"]
    )
    assert "GitHub permission" not in skipped


def test_one_region_that_does_not_answer_hides_nothing_of_the_other(set_up: SetUp) -> None:
    set_up.options["--region"] = ["westeurope", "northeurope"]
    set_up.arm.faults.add(
        Fault("GET locations/northeurope/usages", status=403, code="AuthorizationFailed", times=9)
    )
    code, found = set_up.look()
    by_check = {one["check"]: one["status"] for one in found}
    assert by_check["sizes in northeurope"] == "fail"
    assert by_check["quotas in northeurope"] == "skipped"
    assert by_check["quotas in westeurope"] == by_check["machines"] == "ok"
    assert code == 4


def test_a_group_of_runners_is_tried_and_nothing_stays(set_up: SetUp) -> None:
    no_runner_group(set_up)
    set_up.github.world.runner_groups.add(5)
    code, found = set_up.look()
    assert code == 0, found
    assert [one for one in found if one["check"] == "runner group" and one["status"] == "ok"]
    assert set_up.github.world.runners == {}


def test_variables_stand_for_the_options(set_up: SetUp) -> None:
    names = {
        "--resource-group": "WAA_MATRIX_RESOURCE_GROUP",
        "--region": "WAA_MATRIX_REGIONS",
        "--subnet": "WAA_MATRIX_SUBNETS",
        "--machine-image": "WAA_MATRIX_MACHINE_IMAGE",
        "--store": "WAA_MATRIX_STORE",
    }
    for flag, variable in names.items():
        set_up.environment[variable] = " ".join(set_up.options.pop(flag))
    set_up.environment["WAA_MATRIX_SIZES"] = "Standard_None"
    set_up.environment["WAA_MATRIX_DOCTOR_SIZES"] = "Standard_D8s_v5"  # its own counts more
    set_up.environment["WAA_MATRIX_DOCTOR_REGIONS"] = ""  # as a variable that nobody set
    code, found = set_up.look()
    assert code == 0, found


def test_no_secret_is_in_what_it_says(set_up: SetUp) -> None:
    secrets = [
        set_up.environment["WAA_MATRIX_GITHUB_TOKEN"],
        set_up.environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
    ]
    for defect in (no_quota, a_readers_token):
        defect(set_up)
        secrets.append(set_up.environment["WAA_MATRIX_GITHUB_TOKEN"])
        done = set_up.call()
        said = done.stdout + done.stderr
        assert "quotas in westeurope" in said
        for secret in (*secrets, *set_up.arm.identity.issued):
            assert secret not in said
