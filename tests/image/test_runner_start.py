from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.image.machine import Sandbox

JIT = "eyJhbGciOi-the-config"

COPIES = [
    "var/lib/cloud/instances/i-1/user-data.txt",
    "var/lib/cloud/instances/i-1/user-data.txt.i",
    "var/lib/cloud/instances/i-1/cloud-config.txt",
    "var/lib/cloud/instances/i-1/vendor-data.txt",
    "var/lib/cloud/instances/i-1/obj.pkl",
    "var/lib/cloud/instances/i-1/scripts/runcmd",
    "var/lib/cloud/seed/nocloud/user-data",
    "run/cloud-init/combined-cloud-config.json",
    "run/cloud-init/instance-data-sensitive.json",
    "run/cloud-init/instance-data.json",
    "var/lib/waagent/ovf-env.xml",
    "var/lib/waagent/CustomData",
]

# Stands for the runner: says what it sees of its configuration, in its environment, in files and
# on the command lines of its process and of those above it.
STANDIN = """
{ printf 'env %s\\n' "$ACTIONS_RUNNER_INPUT_JITCONFIG" \
    "$ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE" "$HOME" "$USER"
  grep -rl the-config "$WAA_ROOT" --exclude-dir=seen --exclude=run.sh | sed 's/^/file /'
  tr '\\0' ' ' </proc/$$/cmdline; tr '\\0' ' ' </proc/$PPID/cmdline; echo "args $*"
} >"$WAA_ROOT/seen/runner"
"""


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    for name in COPIES:
        file = sandbox.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"custom data with {JIT}")
    (sandbox.state / "jit-config").write_text(f"{JIT}\n")
    (sandbox.root / "seen").mkdir()
    home = sandbox.root / "actions-runner"
    home.mkdir()
    (home / "run.sh").write_text(f"#!/bin/bash\n{STANDIN}")
    (home / "run.sh").chmod(0o755)
    sandbox.stub(
        "setpriv",
        'echo "$@" >$WAA_ROOT/seen/setpriv; while [ "$1" != -- ]; do shift; done; shift; exec "$@"',
    )
    sandbox.variables["WAA_RUNNER_HOME"] = str(home)
    return sandbox


def seen(machine: Sandbox) -> str:
    return (machine.root / "seen/runner").read_text()


def test_the_configuration_comes_by_environment_alone(machine: Sandbox) -> None:
    done = machine.run("waa-runner")
    assert done.returncode == 0
    lines = seen(machine).splitlines()
    assert lines[:4] == [f"env {JIT}", "env 1", "env /home/runner", "env runner"]
    assert not [line for line in lines[4:] if "the-config" in line]
    assert "the-config" not in (machine.root / "seen/setpriv").read_text()
    assert "the-config" not in done.stdout + done.stderr + machine.console


def test_every_copy_is_gone_before_the_runner_starts(machine: Sandbox) -> None:
    machine.run("waa-runner")
    assert not [line for line in seen(machine).splitlines() if line.startswith("file ")]
    assert not [name for name in COPIES if (machine.root / name).exists()]
    assert not (machine.state / "jit-config").exists()


def test_the_runner_is_not_root(machine: Sandbox) -> None:
    machine.run("waa-runner")
    words = (machine.root / "seen/setpriv").read_text().split()
    assert words[:5] == ["--reuid", "runner", "--regid", "runner", "--init-groups"]


def test_a_copy_that_stays_keeps_the_runner_from_starting(machine: Sandbox) -> None:
    machine.stub("rm", '[[ "$*" == *obj.pkl* ]] || exec /bin/rm "$@"')
    assert machine.run("waa-runner").returncode == 1
    assert not (machine.root / "seen/runner").exists()
    assert machine.powered_off
    assert "obj.pkl" in machine.console


@pytest.mark.parametrize("text", [None, "\n"])
def test_without_a_configuration_the_machine_ends(machine: Sandbox, text: str | None) -> None:
    if text is None:
        (machine.state / "jit-config").unlink()
    else:
        (machine.state / "jit-config").write_text(text)
    assert machine.run("waa-runner").returncode == 1
    assert machine.powered_off
    assert not (machine.root / "seen/runner").exists()


@pytest.mark.parametrize(
    ("result", "status", "words"),
    [
        ("success", "0", "runner done"),
        ("exit-code", "7", "refuses this version"),
        ("exit-code", "3", "status 3"),
    ],
)
def test_how_the_runner_ended_is_told(
    sandbox: Sandbox, result: str, status: str, words: str
) -> None:
    sandbox.run("waa-runner-over", SERVICE_RESULT=result, EXIT_STATUS=status)
    assert words in sandbox.console
