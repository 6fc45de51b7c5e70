"""``doctor`` with nothing given: what it needs it finds, and what it lacks keeps nothing else."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.cli.inputs.checkout import repository_here
from orchestrator.compute.azure_vm.checks.account import AZ
from orchestrator.doctor.programs import GH, program_finding
from tests.doctor import defects
from tests.doctor.conftest import REPOSITORY, SetUp
from tests.fakes.arm.faults import Fault as CloudFault
from tests.fakes.github.faults import Fault, Wound
from tests.fakes.github.tokens import ALL

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = {
    "--resource-group": "WAA_MATRIX_RESOURCE_GROUP",
    "--region": "WAA_MATRIX_REGIONS",
    "--subnet": "WAA_MATRIX_SUBNETS",
    "--machine-image": "WAA_MATRIX_MACHINE_IMAGE",
    "--store": "WAA_MATRIX_STORE",
    "--max-cost": "WAA_MATRIX_MAX_COST",
}
OF_GITHUB = ("GitHub token", "GitHub permission", "environments", "OIDC subject", "runner group")
OF_AZURE = ("credential", "subscription", "resource group", "machines", "machine image")


class Programs:
    """A directory of programs that answer as the real ones do, first on the path."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.place.mkdir()

    def add(self, name: str, cases: str) -> None:
        """Add a program: ``cases`` are those of a shell's case over all its arguments."""
        text = f'#!/bin/sh\ncase "$*" in\n{cases}\n*) echo "unknown: $*" >&2; exit 1;;\nesac\n'
        (self.place / name).write_text(text)
        (self.place / name).chmod(0o755)

    def gh(self, token: str = "", repository: str = "", version: str = "2.102.0") -> None:
        """Add gh, as 2.102 answers: without a login ``auth token`` fails and says so."""
        said = f'echo "{token}"' if token else 'echo "no oauth token found" >&2; exit 1'
        viewed = f'echo "{repository}"' if repository else "exit 1"
        self.add(
            "gh",
            f'"--version") echo "gh version {version} (2026-08-01)";;\n'
            f'"auth token"*) {said};;\n"auth status") {said};;\n"repo view"*) {viewed};;',
        )

    def az(self, version: str, *, signed_in: bool) -> None:
        """Add az: its version is JSON, and ``account show`` fails without a login."""
        shown = "exit 0" if signed_in else 'echo "Please run az login" >&2; exit 1'
        self.add("az", f'version*) echo \'{{"azure-cli": "{version}"}}\';;\naccount*) {shown};;')


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    made = Programs(tmp_path / "programs")
    monkeypatch.setenv("PATH", f"{made.place}:/usr/bin:/bin")
    return made


def bare(set_up: SetUp) -> None:
    """Take each option away, and let the repository's variables say the same."""
    for flag, variable in VARIABLES.items():
        set_up.github.world.variables[variable] = " ".join(set_up.options.pop(flag))
    for variable in ("AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID"):
        set_up.github.world.variables[variable] = set_up.environment[variable]
    set_up.environment |= {"AZURE_SUBSCRIPTION_ID": ""}


def by(results: list[dict[str, Any]], check: str) -> list[dict[str, Any]]:
    return [entry for entry in results if entry["check"] == check]


def test_it_reads_the_repositorys_variables_itself(set_up: SetUp) -> None:
    bare(set_up)
    defects.tagged(set_up, golden=60)
    code, results = set_up.look()
    assert [entry for entry in results if entry["status"] != "ok"] == []
    assert code == 0
    (line,) = by(results, "repository's variables")
    assert "8 in octo/bench" in line["what"]
    assert "WAA_MATRIX_SUBNETS" in line["what"]
    (ceiling,) = by(results, "cost ceiling")
    assert ceiling["what"].startswith("100 USD")


def test_what_is_given_counts_more_than_a_variable(set_up: SetUp) -> None:
    set_up.github.world.variables["WAA_MATRIX_REGIONS"] = "nowhere"
    set_up.options.pop("--store")
    set_up.github.world.variables["WAA_MATRIX_STORE"] = (set_up.scratch / "store").as_uri()
    code, results = set_up.look()
    assert code == 0, results
    assert by(results, "subnet in westeurope")
    assert by(results, "store")[0]["status"] == "ok"


def test_ghs_login_does_where_no_token_is_given(set_up: SetUp, programs: Programs) -> None:
    bare(set_up)
    token = set_up.environment.pop("WAA_MATRIX_GITHUB_TOKEN")
    set_up.environment["WAA_MATRIX_GITHUB_TOKEN"] = ""
    programs.gh(token, REPOSITORY)
    set_up.environment["GITHUB_REPOSITORY"] = ""
    code, results = set_up.look()
    assert code == 0, results
    assert by(results, "gh")[0]["what"] == "2.102.0, signed in"
    assert by(results, "GitHub permission")[0]["status"] == "ok"
    assert token not in str(results)


def test_a_token_that_may_not_read_variables_is_helped_by_gh(
    set_up: SetUp, programs: Programs
) -> None:
    bare(set_up)
    programs.gh(set_up.github.tokens.personal())
    limited = set_up.github.tokens.personal(ALL - {"variables"})
    set_up.environment["WAA_MATRIX_GITHUB_TOKEN"] = limited
    assert set_up.look()[0] == 0
    programs.gh()
    code, results = set_up.look()
    assert code == 2
    (line,) = by(results, "repository's variables")
    assert line["status"] == "warn"
    assert "403" in line["what"]
    assert "Variables: read" in line["what"]
    assert [entry["status"] for entry in by(results, "GitHub token")] == ["ok"]


def test_a_variable_that_is_no_value_is_named(set_up: SetUp) -> None:
    bare(set_up)
    set_up.github.world.variables["WAA_MATRIX_MAX_COST"] = "a lot"
    code, results = set_up.look()
    assert code == 2
    (line,) = by(results, "repository's variables")
    assert "a lot" in line["what"]
    assert by(results, "credential")[0]["status"] == "ok"


def test_nobody_signed_in_to_github_hides_nothing_of_azure(
    set_up: SetUp, programs: Programs
) -> None:
    programs.gh()
    set_up.environment |= {"WAA_MATRIX_GITHUB_TOKEN": "", "GITHUB_TOKEN": ""}
    code, results = set_up.look()
    assert code == 2
    assert {by(results, name)[0]["status"] for name in OF_AZURE} == {"ok"}
    assert {by(results, name)[0]["status"] for name in OF_GITHUB[:4]} == {"skipped"}
    assert (
        by(results, "GitHub token")[0]["what"]
        == "not checked: it needs a token, which is not given"
    )
    assert by(results, "gh")[0]["what"] == "2.102.0 is not signed in"
    assert by(results, "gh")[0]["fix"] == "gh auth login"


def test_an_outage_of_azure_hides_nothing_of_github(set_up: SetUp) -> None:
    defects.no_login(set_up)
    code, results = set_up.look()
    assert code == 4
    assert {entry["status"] for name in OF_GITHUB for entry in by(results, name)} == {"ok"}
    assert by(results, "subscription")[0]["status"] == "skipped"


def test_an_outage_of_github_hides_nothing_of_azure(set_up: SetUp) -> None:
    set_up.github.faults.add(Fault("GET", wound=Wound.REFUSE, status=502, times=10_000))
    code, results = set_up.look()
    assert code == 4
    assert {by(results, name)[0]["status"] for name in OF_AZURE} == {"ok"}
    assert by(results, "store")[0]["status"] == "ok"
    assert by(results, "GitHub token")[0]["status"] == "fail"


def test_a_subscription_that_may_not_be_read_hides_nothing_in_it(set_up: SetUp) -> None:
    forbidden = CloudFault(
        r"GET /?subscriptions/[\w-]+$", status=403, code="AuthorizationFailed", times=99
    )
    set_up.arm.faults.add(forbidden)
    code, results = set_up.look()
    assert code == 4
    assert by(results, "subscription")[0]["status"] == "fail"
    for name in ("resource group", "subnet in westeurope", "machine image", "machines"):
        assert by(results, name)[0]["status"] == "ok", name


@pytest.mark.parametrize(
    ("flag", "skipped", "still"),
    [
        ("--resource-group", ["resource group", "sweeper in Azure"], ["machines", "machine image"]),
        ("--machine-image", ["machine image", "image in westeurope"], ["machines", "cost"]),
        ("--store", ["store"], ["machines", "machine image", "cost", "prices"]),
        ("--subnet", ["subnet in westeurope", "way out of westeurope"], ["machines", "cost"]),
        ("--region", ["prices", "cost"], ["machine image", "resource group", "store"]),
    ],
)
def test_an_option_that_is_missing_skips_what_needs_it_alone(
    set_up: SetUp, flag: str, skipped: list[str], still: list[str]
) -> None:
    set_up.options.pop(flag)
    code, results = set_up.look()
    assert code == 2
    assert [entry for entry in by(results, "options") if flag in entry["what"]]
    for name in skipped:
        assert [entry["status"] for entry in by(results, name)] == ["skipped"], name
    assert [entry for entry in results if entry["status"] == "skipped" and flag in entry["what"]]
    for name in still:
        assert by(results, name)[0]["status"] == "ok", name


def test_a_first_boot_that_cannot_be_read_hides_no_price_and_no_store(set_up: SetUp) -> None:
    set_up.options["--cloud-init"] = ["/nowhere/cloud-init.yaml"]
    set_up.options["--store"] = ["s3://what"]
    code, results = set_up.look()
    assert code == 2
    said = " ".join(entry["what"] for entry in by(results, "options"))
    assert "/nowhere/cloud-init.yaml: cannot be read" in said
    assert "s3://what is no store that machines get a key to" in said
    assert by(results, "cost")[0]["status"] == "ok"
    set_up.options["--store"] = [(set_up.scratch / "store").as_uri()]
    assert by(set_up.look()[1], "store")[0]["status"] == "ok"


@pytest.mark.parametrize(
    ("remote", "result"),
    [
        ("https://github.com/octo/bench.git", "octo/bench"),
        ("https://github.com/octo/bench", "octo/bench"),
        ("https://user@github.com/octo/bench.git", "octo/bench"),
        ("git@github.com:octo/bench.git", "octo/bench"),
        ("ssh://git@github.com/octo/bench.git", "octo/bench"),
        ("ssh://git@github.com:22/octo/bench", "octo/bench"),
        ("https://example.org/octo/bench.git", "from/gh"),
        ("/srv/git/bench.git", "from/gh"),
    ],
)
def test_the_checkout_says_which_repository(
    programs: Programs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    remote: str,
    result: str,
) -> None:
    programs.gh(repository="from/gh")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    add = ["git", "-C", str(tmp_path), "remote", "add", "origin", remote]
    subprocess.run(add, check=True)
    monkeypatch.chdir(tmp_path)
    assert repository_here("https://api.github.com") == result


def test_an_enterprise_servers_checkout_is_one_too(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.gh()
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    remote = "git@git.example.org:octo/bench.git"
    subprocess.run(["git", "-C", str(tmp_path), "remote", "add", "origin", remote], check=True)
    monkeypatch.chdir(tmp_path)
    assert repository_here("https://git.example.org/api/v3") == "octo/bench"
    assert repository_here("https://api.github.com") == ""


def test_a_program_that_lacks_something_is_one_line_with_its_fix(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(programs.place))
    (programs.place / "sh").symlink_to("/bin/sh")
    for program, old in ((AZ, "2.61.0"), (GH, "2.23.0")):
        absent = program_finding(program)
        assert (absent.status, absent.what) == ("warn", "is not installed")
        assert f"{program.wanted} or newer: https://" in absent.fix
        programs.az(old, signed_in=True) if program is AZ else programs.gh("t", version=old)
        aged = program_finding(program)
        assert aged.what.startswith(f"{old} is too old: scripts/azure-setup needs {program.wanted}")
        assert f"{program.wanted} or newer: https://" in aged.fix
    programs.az("2.91.0", signed_in=False)
    assert program_finding(AZ).what == "2.91.0 is not signed in"
    programs.az("2.91.0", signed_in=True)
    assert (program_finding(AZ).status, program_finding(AZ).fix) == ("ok", "")
