from __future__ import annotations

import json

import pytest

from orchestrator.arena.simulated.fake_container.script import (
    KINDS,
    Fault,
    Occasion,
    Script,
    parse_script,
)

OCCASION = Occasion("chrome/a-wos", trial=0, attempt=1, worker="w1-xyz", boot=1)


def kinds(script: Script, occasion: Occasion = OCCASION) -> list[str]:
    return sorted(script.on(occasion))


def test_no_text_is_no_fault() -> None:
    assert parse_script(" \n") == Script()


def test_a_list_is_a_script() -> None:
    script = parse_script('[{"kind": "hang", "task": "chrome/*", "attempt": 1, "step": 3}]')
    assert script.faults == (Fault("hang", task="chrome/*", attempt=(1,), step=3),)


def test_an_object_also_sets_the_speed_and_the_boot() -> None:
    script = parse_script('{"speed": 50, "boot_s": 3, "faults": []}')
    assert (script.speed, script.boot_s) == (50.0, 3.0)


@pytest.mark.parametrize(
    ("fault", "strikes"),
    [
        ({}, True),
        ({"task": "chrome/*"}, True),
        ({"task": "*-wos"}, True),
        ({"task": "vlc/*"}, False),
        ({"attempt": 1}, True),
        ({"attempt": [2, 3]}, False),
        ({"trial": 1}, False),
        ({"worker": "w1-*"}, True),
        ({"worker": "w2-*"}, False),
        ({"boot": [1, 2]}, True),
        ({"boot": 2}, False),
    ],
)
def test_a_fault_strikes_where_all_it_names_fits(fault: dict[str, object], strikes: bool) -> None:
    script = parse_script(json.dumps([{"kind": "die", **fault}]))
    assert kinds(script) == (["die"] if strikes else [])


def test_of_two_faults_of_a_kind_the_first_counts() -> None:
    script = parse_script('[{"kind": "die", "step": 4}, {"kind": "die"}, {"kind": "hang"}]')
    assert script.on(OCCASION)["die"].step == 4
    assert kinds(script) == ["die", "hang"]


def test_never_ready_belongs_to_boots_not_to_tasks() -> None:
    script = parse_script('[{"kind": "never-ready", "worker": "w1-*", "boot": 1}]')
    assert kinds(script) == []
    assert script.never_ready("w1-xyz", 1)
    assert not script.never_ready("w1-xyz", 2)
    assert not script.never_ready("w2-xyz", 1)


def test_every_kind_is_accepted() -> None:
    script = parse_script(json.dumps([{"kind": kind} for kind in KINDS]))
    assert [fault.kind for fault in script.faults] == list(KINDS)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("{", ["is not JSON"]),
        ("[" * 100_000, ["is not JSON"]),
        ('"hang"', ["is neither"]),
        ('{"faults": 1}', ["is neither"]),
        ('{"fault": []}', ["unknown key 'fault'"]),
        ('{"speed": 0, "boot_s": "x"}', ["speed is not", "boot_s is not"]),
        ("[1]", ["fault 1 is not a JSON object"]),
        ('[{"kind": "no"}, {"kind": []}]', ["fault 1 has kind 'no'", "fault 2 has kind []"]),
        (
            '[{"kind": "die", "attempt": true, "step": [1]}]',
            ["numbers as attempt", "a number as step"],
        ),
        ('[{"kind": "slow", "seconds": -1, "task": 3}]', ["a text as task", "above 0 as seconds"]),
    ],
)
def test_everything_wrong_is_named(text: str, problems: list[str]) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_script(text)
    assert len(caught.value.args) == len(problems)
    for said, expected in zip(caught.value.args, problems, strict=True):
        assert expected in said
