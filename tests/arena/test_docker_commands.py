from __future__ import annotations

import shlex
from dataclasses import replace

from orchestrator.arena.simulated.fake_container.entry import _DEFAULTS as ENTRY_FLAGS
from orchestrator.arena.winarena import docker_commands as commands
from orchestrator.arena.winarena.machine import Owner

CONTAINER = commands.Container(
    name="waa-matrix-w1",
    image="windowsarena/winarena:latest",
    run="r7",
    worker="w1",
    owner=Owner("41", "900", "b-o-o-t"),
    cores=8,
    ram_gb=8,
    shm_gb=16,
    desk="/srv/w1",
    storage="/srv/copy",
    client="/srv/client",
)


def values(command: list[str], flag: str) -> list[str]:
    return [command[index + 1] for index, word in enumerate(command) if word == flag]


def test_a_container_has_what_windows_needs() -> None:
    command = commands.run_container(CONTAINER)
    assert command[:2] == ["run", "--detach"]
    assert values(command, "--device") == ["/dev/kvm"]
    assert values(command, "--cap-add") == ["NET_ADMIN"]
    assert values(command, "--env") == ["RAM_SIZE=8G", "CPU_CORES=8"]
    assert values(command, "--shm-size") == ["16g"]
    assert values(command, "--mount") == [
        "type=bind,source=/srv/w1,target=/waa-matrix",
        "type=bind,source=/srv/copy,target=/storage",
        "type=bind,source=/srv/client,target=/client,readonly",
    ]


def test_every_port_is_published_on_loopback_alone() -> None:
    published = values(commands.run_container(CONTAINER), "--publish")
    assert published
    assert all(port.startswith("127.0.0.1::") for port in published)
    assert "--network" not in commands.run_container(CONTAINER)


def test_the_labels_tell_whose_it_is() -> None:
    assert values(commands.run_container(CONTAINER), "--label") == [
        "waa-matrix.run=r7",
        "waa-matrix.worker=w1",
        "waa-matrix.pid=41",
        "waa-matrix.pid-start=900",
        "waa-matrix.boot=b-o-o-t",
        "waa-matrix.storage=/srv/copy",
    ]


def test_entry_is_given_only_flags_it_knows_and_starts_no_client() -> None:
    command = commands.run_container(CONTAINER)
    assert values(command, "--entrypoint") == ["/bin/bash"]
    program, *words = shlex.split(command[-1])
    assert program == "./entry.sh"
    flags = dict(zip(words[::2], words[1::2], strict=True))
    assert flags.keys() <= ENTRY_FLAGS.keys()
    assert (flags["--start-client"], flags["--clean-results"]) == ("false", "false")


def test_a_stand_in_needs_no_kvm_and_nothing_is_mounted_that_is_not_there() -> None:
    command = commands.run_container(replace(CONTAINER, kvm=False, storage="", client=""))
    assert "--device" not in command
    assert len(values(command, "--mount")) == 1


def test_keys_are_named_and_never_spelled() -> None:
    call = commands.ClientCall("c", "m4rk", "/waa-matrix/a/work", ["--x", "a b"], {"KEY": "v4lue"})
    command = commands.run_client(call)
    assert values(command, "--env") == ["WAA_MATRIX_TASK=m4rk", "KEY"]
    assert "v4lue" not in " ".join(command)
    assert values(command, "--workdir") == ["/waa-matrix/a/work"]
    assert command[-3:] == ["python", "--x", "a b"]


def test_a_fork_with_requirements_runs_in_its_own_environment() -> None:
    call = commands.ClientCall("c", "m", "/w", ["--x"], venv=True)
    assert commands.run_client(call)[-2:] == ["/waa-matrix-venv/bin/python", "--x"]
    install = commands.make_venv("c", "/client/odd name; rm -rf.txt")
    assert install[-1] == "/client/odd name; rm -rf.txt"
    assert "odd name" not in install[-3]


def test_container_names_are_what_docker_takes() -> None:
    assert commands.container_name("w/1:x") == "waa-matrix-w-1-x"
