from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import cli
from tests.image.machine import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "azure-setup"
FILES = REPOSITORY / "scripts" / "azure_setup"
KEY = "-----BEGIN RSA PRIVATE KEY-----secret"
TOKEN = "github_pat_a-token-that-must-not-show"


class Setup:
    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("az", "gh"):
            (root / name).symlink_to(Path(__file__).with_name("recorded_cloud.py"))
        (root / "key.pem").write_text(KEY)
        (root / "token").write_text(TOKEN)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        python = Path(sys.executable).parent
        return subprocess.run(
            [str(SCRIPT), "--repository", "octo/bench", "--region", "westeurope", *arguments],
            env={
                "PATH": f"{self.root}:{python}:{os.environ['PATH']}",
                "RECORDED": str(self.root),
                "AZURE_SETUP_PAUSE": "0",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def before_az(self, script: str) -> None:
        """Put a shell fragment before ``az``: it may end the call, or let it through."""
        real = self.root / "real"
        real.mkdir()
        (self.root / "az").rename(real / "az")
        (self.root / "az").write_text(f'#!/bin/sh\n{script}\nexec {real}/az "$@"\n')
        (self.root / "az").chmod(0o755)

    @property
    def variables(self) -> dict[str, str]:
        """What the repository's own variables were set to."""
        words = [shlex.split(line) for line in self.calls if line.startswith("gh variable set")]
        return {one[3]: one[one.index("--body") + 1] for one in words if "--env" not in one}

    @property
    def calls(self) -> list[str]:
        file = self.root / "calls"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


def test_a_second_run_changes_nothing(setup: Setup) -> None:
    app = ("--app-id", "12", "--app-key", str(setup.root / "key.pem"))
    first = setup.run(*app)
    assert first.returncode == 0, first.stderr
    made = setup.calls
    assert len(made) > 40
    second = setup.run(*app)
    assert second.returncode == 0, second.stderr
    assert setup.calls == made
    assert "\n+ " not in second.stdout


def test_one_more_region_adds_its_network_and_tells_the_workflows(setup: Setup) -> None:
    setup.run()
    before = len(setup.calls)
    setup.run("--region", "northeurope")
    added = setup.calls[before:]
    assert {line.split(" --")[0] for line in added if line.startswith("az ")} == {
        "az network nsg create",
        "az network nsg rule create",
        "az network public-ip create",
        "az network nat gateway create",
        "az network vnet create",
        "az network vnet subnet create",
    }
    told = {line.split()[3] for line in added if line.startswith("gh ")}
    assert told == {"WAA_MATRIX_SUBNETS", "WAA_MATRIX_REGIONS"}


def test_a_dry_run_prints_every_command_and_asks_nobody(setup: Setup) -> None:
    (setup.root / "az").unlink()
    (setup.root / "az").write_text("#!/bin/sh\nexit 66\n")
    (setup.root / "az").chmod(0o755)
    done = setup.run("--dry-run")
    assert done.returncode == 0
    shown = [line for line in done.stdout.splitlines() if line.startswith("+ ")]
    assert setup.calls == []
    assert sum(line.startswith("+ az role definition create") for line in shown) == 4
    assert "NAT gateway" in done.stdout


def test_the_private_key_is_on_no_command_line(setup: Setup) -> None:
    done = setup.run("--app-id", "12", "--app-key", str(setup.root / "key.pem"))
    assert (setup.root / "secret").read_text() == KEY
    assert "BEGIN" not in done.stdout + done.stderr
    assert not [line for line in setup.calls if "BEGIN" in line]


def test_an_identity_is_had_in_its_own_environment_alone(setup: Setup) -> None:
    setup.run()
    environments = [line for line in setup.calls if "/environments/" in line]
    assert [line.rpartition("/")[2] for line in environments] == [
        "waa-matrix-run",
        "waa-matrix-reaper",
        "waa-matrix-image",
    ]
    assert not [line for line in environments if "reviewers" in line]


def test_nothing_comes_in_and_no_trusted_launch(setup: Setup) -> None:
    setup.run()
    (rule,) = [line for line in setup.calls if "nsg rule create" in line]
    assert "--direction Inbound --access Deny" in rule
    (subnet,) = [line for line in setup.calls if "subnet create" in line]
    assert "--nat-gateway waa-westeurope" in subnet
    assert "--default-outbound-access false" in subnet
    (definition,) = [line for line in setup.calls if "image-definition create" in line]
    assert "SecurityType=Standard" in definition


def test_roles_are_filled_in_and_have_no_way_to_more_rights(setup: Setup) -> None:
    setup.run()
    for role in ("run", "offers", "reaper", "image"):
        text = (setup.root / f"role-{role}.json").read_text()
        filled = json.loads(text)
        assert "@" not in text
        assert all(scope.startswith("/subscriptions/sub-1") for scope in filled["AssignableScopes"])
        assert not [action for action in filled["Actions"] if "Authorization" in action]
        assert "*" not in filled["Actions"]


def test_the_reaper_creates_nothing_and_the_run_deletes_no_evidence() -> None:
    reaper = json.loads((FILES / "role-reaper.json").read_text())
    assert {action.rpartition("/")[2] for action in reaper["Actions"]} == {"read", "delete"}
    run = json.loads((FILES / "role-run.json").read_text())
    assert not [one for one in run["DataActions"] if one.endswith("delete")]


def test_the_second_sweeper_deletes_by_expiry_every_kind_of_part() -> None:
    (flow,) = json.loads((FILES / "sweeper.json").read_text())["resources"]
    actions = flow["properties"]["definition"]["actions"]
    assert "waa-expires-at" in actions["expired"]["inputs"]["where"]
    assert actions["each"]["actions"]["delete"]["inputs"]["method"] == "DELETE"
    kinds = flow["properties"]["parameters"]["versions"]["value"]
    assert {kind.partition("/")[2] for kind in kinds} == {
        "virtualmachines",
        "disks",
        "networkinterfaces",
        "publicipaddresses",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("--what",),
        ("--app-key", "/nowhere"),
        ("--token", "/nowhere"),
        ("--region", "West Europe"),
        ("--account", "Not-A-Name"),
    ],
)
def test_a_wrong_command_line_does_nothing(setup: Setup, arguments: tuple[str, ...]) -> None:
    assert setup.run(*arguments).returncode == 2
    assert setup.calls == []


def test_a_command_that_fails_is_named(setup: Setup) -> None:
    setup.before_az('case "$*" in *"sig create"*) exit 1;; esac')
    done = setup.run()
    assert done.returncode == 4
    assert "this command failed" in done.stderr


def test_a_question_that_fails_is_not_taken_for_no(setup: Setup) -> None:
    """Or a second application would be made of each whenever the network falters."""
    setup.before_az('case "$*" in *"ad app list"*) echo "503 busy" >&2; exit 1;; esac')
    done = setup.run()
    assert done.returncode == 4
    assert "could not be asked: az ad app list" in done.stderr
    assert "503 busy" in done.stderr
    assert not [line for line in setup.calls if "ad app create" in line]


def test_an_assignment_waits_until_its_role_is_known(setup: Setup) -> None:
    counter = setup.root / "refused"
    setup.before_az(
        f'case "$*" in *"role assignment create"*) if [ ! -e {counter} ]; then touch {counter};'
        ' echo "role does not exist" >&2; exit 1; fi;; esac'
    )
    done = setup.run()
    assert done.returncode == 0, done.stderr
    assert counter.exists()
    assert len([line for line in setup.calls if "role assignment create" in line]) == 5


def test_who_is_not_signed_in_is_told_so(setup: Setup) -> None:
    setup.before_az('case "$*" in "account show"*) exit 1;; esac')
    done = setup.run()
    assert (done.returncode, setup.calls) == (2, [])
    assert "az login" in done.stderr


def test_the_services_and_the_feature_are_registered_once(setup: Setup) -> None:
    setup.run()
    registered = [line for line in setup.calls if " register " in line]
    assert len(registered) == 5
    assert "az feature register --namespace Microsoft.Compute" in registered[-1]
    assert "UseStandardSecurityType" in registered[-1]


def test_a_role_that_says_something_else_is_corrected(setup: Setup) -> None:
    setup.run()
    state = json.loads((setup.root / "state.json").read_text())
    (key,) = [key for key in state if "role definition" in key and "reaper" in key]
    state[key] = "Microsoft.Compute/virtualMachines/read"
    (setup.root / "state.json").write_text(json.dumps(state))
    before = len(setup.calls)
    setup.run()
    (call,) = setup.calls[before:]
    assert call.startswith("az role definition update")
    assert "role-reaper.json" in call


def test_a_new_region_gets_a_replica_of_the_newest_image(setup: Setup) -> None:
    setup.run()
    state = json.loads((setup.root / "state.json").read_text())
    state["az sig image-version waa_matrix waa-machine"] = "2026.1101.1"
    state["az sig image-version waa_matrix waa-machine 2026.1101.1"] = "West Europe=3"
    (setup.root / "state.json").write_text(json.dumps(state))
    before = len(setup.calls)
    setup.run()
    assert setup.calls[before:] == []
    setup.run("--region", "northeurope")
    (update,) = [line for line in setup.calls[before:] if "image-version update" in line]
    assert update.endswith("--target-regions westeurope=3 northeurope=1")


def test_a_token_may_stand_for_the_app(setup: Setup) -> None:
    done = setup.run("--token", str(setup.root / "token"))
    assert done.returncode == 0, done.stderr
    secrets = [line for line in setup.calls if line.startswith("gh secret set")]
    assert [line.split(" --env ")[1] for line in secrets] == ["waa-matrix-run", "waa-matrix-reaper"]
    assert all("WAA_MATRIX_GITHUB_TOKEN" in line for line in secrets)
    assert (setup.root / "secret").read_text() == TOKEN
    assert TOKEN not in done.stdout + done.stderr + "".join(setup.calls)


def test_the_variables_are_those_that_the_commands_read(setup: Setup) -> None:
    """Every name is one that ``provision`` takes, or that the image's build does."""
    setup.run("--app-id", "12", "--app-key", str(setup.root / "key.pem"))
    done = CliRunner().invoke(cli, ["provision", "--help"], terminal_width=1000)
    read = set(re.findall(r"\[env: (\w+)\]", done.output))
    building = {"WAA_MATRIX_IMAGE_RESOURCE_GROUP", "WAA_MATRIX_GOLDEN_STORE"}
    assert set(setup.variables) <= read | building | {"WAA_MATRIX_APP_ID"}
    assert {"WAA_MATRIX_SUBNETS", "WAA_MATRIX_REGIONS", "WAA_MATRIX_STORE"} <= read
    sites = setup.variables["WAA_MATRIX_SUBNETS"].split()
    assert [site.partition("=")[0] for site in sites] == setup.variables[
        "WAA_MATRIX_REGIONS"
    ].split()


def test_a_runs_identity_does_not_reach_the_gallery_or_the_golden_image(setup: Setup) -> None:
    setup.run()
    scopes = {
        re.search(r"'WAA Matrix ([\w ]+) \(", line)[1]: line.rpartition("/")[2]  # type: ignore[index]
        for line in setup.calls
        if "role assignment create" in line and "waa-sweeper" not in line
    }
    assert scopes == {
        "run": "waa-matrix",
        "offers": "sub-1",
        "reaper": "waa-matrix",
        "image build": "waa-matrix-image",
    }
    golden = [line for line in setup.calls if "storage account create" in line and "gold " in line]
    assert ["--resource-group waa-matrix-image" in line for line in golden] == [True]
