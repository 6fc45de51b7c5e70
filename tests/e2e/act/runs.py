"""Starts act on a workflow of this repository, and reads what it did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.act.stage import REPOSITORY, RUN
from tests.e2e.act.trees import as_act_reads, product, remote_actions
from tests.fakes.arm.catalogue import GROUP, REGIONS, SUBSCRIPTION, image_id, subnet_id
from tests.fakes.arm.identity import CLIENT, TENANT
from tests.tiers import ROOT, act_command, uv_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.act.stage import Stage
    from tests.e2e.act.trees import Tree

_LEAKING = (
    "WAA_MATRIX_",
    "AZURE_",
    "GITHUB_",
    "ACTIONS_",
    "RUNNER_",
    "PYTEST_",
    "COV_",
    "VIRTUAL_ENV",
)

_SPEED = "1500"

STAND_INS = Path(__file__).parent / "actions"


@dataclass(frozen=True, slots=True)
class Step:
    """A step that act ran: its job, its name as the workflow has it, and how it went."""

    job: str
    name: str
    result: str


@dataclass(frozen=True, slots=True)
class Played:
    """What act said of a run."""

    lines: tuple[Mapping[str, Any], ...]

    @property
    def jobs(self) -> dict[str, int]:
        """How often each job of the workflow ran."""
        result: dict[str, set[str]] = {}
        for line in self.lines:
            if "jobID" in line and "stepResult" in line:
                result.setdefault(line["jobID"], set()).add(line["job"])
        return {job: len(names) for job, names in result.items()}

    @property
    def steps(self) -> list[Step]:
        """The steps of the workflow itself, those of composite actions aside."""
        return [
            Step(line["jobID"], line["step"], line["stepResult"])
            for line in self.lines
            if line.get("stage") == "Main" and "stepResult" in line and len(line["stepID"]) == 1
        ]

    @property
    def text(self) -> str:
        return "".join(str(line.get("msg", "")) for line in self.lines)

    @property
    def tail(self) -> str:
        """The last it said, for the message of a test that fails."""
        return self.text[-3000:]


class Act:
    """act on a repository's workflows, which may call those of the tree under test.

    ``code`` is the tree under test as the repository ``name``. ``read`` lets act run the workflows
    of another, which finds those of ``code`` at the tag v1.
    """

    def __init__(self, directory: Path, stage: Stage, name: str = REPOSITORY) -> None:
        self.directory, self.stage = directory, stage
        self.store = directory / "store"
        self.store.mkdir()
        self.repositories = directory / "repositories"
        self.code = product(self.repositories, name)
        self._called: dict[str, Path] = {}
        self.source = as_act_reads(self.code, directory / "source", self.code)
        self._log = 0
        self._processes: list[subprocess.Popen[bytes]] = []
        tools = directory / "tools"
        tools.mkdir()
        uv = uv_command()
        assert uv is not None
        (tools / "uv").symlink_to(uv)

    def read(self, caller: Tree) -> None:
        """Run this repository's workflows from now on; they may call those of ``code``."""
        self._called = {f"{self.code.repository}@v1": self.source}
        self.source = as_act_reads(caller, self.directory / "caller", caller)

    @property
    def checkouts(self) -> set[tuple[str, str, str, str]]:
        """What jobs checked out: the job, the repository, the commit, and the directory."""
        lines = (self.directory / "checkouts.txt").read_text().splitlines()
        return {
            (job, repository, commit, path)
            for job, repository, commit, path in map(str.split, lines)
        }

    def start(
        self,
        workflow: str,
        inputs: Mapping[str, str],
        *,
        run: int = RUN,
        attempt: int = 1,
        event: tuple[str, Mapping[str, Any]] = ("workflow_dispatch", {}),
    ) -> Running:
        """Start a workflow as an attempt of a run, by an event with its payload."""
        self.stage.open_run(run)
        self.artifacts_of(run).mkdir(parents=True, exist_ok=True)
        self._log += 1
        log = self.directory / f"act-{self._log}.jsonl"
        command = [str(act_command()), event[0]]
        if event[1]:
            (self.directory / "event.json").write_text(json.dumps(event[1]))
            command += ["--eventpath", str(self.directory / "event.json")]
        command += ["-W", f".github/workflows/{workflow}", "--json", "--concurrent-jobs", "8"]
        command += ["--no-cache-server", "--no-skip-checkout", "--no-recurse"]
        command += ["--action-cache-path", str(self.directory / "jobs")]
        for label in ("ubuntu-latest", f"waa-{run}"):
            command += ["-P", f"{label}=-self-hosted"]
        for uses, place in {**_stand_ins(), **self._called}.items():
            command += ["--local-repository", f"{uses}={place}"]
        files = {"env": self._env(run, attempt), "var": _VARIABLES, "secret": self._secrets()}
        for kind, values in {**files, "input": inputs}.items():
            path = self.directory / f"{kind}.txt"
            path.write_text("".join(f"{key}={value}\n" for key, value in values.items()))
            command += [f"--{kind}-file", str(path)]
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command,
                cwd=self.source,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=self._own_environment(),
                start_new_session=True,
            )
        self._processes.append(process)
        return Running(process, log)

    def kill(self) -> None:
        """Kill act; what it started lives on."""
        for process in self._processes:
            process.kill()
            process.wait()

    def artifacts_of(self, run: int = RUN) -> Path:
        """Where a run's artifacts are: a directory for each."""
        return self.directory / "artifacts" / str(run)

    def _own_environment(self) -> dict[str, str]:
        """Return this process's environment without what would leak into the steps."""
        path = f"{self.directory / 'tools'}:{os.environ['PATH']}"
        kept = {name: entry for name, entry in os.environ.items() if not name.startswith(_LEAKING)}
        return {**kept, "PATH": path}

    def _secrets(self) -> dict[str, str]:
        tokens = self.stage.github.tokens
        return {"WAA_MATRIX_GITHUB_TOKEN": tokens.personal(), "GITHUB_TOKEN": tokens.job()}

    def _env(self, run: int, attempt: int) -> dict[str, str]:
        arm = self.stage.arm
        both = ("PROVISION", "SUPERVISE")
        reaching = {
            f"WAA_MATRIX_{command}_{name}": value
            for command in (*both, "TEARDOWN", "REAP")
            for name, value in (
                ("ARM_ENDPOINT", arm.url),
                ("AUTHORITY", arm.url),
                ("CLOUD_CA", str(self.stage.ca_file)),
                ("EVERY", "0.3"),
            )
        }
        local = {f"WAA_MATRIX_{command}_SHARED_PATH": "true" for command in both}
        offline = {f"WAA_MATRIX_{command}_OFFLINE": "true" for command in both}
        return {
            **reaching,
            **local,
            **offline,
            "WAA_MATRIX_REAP_BETWEEN": "0.3",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{arm.url}/assertion",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": arm.identity.request_token,
            "GITHUB_API_URL": self.stage.github.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": str(run),
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "ACT_STAGE": self.stage.url,
            "ACT_REPOSITORIES": str(self.repositories),
            "ACT_CHECKOUTS": str(self.directory / "checkouts.txt"),
            "ACT_TESTS": str(ROOT),
            "ACT_ARTIFACTS": str(self.artifacts_of(run)),
            "UV_LINK_MODE": "symlink",
            "UV_PYTHON": sys.executable,
            "WAA_MATRIX_PROVISION_SPEED": _SPEED,
        }


_VARIABLES = {
    "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
    "AZURE_TENANT_ID": TENANT,
    "AZURE_CLIENT_ID": CLIENT,
    "WAA_MATRIX_RESOURCE_GROUP": GROUP,
    "WAA_MATRIX_REGIONS": " ".join(REGIONS),
    "WAA_MATRIX_SUBNETS": " ".join(f"{region}={subnet_id(region)}" for region in REGIONS),
    "WAA_MATRIX_MACHINE_IMAGE": image_id(),
}


@dataclass(slots=True)
class Running:
    """act at work."""

    process: subprocess.Popen[bytes]
    log: Path

    def played(self, timeout_s: float = 420.0) -> Played:
        """Wait for its end and return what it said."""
        self.process.wait(timeout_s)
        lines = []
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                lines.append({"msg": line})
        return Played(tuple(lines))


def _stand_ins() -> dict[str, Path]:
    """Return the directory of each remote action that has a stand-in."""
    places = {
        uses: STAND_INS / uses.partition("@")[0].rpartition("/")[2] for uses in remote_actions()
    }
    return {uses: place for uses, place in sorted(places.items()) if place.is_dir()}
