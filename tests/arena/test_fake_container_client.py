from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.arena.simulated import fake_container as standin
from orchestrator.arena.simulated.fake_container.guest import VirtualMachine
from orchestrator.arena.simulated.fake_container.screen import HEIGHT, WIDTH, desktop
from tests.arena.conftest import until
from tests.tiers import waa_data

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = Path(standin.__file__).parent
PROGRAM = (sys.executable, "-S", "-I", str(HOME / "__main__.py"), "client")
TREE = Path("results/pyautogui/a11y_tree/gpt-4o/0")
REAL_TASK = "9656a811-9b5b-4ddf-99c7-5117bcef0626-wos"


class Client:
    """Starts the stand-in's client in a directory, against a guest of this process."""

    def __init__(self, directory: Path, guest: VirtualMachine) -> None:
        self.directory = directory
        self.guest = guest

    def spawn(self, *flags: str, **setting: Any) -> subprocess.Popen[str]:
        reported = {"speed": 3000, "http": self.guest.addresses[0], **setting}
        return subprocess.Popen(
            [*PROGRAM, "--emulator_ip", "127.0.0.1", "--test_all_meta_path", "list.json", *flags],
            cwd=self.directory,
            env={"WAA_STANDIN": json.dumps(reported)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *flags: str, **setting: Any) -> tuple[int, str]:
        process = self.spawn(*flags, **setting)
        output = process.communicate(timeout=30)[0]
        return process.returncode, output

    def list(self, **lists: list[str]) -> None:
        (self.directory / "list.json").write_text(json.dumps(lists))


@pytest.fixture
def guest() -> Iterator[VirtualMachine]:
    entry = VirtualMachine(("127.0.0.1", 0), ("127.0.0.1", 0))
    entry.power_on()
    entry.boot()
    yield entry
    entry.die()


@pytest.fixture
def client(tmp_path: Path, guest: VirtualMachine) -> Client:
    entry = Client(tmp_path, guest)
    entry.list(chrome=["a"], vlc=["b", "c"])
    return entry


def finished(output: str) -> list[str]:
    return [line.rpartition("Finished ")[2] for line in output.splitlines() if "Finished" in line]


def test_the_list_is_worked_in_order_and_unknown_flags_are_ignored(client: Client) -> None:
    status, output = client.run("--agent_name", "navi", "--no-such-flag", "x", "--headless")
    assert status == 0
    assert finished(output) == ["chrome/a", "vlc/b", "vlc/c"]


def test_a_domain_can_be_chosen_and_the_flags_name_the_tree(client: Client) -> None:
    flags = ["--domain=vlc", "--model", "org/m", "--trial_id", "2", "--result_dir", "out"]
    assert client.run(*flags, "--observation_type", "som")[0] == 0
    places = sorted(client.directory.glob("out/pyautogui/som/org/m/2/*/*"))
    assert [place.name for place in places] == ["b", "c"]


@pytest.mark.parametrize("flags", [["--domain", "word"], ["--diff_lvl", "easy"]])
def test_a_bad_domain_or_difficulty_is_status_1(client: Client, flags: list[str]) -> None:
    assert client.run(*flags)[0] == 1


def test_a_task_with_a_result_is_skipped_and_one_without_is_emptied(client: Client) -> None:
    done, begun = client.directory / TREE / "vlc" / "b", client.directory / TREE / "vlc" / "c"
    for place in (done, begun):
        place.mkdir(parents=True)
        (place / "old.png").write_text("old")
    (done / "result.txt").write_text("0.25\n")

    status, output = client.run()

    assert status == 0
    assert finished(output) == ["chrome/a", "vlc/c"]
    assert (done / "result.txt").read_text() == "0.25\n"
    assert (done / "old.png").exists()
    assert not (begun / "old.png").exists()
    assert (begun / "result.txt").exists()


def test_of_several_workers_each_takes_a_contiguous_slice_and_resumes_nothing(
    client: Client,
) -> None:
    first = client.run("--num_workers", "2", "--worker_id", "0")[1]
    assert finished(first) == ["chrome/a", "vlc/b"]
    again = client.run("--num_workers", "2", "--worker_id", "0")[1]
    assert finished(again) == ["chrome/a", "vlc/b"]
    assert finished(client.run("--num_workers", "2", "--worker_id", "1")[1]) == ["vlc/c"]


def test_a_crashed_task_does_not_change_the_status_and_the_run_goes_on(client: Client) -> None:
    faults = json.dumps([{"kind": "reset-error", "task": "vlc/b"}])
    status, output = client.run(faults=faults)
    assert status == 0
    assert finished(output) == ["chrome/a", "vlc/c"]
    assert "ERROR" in output
    assert not (client.directory / TREE / "vlc" / "b" / "result.txt").exists()


def test_sigterm_exits_0(client: Client) -> None:
    process = client.spawn(faults='[{"kind": "hang", "step": 0}]')
    until((client.directory / TREE / "chrome" / "a").exists)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_download_cut_short_poisons_the_next_run_in_the_same_directory(client: Client) -> None:
    faults = '[{"kind": "die", "step": 0, "task": "chrome/a", "attempt": 1}]'
    assert client.run("--domain", "chrome", faults=faults)[0] == -signal.SIGKILL
    note = {"attempt": 2}
    (client.directory / "attempt.json").write_text(json.dumps(note))
    output = client.run("--domain", "chrome", faults=faults)[1]
    assert "File is not a zip file" in output
    assert finished(output) == []


def test_the_client_waits_for_ever_for_a_guest_that_is_not_there(
    client: Client, guest: VirtualMachine
) -> None:
    guest.die()
    process = client.spawn(speed=100000)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(20)]
    process.kill()
    process.communicate()
    assert lines == ["Waiting for the server...\n"] * 20


def test_the_client_imports_little() -> None:
    """It starts once a task, on machines that have something else to do."""
    program = (
        f"import sys; sys.path.insert(0, {str(HOME.parent)!r}); import fake_container.client;"
        "print(*sorted(name.partition('.')[0] for name in sys.modules))"
    )
    run = [sys.executable, "-S", "-I", "-c", program]
    loaded = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    heavy = {"asyncio", "argparse", "dataclasses", "http", "logging", "random", "socket", "ssl"}
    assert heavy.isdisjoint(loaded)
    assert {"orchestrator", "subprocess", "site"}.isdisjoint(loaded)


def test_screenshots_are_pngs_that_change_with_the_step() -> None:
    first, second = desktop(5, 1), desktop(5, 2)
    assert first != second
    for image in (first, second):
        assert image.startswith(b"\x89PNG\r\n\x1a\n")
        assert len(image) < 20_000
        start = image.index(b"IDAT") + 4
        size = int.from_bytes(image[start - 8 : start - 4], "big")
        assert len(zlib.decompress(image[start : start + size])) == HEIGHT * (WIDTH // 2 + 1)


@pytest.mark.waa
def test_the_tree_is_like_the_real_clients(client: Client) -> None:
    import tarfile

    data = waa_data()
    assert data is not None
    real = client.directory / "real"
    for name in ("tree.tar.gz", "faults.tar.gz"):
        with tarfile.open(data / name) as archive:
            archive.extractall(real / name, filter="data")
    client.list(chrome=[REAL_TASK])
    client.run("--max_steps", "2")

    theirs = next((real / "tree.tar.gz").rglob(REAL_TASK))
    ours = client.directory / TREE / "chrome" / REAL_TASK
    assert kinds_of_files(ours) == kinds_of_files(theirs)
    assert keys(ours) == [wanted - {"foreground"} for wanted in keys(theirs)]
    logged = {place for log in real.rglob("logs/task-*.log") for place in places(log.read_text())}
    assert shapes(ours) <= logged | {"lib_run_single/77", "setup/212"}


def places(log: str) -> list[str]:
    """Return the places that a real client's log names; tracebacks stand between its lines."""
    return re.findall(r"\x1b\[32m(\S+/[0-9]+)-MainProcess", log)


def kinds_of_files(directory: Path) -> set[str]:
    names = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    return {"".join("#" if char.isdigit() else char for char in name) for name in names}


def keys(directory: Path) -> list[set[str]]:
    return [set(json.loads(line)) for line in (directory / "traj.jsonl").read_text().splitlines()]


def shapes(directory: Path) -> set[str]:
    """Return the places that log, having checked the colours around them."""
    log = next((directory / "logs").iterdir()).read_text()
    result = set()
    for line in log.splitlines():
        head, _, rest = line.partition("-MainProcess\x1b[1;33m] \x1b[0m")
        assert head.startswith("\x1b[1;33m[20")
        assert rest
        result.add(head.rpartition("\x1b[32m")[2])
    return result
