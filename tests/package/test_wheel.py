"""The wheel outside a checkout, with the extra ``azure`` and without it."""

from __future__ import annotations

import tomllib
import zipfile
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement

from orchestrator.store.extra import INSTALL, MODULES
from tests.compute.conftest import ca_file  # noqa: F401  # fixtures are found by name
from tests.fakes.arm.catalogue import GROUP, SUBSCRIPTION, image_id, subnet_id
from tests.fakes.arm.identity import CLIENT, TENANT
from tests.fakes.arm.server import FakeArm
from tests.fakes.arm.world import MACHINE
from tests.fakes.github import FakeGitHub
from tests.package.installed import ROOT, Installed, build, install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REPOSITORY = "octo/bench"
TOKEN = {"GITHUB_REPOSITORY": REPOSITORY, "WAA_MATRIX_GITHUB_TOKEN": "ghp_a-token"}
AZURE = {"AZURE_SUBSCRIPTION_ID": SUBSCRIPTION, "AZURE_TENANT_ID": TENANT}
NOBODY = {
    "GITHUB_API_URL": "http://127.0.0.1:9",
    "AZURE_CLIENT_ID": CLIENT,
    "ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:9",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "none",
}
"""Addresses at which nobody answers: no test asks the world."""
FLEET = [
    *("--github-run", "500", "--store", "az://results", "--offline", "--region", "westeurope"),
    *("--subnet", f"westeurope={subnet_id('westeurope')}", "--machine-image", image_id()),
    *("--resource-group", GROUP),
]
CLOUD = {
    "provision": ["provision", "--workers", "2", *FLEET],
    "supervise": ["supervise", "--shards", "2", *FLEET],
    "teardown": ["teardown", "--github-run", "500", "--resource-group", GROUP],
    "reap": ["reap", "--resource-group", GROUP],
    "fleet status": ["fleet", "status", "--github-run", "500", "--resource-group", GROUP],
    "doctor": ["doctor", *FLEET[2:]],
    "status": ["status", "--store", "az://results", "--run", "waa-500"],
    "watch": ["watch", "--store", "az://results", "--run", "waa-500"],
    "report": ["report", "--store", "az://results", "--run", "waa-500", "--out", "out"],
    "evidence": ["evidence", "get", "notepad/x", "--store", "az://results", "--run", "waa-500"],
    "history show": ["history", "show", "--store", "az://results"],
    "history add": ["history", "add", "az://results/waa-500", "--store", "az://results"],
    "compare": ["compare", "az://results/waa-500", "az://results/waa-501"],
    "compare with a history": ["compare", "az://results/waa-500", "--history", "az://results"],
    "publish": ["publish", "results.json", "--history", "az://results"],
    "plan": ["plan", "--durations-from", "az://results"],
}
"""Each command that signs in to Azure, with nothing missing but the libraries."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(wheel, tmp_path_factory.mktemp("bare") / "env")


@pytest.fixture(scope="module")
def whole(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(wheel, tmp_path_factory.mktemp("whole") / "env", "azure")


@pytest.fixture
def arm() -> FakeArm:
    return FakeArm()


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub(repository=REPOSITORY) as fake:
        fake.add_run(500)
        yield fake


def test_the_environment_holds_nothing_of_the_checkout(bare: Installed, whole: Installed) -> None:
    for installed in (bare, whole):
        done = installed.program("import orchestrator; print(orchestrator.__file__)")
        assert done.stdout.startswith(str(installed.place)), done.stderr
    assert bare.program("import azure.core").returncode != 0
    assert whole.program("import azure.mgmt.compute, azure.storage.blob").returncode == 0


def test_what_is_no_module_is_in_the_wheel(wheel: Path) -> None:
    """Every file of the package that is read at run time, and the machine's first boot."""
    held = set(zipfile.ZipFile(wheel).namelist())
    package = ROOT / "orchestrator"
    files = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files <= held
    assert zipfile.ZipFile(wheel).read("orchestrator/cloud-init.yaml") == (
        (ROOT / "runner-image" / "cloud-init.yaml").read_bytes()
    )


def test_every_commands_help_needs_no_extra(bare: Installed) -> None:
    done = bare.program(
        "import click\n"
        "from orchestrator.cli import cli, invoke\n"
        "def walk(command, words):\n"
        "    assert invoke([*words, '--help']) == 0, words\n"
        "    print('HELPED', *words)\n"
        "    if isinstance(command, click.Group):\n"
        "        context = click.Context(command)\n"
        "        for name in command.list_commands(context):\n"
        "            walk(command.get_command(context, name), [*words, name])\n"
        "walk(cli, [])\n"
    )
    assert done.returncode == 0, done.stderr
    helped = {line for line in done.stdout.splitlines() if line.startswith("HELPED")}
    assert {"HELPED provision", "HELPED teardown", "HELPED fleet status"} <= helped


def test_a_run_on_one_machine_needs_no_extra(bare: Installed) -> None:
    run = ("run", "--suite", "demo", "--sample", "4", "--workers", "2", "--out", "out")
    done = bare.run(*run, "--speed", "3000")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (bare.home / "out" / "report.html").is_file()


@pytest.fixture(scope="module")
def refused(bare: Installed) -> dict[str, tuple[int, str]]:
    """What each cloud command ends with and says, all called by one process: it is much quicker."""
    said = bare.run_all(CLOUD, {**TOKEN, **AZURE, **NOBODY})
    assert said.keys() == CLOUD.keys()
    return said


@pytest.mark.parametrize("command", CLOUD)
def test_without_the_extra_a_cloud_command_says_what_to_install(
    refused: dict[str, tuple[int, str]], command: str
) -> None:
    code, said = refused[command]
    assert code == 2, said
    assert INSTALL in said
    assert "Traceback" not in said
    assert "No module named" not in said


def test_the_extra_is_one_problem_among_all(bare: Installed) -> None:
    commands = {
        "provision": ["provision", "--workers", "2", "--github-run", "500"],
        "supervise": ["supervise", "--shards", "2", "--github-run", "500"],
        "teardown": ["teardown", "--github-run", "500"],
        "reap": ["reap"],
    }
    for command, (code, said) in bare.run_all(commands, NOBODY).items():
        assert code == 2, command
        assert INSTALL in said
        for other in ("--subscription", "--resource-group", "--repository", "GitHub access"):
            assert f"error: {other}: is missing" in said, command


def test_a_container_made_with_a_key_needs_the_extra_too(bare: Installed) -> None:
    run = ("run", "--suite", "demo", "--sample", "2", "--workers", "1", "--out", "keyed")
    key = {"AZURE_STORAGE_KEY": "a2V5"}
    done = bare.run(*run, "--store", "az://results", "--run", "waa-1", environment=key)
    assert done.returncode == 2, done.stderr
    assert INSTALL in done.stderr


def test_the_wheel_launches_machines_with_its_own_first_boot(
    whole: Installed,
    arm: FakeArm,
    github: FakeGitHub,
    ca_file: Path,  # noqa: F811  # pytest's way of asking for a fixture
) -> None:
    done = whole.run(
        *("provision", "--suite", "demo", "--sample", "4", "--workers", "2", "--shared-path"),
        *("--store", (whole.home / "store").as_uri(), "--offline", "--region", "westeurope"),
        *("--subnet", f"westeurope={subnet_id('westeurope')}", "--machine-image", image_id()),
        *("--resource-group", GROUP, "--arm-endpoint", arm.url, "--authority", arm.url),
        *("--cloud-ca", str(ca_file), "--github-run", "500", "--json"),
        environment=_job(arm, github),
    )
    assert done.returncode == 0, done.stderr
    bodies = [item.properties for item in arm.world.of(MACHINE)]
    assert len(bodies) == 2
    own = (ROOT / "runner-image" / "cloud-init.yaml").read_text().splitlines()[0]
    for body in bodies:
        sent = b64decode(body["osProfile"]["customData"]).decode()
        assert sent.startswith(own)
        assert "@JIT_CONFIG@" not in sent


def test_the_wheel_has_every_file_that_it_reads(whole: Installed) -> None:
    """With nothing given, what is missing is options alone, and no file of its own."""
    commands = {
        "doctor": ["doctor"],
        "supervise": ["supervise", "--shards", "2", "--github-run", "500"],
    }
    for command, (code, said) in whole.run_all(commands, NOBODY).items():
        assert code == 2, said
        assert "--machine-image" in said, command
        assert "cannot be read" not in said
        assert "cloud-init" not in said


def test_what_is_asked_for_is_what_the_extra_brings() -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {Requirement(text).name for text in project["optional-dependencies"]["azure"]}
    assert {module.replace(".", "-") for module in MODULES} == named


def _job(arm: FakeArm, github: FakeGitHub) -> dict[str, str]:
    """Return the variables of a workflow's job."""
    return {
        **AZURE,
        "AZURE_CLIENT_ID": CLIENT,
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{arm.url}/assertion",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": arm.identity.request_token,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_API_URL": github.url,
        "WAA_MATRIX_GITHUB_TOKEN": github.tokens.personal(),
    }
