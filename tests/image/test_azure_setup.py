"""What of azure-setup needs no ``az`` and ``gh``; the tier ``azgh`` tries it with the real ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.fleet.identity import expiry
from tests.image.machine import REPOSITORY
from tests.image.workflow_language import evaluate

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = REPOSITORY / "scripts" / "azure-setup"
FILES = REPOSITORY / "scripts" / "azure_setup"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A path with Python alone on it."""
    (tmp_path / "python3").symlink_to(sys.executable)
    return tmp_path


def run(programs: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # `env` itself, in the script's first line, is named by its path.
    return subprocess.run(
        [str(SCRIPT), *arguments],
        env={"PATH": str(programs), "HOME": str(programs)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def put(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


TARGET = ("--repository", "octo/bench", "--region", "westeurope")


def test_missing_programs_are_told_at_once_with_the_least_version(programs: Path) -> None:
    done = run(programs, *TARGET)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(
        "azure-setup: az is not installed: 2.72 or newer is needed, see http"
    )
    assert lines[1].startswith(
        "azure-setup: gh is not installed: 2.32 or newer is needed, see http"
    )


def test_programs_that_are_too_old_are_told_so(programs: Path) -> None:
    """Debian 12's gh, which has no ``variable``, and an az whose listing goes through Graph."""
    put(programs, "gh", 'echo "gh version 2.23.0 (2023-02-27 Debian 2.23.0+dfsg1-1)"')
    put(programs, "az", """echo '{"azure-cli": "2.45.0", "id": "sub", "tenantId": "ten"}'""")
    done = run(programs, *TARGET)
    assert done.returncode == 2
    assert "az is 2.45.0: 2.72 or newer is needed" in done.stderr
    assert "gh is 2.23.0: 2.32 or newer is needed" in done.stderr


def test_a_dry_run_shows_every_command_where_nobody_can_be_asked(programs: Path) -> None:
    done = run(programs, *TARGET, "--dry-run")
    assert done.returncode == 0, done.stderr
    shown = [line for line in done.stdout.splitlines() if line.startswith("+ ")]
    assert sum(line.startswith("+ az role definition create") for line in shown) == 4
    assert "not judged: az is not installed" in done.stderr
    assert "NAT gateway" in done.stdout


def test_every_problem_of_a_command_line_is_told_at_once(programs: Path) -> None:
    done = run(programs, "--region", "West Europe", "--account", "No", "--what", "--max-cost", "0")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 5
    for word in ("--repository", "--region", "--account", "--what", "--max-cost"):
        assert word in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--app-key", "/nowhere"),
        ("--token", "/nowhere"),
        ("--group", "a group"),
        ("--delete-store", "waaruns"),
        ("--max-cost", "much"),
        ("--region",),
    ],
)
def test_a_wrong_command_line_asks_nobody(programs: Path, arguments: tuple[str, ...]) -> None:
    for name in ("az", "gh"):
        put(programs, name, f"echo called >>{programs}/calls")
    assert run(programs, *TARGET, *arguments).returncode == 2
    assert not (programs / "calls").exists()


def test_it_needs_nothing_but_python_itself() -> None:
    """It runs before anything is installed."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), "--help"],
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "--delete-gallery" in done.stdout


def test_roles_have_no_way_to_more_rights() -> None:
    for file in FILES.glob("role-*.json"):
        role = json.loads(file.read_text())
        assert all(scope.startswith("/subscriptions/@SUB") for scope in role["AssignableScopes"])
        assert not [action for action in role["Actions"] if "Authorization" in action]
        assert "*" not in role["Actions"]


def test_the_reaper_creates_nothing_and_the_run_deletes_no_evidence() -> None:
    reaper = json.loads((FILES / "role-reaper.json").read_text())
    assert {action.rpartition("/")[2] for action in reaper["Actions"]} == {"read", "delete"}
    run_role = json.loads((FILES / "role-run.json").read_text())
    assert not [action for action in run_role["DataActions"] if action.endswith("delete")]


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


MACHINE_KIND = "Microsoft.Compute/virtualMachines"
NOW = 1_800_000_000


def swept(*tags: dict[str, str] | None) -> list[int]:
    """Return which of some machines, by their tags, the second sweeper takes."""
    (flow,) = json.loads((FILES / "sweeper.json").read_text())["resources"]
    actions = flow["properties"]["definition"]["actions"]
    given = {name: entry["value"] for name, entry in flow["properties"]["parameters"].items()}
    listed = [
        {"id": number, "type": MACHINE_KIND, "tags": entry} for number, entry in enumerate(tags)
    ]
    answers: dict[str, Any] = {"list": {"value": listed}}
    for name in ("timed", "expired"):
        assert set(actions[name]["runAfter"]) <= set(answers)
        inputs, values = actions[name]["inputs"], {"parameters": given, "body": answers}
        answers[name] = [
            item
            for item in evaluate(inputs["from"], values, NOW)
            if evaluate(inputs["where"], {**values, "item": item}, NOW)
        ]
    assert actions["each"]["foreach"] == "@body('expired')"
    return [item["id"] for item in answers["expired"]]


def expiring(text: str) -> dict[str, str]:
    return {"waa-expires-at": text}


def test_the_second_sweeper_takes_what_has_expired_and_nothing_else() -> None:
    assert swept(expiring(str(NOW - 1)), expiring(str(NOW)), expiring(str(NOW + 1))) == [0]
    assert swept(None, {}, {"waa-expires-at-all": "1"}, expiring("1")) == [3]


@pytest.mark.parametrize(
    "garbage",
    ["", "soon", "2026-11-30", "1e9", "1.5", "0x10", "-5", "+5", " 5", "5 ", "9" * 30, "1" * 30],
)
def test_a_tag_that_is_no_time_stops_no_sweep_and_is_no_proof_of_age(garbage: str) -> None:
    """What the reaper does not read as a time, the second sweeper does not either."""
    assert expiry(expiring(garbage)) is None
    assert swept(expiring(garbage), expiring(str(NOW - 1)), expiring(garbage)) == [1]
