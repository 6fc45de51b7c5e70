"""What can be wrong with a set-up: each defect a function that brings it about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.doctor.conftest import ENVIRONMENTS, REAPER_RUN, REPOSITORY, SetUp
from tests.fakes.arm.catalogue import GROUP, definition_id, subnet_id
from tests.fakes.arm.faults import Fault
from tests.fakes.arm.identity import CLIENT
from tests.fakes.arm.surroundings import FEATURE, PROVIDER, SWEEPER, gateway_id, swept
from tests.fakes.github.call import REPOSITORY_ID
from tests.fakes.github.routes_repository import OWNER_ID
from tests.fakes.github.tokens import ALL

if TYPE_CHECKING:
    from collections.abc import Callable

DAY_S = 86400.0


def tagged(set_up: SetUp, **days: int) -> None:
    """Give the image its tags; the evaluation ends so many days from now."""
    version = set_up.arm.catalogue.gallery.versions["1.0.0"]
    ends = datetime.fromtimestamp(set_up.arm.clock.now(), UTC) + timedelta(days=days["golden"])
    version.tags["waa-golden-expires"] = ends.date().isoformat()
    version.tags["waa-runner-version"] = "2.330.0"


def no_login(set_up: SetUp) -> None:
    set_up.environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "another"


def subject_refused(set_up: SetUp) -> None:
    set_up.arm.identity.trusts = {"repo:octo/old:environment:waa-fleet-run"}


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


def image_without_nvme(set_up: SetUp) -> None:
    sizes = set_up.arm.catalogue.sizes
    sizes["Standard_D8ds_v6"] = replace(sizes["Standard_D8ds_v6"], barred=False)
    set_up.arm.catalogue.gallery.controllers = "SCSI"
    set_up.options.pop("--max-cost")  # no price is known for this size, and a ceiling needs one
    set_up.options["--size"] = ["Standard_D8ds_v6"]


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


# What a run survives, and is only warned of.


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
    set_up.options.pop("--max-cost")  # with one a run would be refused


def no_ceiling(set_up: SetUp) -> None:
    set_up.options.pop("--max-cost")


def feature_not_propagated(set_up: SetUp) -> None:
    set_up.arm.catalogue.statics[PROVIDER.lower()]["registrationState"] = "Registering"


def feature_registering(set_up: SetUp) -> None:
    set_up.arm.catalogue.statics[FEATURE.lower()]["properties"] = {"state": "Registering"}


# Who may be in an environment, and what its jobs come with.


def no_branch_policy(set_up: SetUp) -> None:
    set_up.github.world.policies.pop(f"{GROUP}-image")


def protected_branches(set_up: SetUp) -> None:
    set_up.github.world.policies[f"{GROUP}-reaper"] = None


def another_branch_too(set_up: SetUp) -> None:
    world = set_up.github.world
    world.policies[f"{GROUP}-run"] = (world.default_branch, "release/*", "tag:v*")


def not_the_default_branch(set_up: SetUp) -> None:
    set_up.github.world.policies[f"{GROUP}-run"] = ("main",)


def no_environment_of_a_private_repository(set_up: SetUp) -> None:
    set_up.github.world.private = True
    no_environment(set_up)


def trusts(set_up: SetUp, *prefixes: str) -> None:
    """Let whoever looks read what the identity trusts: these, in each environment."""
    set_up.arm.graph.readable = True
    set_up.arm.graph.subjects[CLIENT] = [
        f"{prefix}:environment:{name}" for prefix in prefixes for name in ENVIRONMENTS
    ]


BY_NAME = f"repo:{REPOSITORY}"
BY_NUMBER = f"repo:octo@{OWNER_ID}/bench@{REPOSITORY_ID}"


def subjects_by_number(set_up: SetUp) -> None:
    """Made after the day, or opted in; what is trusted is the older form."""
    set_up.github.world.subject |= {"use_immutable_subject": True, "sub_claim_prefix": BY_NUMBER}
    trusts(set_up, BY_NAME)


def subjects_by_number_whatever_the_flag_says(set_up: SetUp) -> None:
    set_up.github.world.subject |= {"use_immutable_subject": False, "sub_claim_prefix": BY_NUMBER}
    trusts(set_up, BY_NAME)


def trusts_nothing(set_up: SetUp) -> None:
    set_up.github.world.subject["sub_claim_prefix"] = BY_NAME
    trusts(set_up)


def trusts_in_other_letters(set_up: SetUp) -> None:
    set_up.github.world.subject["sub_claim_prefix"] = BY_NAME
    trusts(set_up, BY_NAME.upper())


def no_application(set_up: SetUp) -> None:
    set_up.github.world.subject["sub_claim_prefix"] = BY_NAME
    set_up.arm.graph.readable = True


def one_form_of_two_trusted(set_up: SetUp) -> None:
    """GitHub does not say which comes (an Enterprise Server, an older reply)."""
    trusts(set_up, BY_NAME)


def renamed(set_up: SetUp) -> None:
    set_up.github.world.full_name = "octo/bench-two"


def a_template_of_its_own(set_up: SetUp) -> None:
    set_up.github.world.subject = {
        "use_default": False,
        "include_claim_keys": ["repository_owner", "context"],
    }


def the_organisations_template(set_up: SetUp) -> None:
    set_up.github.world.subject = {"use_default": False}
