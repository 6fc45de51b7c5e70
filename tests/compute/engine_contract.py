"""What every engine promises, asked through the port of whatever plays its place.

A package with an engine of its own takes these tests over with ``from ... import *``, and has a
fixture ``bench``: an engine, and a counterpart of its place that is never kinder than the real one.
What a counterpart cannot do to its engine (``troubles``) is skipped by name.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol, cast

import pytest

from orchestrator.compute.base import (
    Capabilities,
    CommandEngine,
    Completed,
    Engine,
    Instance,
    InstanceState,
    RemoteCommand,
)
from orchestrator.compute.failures import Action, CloudError, Failure, FailureKind, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from orchestrator.compute.job import Bootstrap, Job

MINE: Mapping[str, str] = {"waa-run": "contract", "waa-github-run": "7"}
OTHERS: Mapping[str, str] = {"waa-run": "another", "waa-github-run": "8"}
UNDER_WAY = {InstanceState.ACCEPTED, InstanceState.STARTING, InstanceState.RUNNING}


class Trouble(StrEnum):
    """What a counterpart can do to the calls of its engine."""

    LAG = "listings lag"
    THROTTLE_ONCE = "the next call of each kind is refused as one too many"
    THROTTLE = "every call is refused as one too many"
    LOST_REPLY = "the next create takes effect and its reply is lost"
    LOST_REPLIES = "the next create takes effect, and no reply to any try comes back"
    NO_ROOM = "the next create is refused: there is no room"
    FAILS_LATER = "the next instance is accepted, and comes to nothing"


class Bench(Protocol):
    """An engine and its counterpart. ``troubles`` are those that ``meet`` can bring about."""

    engine: Engine
    troubles: frozenset[Trouble]

    def job(self, *names: str, labels: Mapping[str, str] = MINE) -> Job:
        """Return a job that this engine takes, whose instances stay until they are terminated."""
        ...

    def unfit_job(self, name: str) -> Job:
        """Return a job that this engine can never start."""
        ...

    def another(self) -> Engine:
        """Return the engine as another process has it: it remembers nothing."""
        ...

    def meet(self, trouble: Trouble) -> None:
        """Let the engine meet a trouble from now on."""
        ...

    def settle(self) -> None:
        """Let everything happen that is due, but what a listing still lags by."""
        ...

    def everything(self) -> list[str]:
        """Return what exists, by the counterpart's own word, whatever a listing shows."""
        ...


def need(bench: Bench, trouble: Trouble) -> None:
    """Meet a trouble, or skip: this counterpart cannot bring it about."""
    if trouble not in bench.troubles:
        pytest.skip(f"nothing in this engine's place does this: {trouble}")
    bench.meet(trouble)


def with_bootstrap(job: Job, bootstrap: Callable[[str], Bootstrap]) -> Job:
    """Return a job whose instances begin with another bootstrap."""
    return replace(job, bootstrap=bootstrap)


def ours(instances: Iterable[Instance], *names: str) -> list[Instance]:
    """Return those of these names, without their parts."""
    return [instance for instance in instances if instance.name in names]


def the_only(instances: Iterable[Instance], name: str) -> Instance:
    [instance] = ours(instances, name)
    return instance


def test_an_engine_says_who_it_is_and_what_it_can_do(bench: Bench) -> None:
    assert bench.engine.name.isidentifier()
    assert isinstance(bench.engine.capabilities, Capabilities)
    able = bench.engine.capabilities
    assert able.jit_runner or able.plain_worker, "it takes no bootstrap at all"


def test_names_are_known_before_any_call_and_each_bootstrap_right_before_its_create(
    bench: Bench,
) -> None:
    asked: list[tuple[str, bool]] = []
    job = bench.job("waa-7-0", "waa-7-1")

    def watched(name: str) -> Bootstrap:
        there = bench.everything()
        asked.append((name, any(name in item for item in there)))
        earlier = [known for known in job.names if known < name]
        assert all(any(known in item for item in there) for known in earlier)
        return job.bootstrap(name)

    launched = bench.engine.launch(with_bootstrap(job, watched))
    assert asked == [("waa-7-0", False), ("waa-7-1", False)]
    assert launched.accepted == job.names
    assert launched.refused == {}


def test_a_launch_awaits_nothing_and_is_listed_with_its_labels(bench: Bench) -> None:
    bench.engine.launch(bench.job("waa-7-0"))
    bench.engine.launch(bench.job("waa-8-0", labels=OTHERS))
    first = the_only(bench.engine.status(MINE), "waa-7-0")
    assert first.state in UNDER_WAY
    bench.settle()
    listed = bench.engine.status(MINE)
    assert the_only(listed, "waa-7-0").state is InstanceState.RUNNING
    for instance in listed:
        assert MINE.items() <= instance.labels.items(), "a part that is listed is labelled"
    assert ours(bench.engine.status(MINE), "waa-8-0") == []
    assert len(ours(bench.engine.status({}), "waa-7-0", "waa-8-0")) == 2
    assert list(bench.engine.status({**MINE, "waa-machine": "x"})) == []


def test_a_repeated_launch_adds_nothing_whoever_repeats_it(bench: Bench) -> None:
    job = bench.job("waa-7-0")
    bench.engine.launch(job)
    bench.settle()
    before, instance = bench.everything(), bench.engine.get("waa-7-0")
    for engine in (bench.engine, bench.another()):
        assert engine.launch(job).accepted == ("waa-7-0",)
        bench.settle()
        assert bench.everything() == before
        assert engine.get("waa-7-0") == instance


def test_a_repeated_launch_starts_what_the_first_did_not(bench: Bench) -> None:
    bench.engine.launch(bench.job("waa-7-0"))
    job = bench.job("waa-7-0", "waa-7-1")
    assert bench.another().launch(job).accepted == job.names
    assert len(ours(bench.engine.status(MINE), *job.names)) == 2


def test_a_name_of_anothers_is_refused_and_its_instance_left_as_it_is(bench: Bench) -> None:
    bench.engine.launch(bench.job("waa-7-0", labels=OTHERS))
    bench.settle()
    before, instance = bench.everything(), bench.engine.get("waa-7-0")
    launched = bench.engine.launch(bench.job("waa-7-0"))
    assert launched.accepted == ()
    assert launched.refused["waa-7-0"].action is Action.STOP
    assert bench.everything() == before
    assert bench.engine.get("waa-7-0") == instance


def test_a_lost_reply_adds_no_second_one(bench: Bench) -> None:
    need(bench, Trouble.LOST_REPLY)
    assert bench.engine.launch(bench.job("waa-7-0")).accepted == ("waa-7-0",)
    bench.settle()
    assert len(ours(bench.engine.status(MINE), "waa-7-0")) == 1


def test_what_no_reply_told_of_may_exist_and_a_repeated_launch_adds_none(bench: Bench) -> None:
    need(bench, Trouble.LOST_REPLIES)
    job = bench.job("waa-7-0")
    launched = bench.engine.launch(job)
    assert launched.refused["waa-7-0"].kind is FailureKind.TRANSIENT
    bench.settle()
    before = bench.everything()
    assert before
    assert bench.another().launch(job).accepted == ("waa-7-0",)
    bench.settle()
    assert bench.everything() == before


def test_a_refused_bootstrap_refuses_its_name_alone_and_nothing_is_made(bench: Bench) -> None:
    job = bench.job("waa-7-0", "waa-7-1")
    why = Failure(FailureKind.UNKNOWN, "NoRunner", "none was to be had")

    def refusing(name: str) -> Bootstrap:
        if name == "waa-7-0":
            raise CloudError(why)
        return job.bootstrap(name)

    launched = bench.engine.launch(with_bootstrap(job, refusing))
    assert (launched.accepted, launched.refused) == (("waa-7-1",), {"waa-7-0": why})
    assert bench.engine.get("waa-7-0") is None


def test_a_refusal_is_classified_with_its_scope_and_leaves_nothing(bench: Bench) -> None:
    need(bench, Trouble.NO_ROOM)
    launched = bench.engine.launch(bench.job("waa-7-0", "waa-7-1"))
    failure = launched.refused["waa-7-0"]
    assert (failure.kind, failure.action) == (FailureKind.CAPACITY, Action.ELSEWHERE)
    assert failure.scope in {Scope.ZONE, Scope.SIZE, Scope.SPOT, Scope.REGION}
    assert launched.accepted == ("waa-7-1",), "the refusal was one machine's"
    assert bench.engine.get("waa-7-0") is None
    assert not any("waa-7-0" in item for item in bench.everything())


def test_what_can_never_start_is_said_by_a_check_and_refused_for_the_whole_run(
    bench: Bench,
) -> None:
    job = bench.unfit_job("waa-7-0")
    findings = bench.engine.check(job)
    assert findings
    assert all(finding.what and finding.fix for finding in findings)
    assert bench.everything() == []
    failure = bench.engine.launch(job).refused["waa-7-0"]
    assert failure.action is Action.STOP
    assert bench.everything() == []
    assert list(bench.engine.status({})) == []


def test_a_check_of_what_is_well_finds_nothing_and_starts_nothing(bench: Bench) -> None:
    assert list(bench.engine.check(bench.job("waa-7-0"))) == []
    assert bench.everything() == []


def test_what_comes_to_nothing_after_acceptance_is_shown_with_its_reason(bench: Bench) -> None:
    need(bench, Trouble.FAILS_LATER)
    assert bench.engine.launch(bench.job("waa-7-0")).accepted == ("waa-7-0",)
    bench.settle()
    for engine in (bench.engine, bench.another()):
        instance = the_only(engine.status(MINE), "waa-7-0")
        assert instance.state is InstanceState.ENDED
        assert instance.failure is not None
        assert instance.failure.action is not Action.REPEAT
    bench.engine.terminate(instance)
    bench.settle()
    assert bench.everything() == []


def test_what_was_ended_leaves_nothing(bench: Bench) -> None:
    bench.engine.launch(bench.job("waa-7-0", "waa-7-1"))
    bench.engine.launch(bench.job("waa-8-0", labels=OTHERS))
    bench.settle()
    others = [item for item in bench.everything() if "waa-8-0" in item]
    for instance in ours(bench.engine.status(MINE), "waa-7-0", "waa-7-1"):
        bench.engine.terminate(instance)
    bench.settle()
    assert list(bench.engine.status(MINE)) == []
    assert bench.engine.get("waa-7-0") is None
    assert bench.everything() == others, "and nothing of another's is touched"


def test_ending_what_is_missing_is_a_success_for_every_kind(bench: Bench) -> None:
    bench.engine.launch(bench.job("waa-7-0"))
    bench.settle()
    listed = bench.engine.status(MINE)
    for _ in range(2):
        bench.engine.terminate(the_only(listed, "waa-7-0"))
        bench.settle()
    for engine in (bench.engine, bench.another()):
        for instance in listed:
            engine.terminate(instance)
    assert bench.everything() == []


def test_another_process_picks_up_where_this_one_was_killed(bench: Bench) -> None:
    bench.engine.launch(bench.job("waa-7-0"))
    bench.settle()
    another = bench.another()
    instance = another.get("waa-7-0")
    assert instance is not None
    assert instance.state is InstanceState.RUNNING
    assert another.status(MINE) == bench.engine.status(MINE)
    another.terminate(instance)
    bench.settle()
    assert bench.everything() == []
    assert bench.engine.get("waa-7-0") is None


def test_a_name_is_read_by_its_id_where_listings_lag(bench: Bench) -> None:
    need(bench, Trouble.LAG)
    bench.engine.launch(bench.job("waa-7-0"))
    assert list(bench.engine.status(MINE)) == [], "the counterpart does not lag"
    instance = bench.engine.get("waa-7-0")
    assert instance is not None
    assert MINE.items() <= instance.labels.items()
    bench.engine.terminate(instance)
    bench.settle()
    assert bench.engine.get("waa-7-0") is None
    for shown in bench.engine.status(MINE):
        bench.engine.terminate(shown)
    assert bench.everything() == []


def test_what_is_one_call_too_many_is_asked_again(bench: Bench) -> None:
    need(bench, Trouble.THROTTLE_ONCE)
    assert bench.engine.launch(bench.job("waa-7-0")).accepted == ("waa-7-0",)
    bench.settle()
    bench.engine.terminate(the_only(bench.engine.status(MINE), "waa-7-0"))
    bench.settle()
    assert bench.everything() == []


def test_a_place_that_refuses_every_call_is_said_to_throttle_and_gets_nothing(
    bench: Bench,
) -> None:
    need(bench, Trouble.THROTTLE)
    failure = bench.engine.launch(bench.job("waa-7-0")).refused["waa-7-0"]
    assert (failure.kind, failure.action) == (FailureKind.THROTTLED, Action.REPEAT)
    with pytest.raises(CloudError) as caught:
        bench.engine.status(MINE)
    assert caught.value.kind is FailureKind.THROTTLED
    assert bench.everything() == []


def test_logs_are_what_was_written_or_nothing_where_there_are_none(bench: Bench) -> None:
    bench.engine.launch(bench.job("waa-7-0"))
    bench.settle()
    instance = the_only(bench.engine.status(MINE), "waa-7-0")
    text = b"".join(bench.engine.logs(instance))
    assert (b"waa-7-0" in text) is bench.engine.capabilities.logs


def test_offers_are_of_the_region_that_was_asked_for(bench: Bench) -> None:
    bench.engine.launch(bench.job("waa-7-0"))
    region = the_only(bench.engine.status(MINE), "waa-7-0").region
    offers = bench.engine.offers(region)
    assert offers.region == region
    assert bool(offers.families) is bench.engine.capabilities.quotas
    assert all(offer.region == region for offer in offers.offers.values())
    zoned = any(offer.zones for offer in offers.offers.values())
    assert zoned <= bench.engine.capabilities.zones


def commands_of(bench: Bench) -> CommandEngine:
    """Return the engine as one that reaches into its instances, or skip where it cannot."""
    able = bench.engine.capabilities.exec
    assert hasattr(bench.engine, "run") is hasattr(bench.engine, "download") is able
    if not able:
        pytest.skip("this engine runs no commands, and says so")
    return cast("CommandEngine", bench.engine)


def test_a_command_tells_how_it_ended_and_its_files_can_be_taken(
    bench: Bench, tmp_path: Path
) -> None:
    engine = commands_of(bench)
    engine.launch(bench.job("waa-7-0"))
    bench.settle()
    instance = the_only(engine.status(MINE), "waa-7-0")
    script = 'printf "$WORD" > word.txt; echo out; echo err >&2; exit 3'
    command = RemoteCommand(("/bin/sh", "-c", script), 60.0, {"WORD": "a-secret"})
    assert "a-secret" not in repr(command)
    assert engine.run(instance, command) == Completed(3, b"out\n", b"err\n")
    engine.download(instance, PurePosixPath("word.txt"), tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "a-secret"


@pytest.mark.parametrize("path", ["../other.txt", "/etc/hostname", "missing.txt"])
def test_only_files_of_an_instance_are_taken(bench: Bench, tmp_path: Path, path: str) -> None:
    engine = commands_of(bench)
    engine.launch(bench.job("waa-7-0"))
    bench.settle()
    instance = the_only(engine.status(MINE), "waa-7-0")
    with pytest.raises(CloudError):
        engine.download(instance, PurePosixPath(path), tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize(
    ("arguments", "timeout_s"), [(("/does/not/exist",), 60.0), (("/bin/sleep", "600"), 0.2)]
)
def test_a_command_that_cannot_start_or_does_not_end_is_classified(
    bench: Bench, arguments: tuple[str, ...], timeout_s: float
) -> None:
    engine = commands_of(bench)
    engine.launch(bench.job("waa-7-0"))
    bench.settle()
    instance = the_only(engine.status(MINE), "waa-7-0")
    with pytest.raises(CloudError) as caught:
        engine.run(instance, RemoteCommand(arguments, timeout_s))
    assert caught.value.failure.message
    bench.engine.terminate(instance)
    bench.settle()
    with pytest.raises(CloudError):
        engine.run(instance, RemoteCommand(("/bin/true",), 60.0))
