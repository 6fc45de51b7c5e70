"""``doctor`` as an operator calls it, over the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.doctor.conftest import CHECKS
from tests.doctor.defects import (
    a_readers_token,
    no_login,
    no_quota,
    no_runner_group,
    no_way_out,
    tagged,
)
from tests.fakes.arm.faults import Fault

if TYPE_CHECKING:
    from tests.doctor.conftest import SetUp


def test_a_set_up_that_is_well_passes_every_check(set_up: SetUp) -> None:
    tagged(set_up, golden=60)
    done = set_up.call("--json")
    code, result = done.returncode, json.loads(done.stdout)
    assert [entry for entry in result if entry["status"] != "ok"] == []
    assert list(dict.fromkeys(entry["check"] for entry in result)) == CHECKS
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


def test_what_could_not_be_made_says_for_want_of_what(set_up: SetUp) -> None:
    no_login(set_up)
    _, results = set_up.look()
    skipped = {entry["check"]: entry["what"] for entry in results if entry["status"] == "skipped"}
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
    code, results = set_up.look()
    by_check = {entry["check"]: entry["status"] for entry in results}
    assert by_check["sizes in northeurope"] == "fail"
    assert by_check["quotas in northeurope"] == "skipped"
    assert by_check["quotas in westeurope"] == by_check["machines"] == "ok"
    assert code == 4


def test_a_group_of_runners_is_tried_and_nothing_stays(set_up: SetUp) -> None:
    no_runner_group(set_up)
    set_up.github.world.runner_groups.add(5)
    code, results = set_up.look()
    assert code == 0, results
    assert [
        entry for entry in results if entry["check"] == "runner group" and entry["status"] == "ok"
    ]
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
    code, results = set_up.look()
    assert code == 0, results


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
