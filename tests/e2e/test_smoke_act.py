"""What each event of a pull request starts, by the smoke workflow's own file under act.

The gate asks GitHub through ``gh`` and waits for a person: what is behind it is played elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.act.checks import failed, kill_everything
from tests.e2e.act.runs import Act
from tests.e2e.act.stage import REPOSITORY, staged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.act

HEAD = "b" * 40
FORK = "somebody/bench"


@pytest.fixture
def act(tmp_path: Path) -> Iterator[Act]:
    with staged(tmp_path) as stage:
        played = Act(tmp_path, stage)
        try:
            yield played
        finally:
            kill_everything(played)


def event(action: str, *labels: str, of: str = REPOSITORY, label: str = "") -> dict[str, Any]:
    """The payload, as far as the workflow and the product read it."""
    base = {"ref": "main", "sha": "a" * 40, "repo": {"id": 1, "full_name": REPOSITORY}}
    repo = {"id": 1 if of == REPOSITORY else 2, "full_name": of}
    head = {"ref": "topic", "label": "x:topic", "sha": HEAD, "repo": repo}
    request = {
        "number": 7,
        "head": head,
        "base": base,
        "labels": [{"name": label} for label in labels],
    }
    return {
        "action": action,
        "pull_request": request,
        "repository": {"id": 1, "full_name": REPOSITORY, "default_branch": "main"},
        **({"label": {"name": label}} if label else {}),
    }


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (event("opened"), 'It has no label "smoke".'),
        (event("labeled", "smoke", of=FORK, label="smoke"), "It comes from a fork"),
    ],
    ids=["no label", "a fork"],
)
def test_a_pull_request_that_gets_no_run_has_a_neutral_verdict(
    act: Act, payload: dict[str, Any], said: str
) -> None:
    played = act.start("smoke.yml", {}, event=("pull_request_target", payload)).played()
    assert played.jobs == {"no-run": 1}, played.tail
    assert failed(played) == [], played.tail
    (check,) = act.stage.github.world.checks.values()
    assert (check.head_sha, check.values["conclusion"]) == (HEAD, "neutral")
    assert said in check.values["output"]["summary"]
    assert {(commit, path) for _, _, commit, path in act.checkouts} == {(act.code.commit, ".")}


@pytest.mark.parametrize(
    ("payload", "jobs"),
    [
        (event("labeled", "smoke", "docs", label="docs"), {}),
        (event("unlabeled", "smoke", label="docs"), {}),
        (event("unlabeled", label="smoke"), {"stop": 1}),
        (event("closed", "smoke"), {"stop": 1}),
    ],
    ids=["another label", "another label off", "the label off", "closed"],
)
def test_an_event_that_begins_no_run_stops_one_or_does_nothing(
    act: Act, payload: dict[str, Any], jobs: dict[str, int]
) -> None:
    played = act.start("smoke.yml", {}, event=("pull_request_target", payload)).played()
    assert played.jobs == jobs, played.tail
    assert failed(played) == []
    assert act.stage.github.world.checks == {}
