"""A look that is refused for a while is an outage like any other: it ends no run.

GitHub and Azure answered 401, 403 and 404 for minutes to who was entitled before and after
(actions/actions-runner-controller#3519 and #3006, octokit/octokit.net#2786; "Troubleshoot Azure
RBAC" of what was changed less than ten minutes ago).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.fleet.provision import launch_wave
from orchestrator.ledger import paths
from tests.fakes.arm.faults import Fault as ArmFault
from tests.fakes.github.faults import Fault, RunnerFate, Wound
from tests.fleet.test_supervise import N, provisioned, supervised, taken_down

if TYPE_CHECKING:
    from tests.fleet.conftest import Stage

LOOKS = 8
"""Looks that are refused, half a minute apart."""


@pytest.mark.parametrize(
    ("side", "status"), [("GitHub", 401), ("GitHub", 403), ("GitHub", 404), ("Azure", 403)]
)
def test_refusals_of_some_minutes_drain_no_run(stage: Stage, side: str, status: int) -> None:
    provisioned(stage)
    stage.insides.job_s = 1200.0

    def refuse(_round: object) -> None:
        if side == "GitHub":
            words = {401: "Bad credentials", 403: "Forbidden", 404: "Not Found"}[status]
            fault = Fault("GET /actions/runners$", Wound.REFUSE, status, words, times=LOOKS)
            stage.scene.fake.faults.add(fault)
        else:
            code = "AuthorizationFailed"
            stage.scene.arm.faults.add(
                ArmFault("GET resources", status=status, code=code, times=LOOKS)
            )

    rounds: list[object] = []

    def watched(done: object) -> None:
        rounds.append(done)
        if len(rounds) == 12:
            refuse(done)

    ended, _ = supervised(stage, on_round=watched)
    assert len(rounds) > 12
    assert stage.store.get(paths.control(stage.attempt.session, "drain")) is None
    assert ended.exit_code == 0, ended
    assert len(stage.scene.arm.world.ever) == N
    taken_down(stage)


@pytest.mark.parametrize(("status", "words"), [(403, "Forbidden"), (404, "Not Found")])
def test_one_refused_configuration_costs_one_machine(stage: Stage, status: int, words: str) -> None:
    refusal = Fault("POST /actions/runners/generate", Wound.REFUSE, status, words)
    stage.scene.fake.faults.add(refusal)
    wave = launch_wave(stage.launcher(), stage.capacity(), N)
    assert (wave.fatal, len(wave.launched)) == ("", N - 1)
    assert [words in line for line in wave.why_not] == [True]


def test_a_refused_configuration_of_a_replacement_is_asked_for_again(stage: Stage) -> None:
    """Its job waits: the next round brings its machine."""
    launched = provisioned(stage)
    stage.insides.job_s = 1200.0
    stage.scene.fake.faults.runners(RunnerFate(launched[0].name, never_online=True))
    stage.scene.fake.faults.add(
        Fault("POST /actions/runners/generate", Wound.REFUSE, 404, "Not Found")
    )
    ended, _ = supervised(stage)
    assert ended.exit_code == 0, ended
    assert len(stage.scene.arm.world.ever) == N + 1
    taken_down(stage)
