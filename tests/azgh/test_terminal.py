"""The two questions that are asked at a terminal: a pseudo-terminal asks, and answers, them."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.azgh.programs import SCRIPT, Done

if TYPE_CHECKING:
    from tests.azgh.conftest import Machine

pytestmark = pytest.mark.azgh

TWO_REGIONS = ("--region", "westeurope", "--region", "northeurope")


def at_terminal(machine: Machine, *words: str, answers: list[str]) -> Done:
    """Run ``azure-setup`` with a terminal, and type the next answer at the end of each question."""
    leader, follower = pty.openpty()
    with (machine.programs.root / "out").open("w+") as out:
        process = subprocess.Popen(
            [str(SCRIPT), "--repository", "octo/bench", *words],
            env=dict(machine.programs.environment),
            stdin=follower,
            stderr=follower,
            stdout=out,
        )
        os.close(follower)
        shown = _conversation(leader, answers)
        status = process.wait(600)
        out.seek(0)
        return Done(status, out.read(), shown)


def _conversation(leader: int, answers: list[str]) -> str:
    shown, left = "", list(answers)
    while piece := _read(leader):
        shown += piece
        if left and shown.endswith(("] ", ": ")):
            os.write(leader, f"{left.pop(0)}\n".encode())
    os.close(leader)
    assert left == [], shown
    return shown


def _read(leader: int) -> str:
    """Return what is shown next; nothing once the program has ended (EIO on Linux)."""
    try:
        return os.read(leader, 4096).decode()
    except OSError:
        return ""


@pytest.mark.parametrize(
    ("answers", "ceiling"),
    [(["much", "$0", ""], "60"), (["none"], None)],
    ids=["until it is an amount, or as suggested", "none"],
)
def test_a_ceiling_is_asked_for_where_there_is_none(
    ready: Machine, answers: list[str], ceiling: str | None
) -> None:
    del ready.world.github.variables["WAA_MATRIX_MAX_COST"]
    done = at_terminal(ready, *TWO_REGIONS, answers=answers)
    assert done.status == 0, done.err
    assert done.err.count("What may one run cost at most") == len(answers)
    assert ready.world.github.variables.get("WAA_MATRIX_MAX_COST") == ceiling
    assert len(ready.world.changes) == (0 if ceiling is None else 1)


def test_a_ceiling_that_is_set_is_not_asked_for(ready: Machine) -> None:
    done = at_terminal(ready, *TWO_REGIONS, answers=[])
    assert (done.status, ready.world.changes) == (0, []), done.err
    assert "cost at most" not in done.err


def test_store_and_gallery_are_asked_for_by_name_and_another_answer_keeps_them(
    ready: Machine,
) -> None:
    """The first is typed as it is; Enter, and the word yes, keep."""
    arm = ready.world.arm
    accounts = arm.of_kind("Microsoft.Storage/storageAccounts")
    store, golden = sorted((account["name"] for account in accounts), key=len)
    done = at_terminal(ready, "--remove", answers=[store, "", "yes"])
    assert done.status == 0, done.err
    for question in (f"the store {store} ", f"the store {golden} ", "the gallery waa_matrix "):
        assert f"Delete {question}with all that is in it?" in done.err
    assert [entry["name"] for entry in arm.of_kind("Microsoft.Storage/storageAccounts")] == [golden]
    assert [entry["name"] for entry in arm.of_kind("Microsoft.Compute/galleries")] == ["waa_matrix"]
    assert f"kept: store {golden}" in done.err
    assert "kept: gallery waa_matrix" in done.err
