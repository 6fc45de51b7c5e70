"""The contract of engines, asked of each one here against the counterpart of its place."""

from __future__ import annotations

import functools
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.azure_vm.adapter import AzureCloud
from orchestrator.compute.base import InstanceState
from orchestrator.compute.job import Job, MachineNeeds, RunnerBootstrap, WorkerBootstrap
from orchestrator.compute.local.engine import LocalEngine
from orchestrator.compute.offers import Placement
from tests.compute.engine_contract import *  # noqa: F403  # its tests are these
from tests.compute.engine_contract import MINE, Bench, Trouble
from tests.compute.requests import IMAGE
from tests.fakes.arm.faults import Fate, Fault, Wound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from orchestrator.compute.azure_vm.credentials import Federated
    from orchestrator.compute.azure_vm.settings import AzureSettings
    from orchestrator.compute.base import Engine
    from tests.fakes.arm.server import FakeArm
    from tests.fakes.clock import VirtualClock

SIZE, REGION = "Standard_D8s_v5", "westeurope"
_ALWAYS = 1_000_000
_ONE_TOO_MANY = {"status": 429, "code": "TooManyRequests", "headers": {"Retry-After": "1"}}


@dataclass
class AzureBench:
    """Azure's engine, and Resource Manager as a server."""

    arm: FakeArm
    clock: VirtualClock
    settings: AzureSettings
    login: Federated
    troubles: frozenset[Trouble] = frozenset(Trouble)
    opened: list[AzureCloud] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine: Engine = self.another()
        self.offer = self.opened[0].offers(REGION).offers[SIZE]

    def another(self) -> AzureCloud:
        self.opened.append(AzureCloud(self.settings, self.login, clock=self.clock))
        return self.opened[-1]

    def job(self, *names: str, labels: Mapping[str, str] = MINE) -> Job:
        needs = MachineNeeds(os_disk_gb=128, public_ip=True)
        placement = Placement(self.offer, "1", spot=False)
        return Job(names, lambda _name: _first_boot(), labels, needs, IMAGE, placement)

    def unfit_job(self, name: str) -> Job:
        job = self.job(name)
        assert job.placement is not None
        nowhere = replace(job.placement.offer, region="nowhere")
        return replace(job, placement=replace(job.placement, offer=nowhere))

    def meet(self, trouble: Trouble) -> None:
        match trouble:
            case Trouble.LAG:
                self.arm.world.listing_lag_s = 3600.0
            case Trouble.THROTTLE_ONCE:
                for verb in ("PUT", "GET", "DELETE"):
                    self.arm.faults.add(Fault(verb, **_ONE_TOO_MANY))  # type: ignore[arg-type]
            case Trouble.THROTTLE:
                every = Fault("PUT|GET|DELETE", times=_ALWAYS, **_ONE_TOO_MANY)  # type: ignore[arg-type]
                self.arm.faults.add(every)
            case Trouble.LOST_REPLY:
                self.arm.faults.add(Fault("PUT", Wound.DROP_AFTER))
            case Trouble.LOST_REPLIES:
                self.arm.faults.add(Fault("PUT", Wound.DROP_AFTER))
                self.arm.faults.add(Fault("PUT", Wound.DROP_BEFORE, times=3))
            case Trouble.NO_ROOM:
                self.arm.faults.add(Fault("PUT", status=409, code="ZonalAllocationFailed"))
            case Trouble.FAILS_LATER:
                self.arm.faults.machines(Fate(fails_with="OSProvisioningClientError", times=1))

    def settle(self) -> None:
        self.clock.advance(120)
        self.arm.run_due()

    def everything(self) -> list[str]:
        return self.arm.everything()


def _first_boot() -> RunnerBootstrap:
    return RunnerBootstrap("#cloud-config", {"waa-runner": "1"})


@dataclass
class LocalBench:
    """The engine of this machine's processes, and this machine."""

    directory: Path
    troubles: frozenset[Trouble] = frozenset({Trouble.FAILS_LATER})
    program: str = "import sys, time; print(sys.argv[1], flush=True); time.sleep(600)"

    opened: list[LocalEngine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine: Engine = self.another()

    @property
    def own(self) -> Engine:
        return self.opened[0]

    def another(self) -> LocalEngine:
        self.opened.append(LocalEngine(self.directory, time.time))
        return self.opened[-1]

    def close(self) -> None:
        """End what is left, and wait for it as whoever started it has to."""
        for instance in self.own.status({}):
            self.own.terminate(instance)
        self.settle()
        for engine in self.opened:
            engine.close()

    def job(self, *names: str, labels: Mapping[str, str] = MINE) -> Job:
        def bootstrap(name: str) -> WorkerBootstrap:
            return WorkerBootstrap((sys.executable, "-c", self.program, name))

        return Job(names, bootstrap, labels, MachineNeeds(kvm=False))

    def unfit_job(self, name: str) -> Job:
        bootstrap = WorkerBootstrap(("/does/not/exist",))
        needs = MachineNeeds(cores=10_000, kvm=False)
        return Job((name,), lambda _name: bootstrap, MINE, needs)

    def meet(self, trouble: Trouble) -> None:
        assert trouble is Trouble.FAILS_LATER
        self.program = "raise SystemExit(3)"

    def settle(self) -> None:
        """Wait for the first word of each that starts, and for the end of each that was asked."""
        for instance in self.own.status({}):
            _until(functools.partial(self._is_settled, instance.name))

    def _is_settled(self, name: str) -> bool:
        instance = self.own.get(name)
        if instance is None or instance.state is InstanceState.ENDED:
            return True
        return instance.state is InstanceState.RUNNING and b"".join(self.own.logs(instance)) != b""

    def everything(self) -> list[str]:
        """The processes whose arguments name one of this directory's instances."""
        names = [path.name for path in self.directory.glob("*")] if self.directory.exists() else []
        return [name for name in sorted(names) if _runs(name, self.directory)]


def _runs(name: str, directory: Path) -> bool:
    """Whether a process that is no zombie writes to an instance's log, by the kernel's word."""
    log = directory / name / "worker.log"
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "fd/1").readlink() == log:
                return True
        except OSError:
            continue
    return False


def _until(settled: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60.0
    while not settled():
        assert time.monotonic() < deadline, "it does not settle"
        time.sleep(0.01)


@pytest.fixture(params=["azure_vm", "local"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param == "azure_vm":
        values = {name: request.getfixturevalue(name) for name in ("arm", "clock", "settings")}
        azure = AzureBench(**values, login=request.getfixturevalue("login"))
        yield azure
        for engine in azure.opened:
            engine.close()
        return
    local = LocalBench(request.getfixturevalue("tmp_path") / "workers")
    yield local
    local.close()
    assert local.everything() == []
