"""The sweeper: what is past its time, or whose run is known to be over, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.fleet.cleanup import PollPolicy
from orchestrator.fleet.reap import Reaper
from tests.compute.requests import machine
from tests.fleet.conftest import MINE, OTHER, REPOSITORY, Scene

if TYPE_CHECKING:
    from orchestrator.fleet.reap import Reaped

PATIENCE = PollPolicy(every_s=10.0, total_s=900.0)


def reap(scene: Scene, *, dry_run: bool = False) -> Reaped:
    reaper = Reaper(REPOSITORY, scene.cleaner, scene.github.runs)
    return reaper.reap(PATIENCE, dry_run=dry_run)


def finish(scene: Scene, run: int) -> None:
    """End a run, as GitHub sees it."""
    job = scene.fake.add_job(run, "report", ["ubuntu-latest"], hosted=True)
    scene.fake.finish_job(job.id)


def test_what_a_run_that_is_over_left_goes_and_another_runs_stays(scene: Scene) -> None:
    scene.launch(MINE, 0)
    scene.launch(OTHER, 0)
    scene.clock.advance(120)
    finish(scene, MINE.github_run)
    reaped = reap(scene)
    assert reaped.cleared.proved, reaped
    assert scene.machines == ["waa-501-0"]
    assert scene.runners == ["waa-501-0"]
    assert {reason.why for reason in reaped.removable.reasons.values()} == {"run 500 is over"}


def test_a_machine_past_its_time_goes_even_if_its_run_goes_on(scene: Scene) -> None:
    scene.launch(MINE, 0, hours=1.0)
    scene.launch(MINE, 1, hours=9.0)
    scene.clock.advance(2 * 3600)
    assert reap(scene).cleared.proved
    assert scene.machines == ["waa-500-1"]


def test_a_run_that_github_does_not_know_is_not_over(scene: Scene) -> None:
    unknown = {"waa-repo": REPOSITORY, "waa-github-run": "999", "waa-machine": "m"}
    scene.cloud.create(machine("m", tags=unknown))
    scene.clock.advance(120)
    reaped = reap(scene)
    assert scene.machines == ["m"]
    assert reaped.removable.reasons == {}


def test_a_run_that_goes_on_keeps_everything(scene: Scene) -> None:
    scene.fake.add_job(MINE.github_run, "benchmark (0)", [MINE.label])
    scene.launch(MINE, 0)
    scene.clock.advance(120)
    assert reap(scene).removable.remains.empty
    assert scene.machines == ["waa-500-0"]
    assert scene.runners == ["waa-500-0"]


def test_another_repositorys_machine_is_not_seen(scene: Scene) -> None:
    tags = {"waa-repo": "octo/other", "waa-github-run": "500", "waa-expires-at": "1"}
    scene.cloud.create(machine("theirs", tags=tags))
    scene.clock.advance(120)
    assert reap(scene).removable.remains.empty
    assert scene.machines == ["theirs"]


def test_what_says_neither_run_nor_end_is_named_and_left(scene: Scene) -> None:
    scene.cloud.create(machine("odd", tags={"waa-repo": REPOSITORY}))
    scene.clock.advance(120)
    reaped = reap(scene)
    assert scene.machines == ["odd"]
    assert any("odd" in line for line in reaped.removable.unjudged)


def test_two_looks_must_agree(scene: Scene) -> None:
    """A run that is re-run between the looks keeps its machines."""
    scene.launch(MINE, 0)
    scene.clock.advance(120)
    finish(scene, MINE.github_run)
    sleep = scene.clock.sleep

    def rerun(seconds: float) -> None:
        scene.fake.add_job(MINE.github_run, "benchmark (0)", [MINE.label])
        sleep(seconds)

    cleaner = scene.cleaner
    cleaner.clock = type("Clock", (), {"now": scene.clock.now, "sleep": staticmethod(rerun)})()
    reaped = Reaper(REPOSITORY, cleaner, scene.github.runs).reap(PATIENCE)
    assert scene.machines == ["waa-500-0"]
    assert reaped.cleared.deleted == ()


def test_a_dry_run_says_what_it_would_do_and_does_nothing(scene: Scene) -> None:
    scene.launch(MINE, 0)
    scene.clock.advance(120)
    finish(scene, MINE.github_run)
    reaped = reap(scene, dry_run=True)
    assert "machine waa-500-0" in {reason.what for reason in reaped.removable.reasons.values()}
    assert reaped.cleared.deleted == ()
    assert scene.machines == ["waa-500-0"]
    assert not [seen for seen in scene.arm.calls() if seen.call.startswith("DELETE")]


def test_a_ghost_runner_of_a_run_that_is_over_goes(scene: Scene) -> None:
    scene.github.runners.mint("waa-500-7", [MINE.label])
    finish(scene, MINE.github_run)
    assert reap(scene).cleared.proved
    assert scene.runners == []


def test_somebody_elses_runner_is_left_alone(scene: Scene) -> None:
    scene.github.runners.mint("their-runner", ["self-hosted", "gpu"])
    finish(scene, MINE.github_run)
    reap(scene)
    assert scene.runners == ["their-runner"]


def test_what_goes_is_known_by_its_id_whatever_it_is_called(scene: Scene) -> None:
    scene.launch(MINE, 0)
    (minted,) = scene.fake.world.runners.values()
    runner = replace(minted, name="a box (the second)")
    scene.fake.world.runners[runner.id] = runner
    scene.clock.advance(120)
    finish(scene, MINE.github_run)
    reasons = reap(scene, dry_run=True).removable.reasons
    assert reasons[f"runner/{runner.id}"].what == "runner a box (the second)"
    assert "machine waa-500-0" in {reason.what for reason in reasons.values()}
