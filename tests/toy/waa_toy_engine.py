"""A toy: an engine in a package of its own, which knows nothing of this project but its port.

Its place is a rack: a directory with one file for each process that was started there.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.compute.base import Capabilities, Instance, InstanceState, Kind, Launched
from orchestrator.compute.failures import CloudError, Failure, FailureKind
from orchestrator.compute.findings import CheckStatus, Finding
from orchestrator.compute.job import WorkerBootstrap
from orchestrator.compute.kit import setting, settings_of
from orchestrator.compute.offers import RegionOffers
from orchestrator.compute.plain import NoChecks
from orchestrator.planning.prices import NoCharge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.clock import Clock
    from orchestrator.compute.base import Engine
    from orchestrator.compute.findings import Program
    from orchestrator.compute.job import Bootstrap, Job
    from orchestrator.compute.keys import ContainerKeys
    from orchestrator.compute.kit import (
        CheckRequest,
        EngineAccount,
        EngineChecks,
        Setting,
        Site,
    )
    from orchestrator.compute.retry import RetryPolicy
    from orchestrator.errors import Problem
    from orchestrator.planning.prices import PriceList

CORES = 64


@dataclass
class ToyEngine:
    """The processes of one rack."""

    rack: Path
    name: str = "toy"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(plain_worker=True))
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def check(self, job: Job) -> Sequence[Finding]:
        if (job.needs.cores or 0) <= CORES:
            return []
        what = f"{job.needs.cores} cores, and a rack has {CORES}"
        return [Finding("rack", CheckStatus.FAIL, what, "Ask for fewer.")]

    def offers(self, region: str) -> RegionOffers:
        return RegionOffers(region)

    def launch(self, job: Job) -> Launched:
        refused: dict[str, Failure] = {}
        for name in job.names:
            held = self._read(name)
            if held is not None:
                if not job.labels.items() <= held["labels"].items():
                    refused[name] = Failure(FailureKind.CONFIGURATION, "Taken", "another's")
                continue
            try:
                self._start(name, job, job.bootstrap(name))
            except CloudError as error:
                refused[name] = error.failure
        return Launched(tuple(name for name in job.names if name not in refused), refused)

    def status(self, labels: Mapping[str, str]) -> Sequence[Instance]:
        names = sorted(path.stem for path in self.rack.glob("*.json"))
        there = [instance for name in names if (instance := self.get(name)) is not None]
        return [instance for instance in there if labels.items() <= instance.labels.items()]

    def get(self, name: str) -> Instance | None:
        held = self._read(name)
        if held is None:
            return None
        child = self.children.get(name)
        if child is not None and child.poll() is not None and held["code"] is None:
            held["code"] = child.returncode
            self._write(name, held)
        runs = held["code"] is None and _runs(held["pid"])
        code = held["code"]
        if not runs and held["ended"]:
            (self.rack / f"{name}.json").unlink(missing_ok=True)
            return None
        lost = None if runs or code == 0 else Failure(FailureKind.BROKEN, "Ended", f"with {code}")
        state = InstanceState.RUNNING if runs else InstanceState.ENDED
        return Instance(
            *(Kind.PROCESS, str(held["pid"]), name, "rack", state, held["labels"]),
            failure=lost,
            exit_code=code,
        )

    def logs(self, instance: Instance, since_s: float | None = None) -> Iterator[bytes]:
        del instance, since_s
        yield from ()

    def terminate(self, instance: Instance) -> None:
        held = self._read(instance.name)
        if held is None:
            return
        self._write(instance.name, {**held, "ended": True})
        if _runs(held["pid"]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(held["pid"], signal.SIGTERM)
        self.get(instance.name)

    def is_ending(self, name: str) -> bool:
        held = self._read(name)
        return held is not None and bool(held["ended"])

    def _start(self, name: str, job: Job, bootstrap: Bootstrap) -> None:
        assert isinstance(bootstrap, WorkerBootstrap)
        self.rack.mkdir(parents=True, exist_ok=True)
        try:
            child = subprocess.Popen(
                bootstrap.command,
                env=dict(bootstrap.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            failure = Failure(FailureKind.CONFIGURATION, "NoProgram", str(error))
            raise CloudError(failure) from error
        self.children[name] = child
        held = {"pid": child.pid, "labels": dict(job.labels), "code": None, "ended": False}
        self._write(name, held)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            held: dict[str, Any] = json.loads((self.rack / f"{name}.json").read_text())
        except FileNotFoundError:
            return None
        return held

    def _write(self, name: str, held: Mapping[str, Any]) -> None:
        beside = self.rack / f"{name}.new"
        beside.write_text(json.dumps(held))
        beside.replace(self.rack / f"{name}.json")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@dataclass(frozen=True)
class ToyOptions:
    rack: str = setting("", "Directory of the rack.", variable="WAA_TOY_RACK")


@dataclass(frozen=True)
class ToyAccount:
    rack: Path
    programs: tuple[Program, ...] = ()

    @contextlib.contextmanager
    def open(
        self,
        sites: Mapping[str, Site],
        patience: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> Iterator[Engine]:
        del sites, patience, clock
        yield ToyEngine(self.rack)

    @contextlib.contextmanager
    def checks(self, request: CheckRequest, patience: RetryPolicy) -> Iterator[EngineChecks]:
        del request, patience
        yield NoChecks()

    def container_keys(
        self, account_url: str, patience: RetryPolicy | None = None
    ) -> ContainerKeys:
        raise NotImplementedError(account_url, patience)


@dataclass(frozen=True)
class ToyKit:
    settings: Sequence[Setting] = settings_of(ToyOptions)
    prices: PriceList = field(default_factory=NoCharge)

    def missing(self) -> list[Problem]:
        return []

    def account(
        self,
        values: Mapping[str, object],
        environment: Mapping[str, str],
        ca_file: str | None = None,
    ) -> EngineAccount:
        del environment, ca_file
        return ToyAccount(Path(str(values["rack"])))


KIT = ToyKit()
