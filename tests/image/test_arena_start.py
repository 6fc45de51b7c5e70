from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from orchestrator.arena.winarena.docker_commands import Container, entry_command, run_container
from orchestrator.arena.winarena.machine import Owner

if TYPE_CHECKING:
    from tests.image.machine import Sandbox

LOG = 'printf "%q " "$@" >>$WAA_ROOT/docker; echo >>$WAA_ROOT/docker\n'
FACTS = {"WAA_ARENA_IMAGE": "arena:1", "WAA_GUEST_CORES": "4", "WAA_GUEST_RAM_GB": "8"}


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    srv = sandbox.root / "srv"
    (srv / "disk/golden").mkdir(parents=True)
    (srv / "disk/golden/data.img").write_text("windows")
    sandbox.stub("docker", LOG)
    sandbox.variables |= {**FACTS, "WAA_SHM_GB": "16", "WAA_SRV": str(srv)}
    return sandbox


def started(machine: Sandbox) -> list[str]:
    lines = (machine.root / "docker").read_text().splitlines()
    return next((shlex.split(line) for line in lines if line.startswith("run ")), [])


def pairs(command: list[str]) -> set[tuple[str, str]]:
    """Return the flags with their values, without what names this one container."""
    at = command.index("--entrypoint")
    flags = [entry for entry in command[1:at] if entry != "--detach"]
    results = set(zip(flags[::2], flags[1::2], strict=True))
    return {(flag, value) for flag, value in results if flag not in ("--name", "--label")}


def test_the_container_is_the_one_that_a_worker_would_start(machine: Sandbox) -> None:
    assert machine.run("waa-arena").returncode == 0
    srv = machine.variables["WAA_SRV"]
    worker = Container(
        name="any",
        image="arena:1",
        run="nightly",
        worker="w",
        owner=Owner("1", "2", "3"),
        cores=4,
        ram_gb=8,
        shm_gb=16,
        desk=f"{srv}/work",
        storage=f"{srv}/disk/prewarmed",
        client=f"{srv}/client",
    )
    wanted, texts = run_container(worker), started(machine)
    assert pairs(texts) == pairs(wanted)
    assert texts[texts.index("--entrypoint") :] == wanted[wanted.index("--entrypoint") :]
    assert texts[-1] == shlex.join(entry_command())
    assert texts[texts.index("--name") + 1] == "waa-arena"


def test_it_carries_no_key_and_not_the_golden_image_itself(machine: Sandbox) -> None:
    machine.run("waa-arena", OPENAI_API_KEY="sk-secret")
    line = shlex.join(started(machine))
    assert "sk-secret" not in line
    assert "OPENAI" not in line
    assert "disk/golden" not in line
    copy = machine.root / "srv/disk/prewarmed/data.img"
    assert copy.read_text() == "windows"


def test_a_stand_in_gets_no_kvm_and_no_windows(machine: Sandbox) -> None:
    machine.stub("docker", LOG + '[[ $* != *simulated* ]] || echo true')  # fmt: skip
    (machine.root / "srv/disk/golden/data.img").unlink()
    assert machine.run("waa-arena").returncode == 0
    assert "--device" not in started(machine)
    assert "/storage" not in shlex.join(started(machine))


def test_a_simulated_arena_has_no_container(machine: Sandbox) -> None:
    assert machine.run("waa-arena", WAA_ARENA_KIND="simulated").returncode == 0
    assert not (machine.root / "docker").exists()


@pytest.mark.parametrize(
    ("docker", "golden", "words"),
    [
        ('[[ $1 != image && $1 != load ]]', True, "is not on this machine"),
        ("true", False, "no golden Windows image"),
        ('[[ $1 != run ]] || { echo no such device >&2; exit 125; }', True, "no such device"),
    ],
)  # fmt: skip
def test_an_arena_that_cannot_start_is_told_and_ends_the_machine(
    machine: Sandbox, docker: str, words: str, *, golden: bool
) -> None:
    machine.stub("docker", docker)
    if not golden:
        (machine.root / "srv/disk/golden/data.img").unlink()
    assert machine.run("waa-arena").returncode == 1
    assert machine.powered_off
    assert words in machine.console


def test_a_client_is_placed_into_the_mounted_directory_itself(sandbox: Sandbox) -> None:
    mounted, tree = sandbox.root / "client", sandbox.root / "tree"
    mounted.mkdir()
    (mounted / "old.py").touch()
    tree.mkdir()
    (tree / "run.py").write_text("new")
    inode = mounted.stat().st_ino
    assert sandbox.run("waa-place-client", str(tree), WAA_CLIENT=str(mounted)).returncode == 0
    assert mounted.stat().st_ino == inode
    assert [path.name for path in mounted.iterdir()] == ["run.py"]


def test_a_directory_without_a_client_replaces_nothing(sandbox: Sandbox) -> None:
    mounted = sandbox.root / "client"
    mounted.mkdir()
    (mounted / "run.py").touch()
    done = sandbox.run("waa-place-client", str(sandbox.root), WAA_CLIENT=str(mounted))
    assert done.returncode == 2
    assert (mounted / "run.py").exists()


@pytest.mark.parametrize(
    ("cores", "reported"), [("8", "AllowedCPUs=1-7"), ("2", "AllowedCPUs=1-1")]
)
def test_a_core_is_kept_for_the_runner(sandbox: Sandbox, cores: str, reported: str) -> None:
    sandbox.stub("systemctl", 'echo "$@"')
    said = sandbox.run("waa-cores", WAA_CORES=cores).stdout
    assert said == f"set-property --runtime waa-arena.slice {reported}\n"
