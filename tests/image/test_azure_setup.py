from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image.machine import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "azure-setup"
FILES = REPOSITORY / "scripts" / "azure_setup"
KEY = "-----BEGIN RSA PRIVATE KEY-----secret"


class Setup:
    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("az", "gh"):
            (root / name).symlink_to(Path(__file__).with_name("recorded_cloud.py"))
        (root / "key.pem").write_text(KEY)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        python = Path(sys.executable).parent
        return subprocess.run(
            [str(SCRIPT), "--repository", "octo/bench", "--region", "westeurope", *arguments],
            env={"PATH": f"{self.root}:{python}:{os.environ['PATH']}", "RECORDED": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

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
    assert "secret" not in done.stdout.replace("gh secret set", "") + done.stderr
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


@pytest.mark.parametrize("arguments", [("--what",), ("--app-key", "/nowhere")])
def test_a_wrong_command_line_does_nothing(setup: Setup, arguments: tuple[str, ...]) -> None:
    assert setup.run(*arguments).returncode == 2
    assert setup.calls == []


def test_a_command_that_fails_is_named(setup: Setup) -> None:
    real = setup.root / "real"
    real.mkdir()
    (setup.root / "az").rename(real / "az")
    (setup.root / "az").write_text(
        f'#!/bin/sh\ncase "$*" in *"sig create"*) exit 1;; esac\nexec {real}/az "$@"\n'
    )
    (setup.root / "az").chmod(0o755)
    done = setup.run()
    assert done.returncode == 4
    assert "this command failed" in done.stderr
