"""What tracebacks of every form say, as the Python that runs these tests prints them.

An agent raises inside ``run_single_example``; the client writes what ``traceback.format_exc()``
prints into the trajectory and into its log, of which either may be lost.
"""

from __future__ import annotations

import asyncio
import copy
import json
import traceback
from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger.causes import Cause
from orchestrator.results.task import read_task
from orchestrator.results.verdict import classify
from tests.results.executed import executed
from tests.results.trees import THINKING, TaskFiles, traceback_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLIENT = "/client/lib_run_single.py"
SOURCE = """
def run_single_example(agent):
    response, actions, logs, computer_update_args = agent.predict(
        "instruction",
        None,
    )
"""
QUOTED = "no:\n" + traceback_text("env.step(action)", "requests.exceptions.ConnectionError: gone")


class AuthenticationError(Exception):
    __module__ = "openai"


class RateLimitError(Exception):
    __module__ = "openai"


class RemoteTraceback(Exception):  # noqa: N818 - as Python's own
    __module__ = "concurrent.futures.process"


def refused() -> None:
    raise AuthenticationError("Incorrect API key provided")


def limited() -> None:
    raise RateLimitError("Slow down")


def broken() -> None:
    raise KeyError("plan")


def quoting() -> None:
    raise ValueError(QUOTED)


async def _task(function: Callable[[], None]) -> None:
    function()


async def _in_a_task_group(*functions: Callable[[], None]) -> None:
    async with asyncio.TaskGroup() as group:
        for function in functions:
            group.create_task(_task(function))


def tasks(*functions: Callable[[], None]) -> Callable[[], None]:
    return lambda: asyncio.run(_in_a_task_group(*functions))


def gathered(*functions: Callable[[], None]) -> Callable[[], None]:
    def gather() -> None:
        raised: list[Exception] = []
        for function in functions:
            try:
                function()
            except Exception as error:  # noqa: BLE001 - whatever it is belongs to the group
                raised.append(error)
        raise ExceptionGroup("every try failed", raised)

    return gather


def wrapped(function: Callable[[], None], message: str = "the agent failed") -> Callable[[], None]:
    def wrap() -> None:
        try:
            function()
        except Exception as error:
            raise RuntimeError(message) from error

    return wrap


def noted(function: Callable[[], None], note: str) -> Callable[[], None]:
    def add() -> None:
        try:
            function()
        except Exception as error:
            error.add_note(note)
            raise

    return add


def recursive() -> None:
    nested: dict[str, object] = {}
    inner = nested
    for _ in range(5_000):
        inner["the accessibility tree"] = inner = {}
    copy.deepcopy(nested)


def never_raised() -> None:
    raise RuntimeError("gave up") from AuthenticationError("Incorrect API key provided")


def local_class() -> None:
    class LocalError(Exception):
        __module__ = "openai"

    raise LocalError("Error code: 401 - no")


def many_times() -> None:
    function = refused
    for number in range(100):
        function = wrapped(function, str(number))
    function()


def of_another_process() -> None:
    """As a ``ProcessPoolExecutor`` hands it over: the other's traceback is a cause's message."""
    other = '\n"""\n' + traceback_text("self.run()", "KeyError: 'plan'") + '"""'
    raise KeyError("plan") from RemoteTraceback(other)


LONG = "what the page said " * 20_000
FORMS: dict[str, tuple[Callable[[], None], Cause]] = {
    "a group that was refused": (tasks(refused), Cause.MODEL),
    "a group whose rate was limited": (tasks(limited, limited), Cause.PROVIDER),
    "a group with a bug of the agent's": (tasks(broken, broken), Cause.AGENT),
    "a group in a group": (gathered(broken, gathered(broken, refused)), Cause.MODEL),
    "a group with a chain in it": (gathered(wrapped(refused), broken), Cause.MODEL),
    "a group with an exception that was never raised": (
        lambda: (_ for _ in ()).throw(ExceptionGroup("no", [RateLimitError("slow")])),
        Cause.PROVIDER,
    ),
    "a chain with a group in it": (wrapped(tasks(refused)), Cause.MODEL),
    "a group that quotes a traceback": (gathered(quoting), Cause.AGENT),
    "a noted group": (noted(tasks(refused), "at the third try"), Cause.MODEL),
    "a noted refusal": (noted(refused, "at the third try\nof three"), Cause.MODEL),
    "a note that quotes a traceback": (noted(broken, QUOTED), Cause.AGENT),
    "a noted message that quotes a traceback": (noted(quoting, "no"), Cause.AGENT),
    "a message that quotes a traceback": (quoting, Cause.AGENT),
    "a message that quotes a group": (
        wrapped(broken, "no:\n  + " + "Exception Group " + QUOTED.partition("\n")[2]),
        Cause.AGENT,
    ),
    "a cause that quotes a traceback": (wrapped(quoting), Cause.AGENT),
    "a message of 400 KB": (wrapped(refused, LONG), Cause.MODEL),
    "a cause of 400 KB": (wrapped(wrapped(broken, LONG)), Cause.AGENT),
    "a recursion that is not folded": (recursive, Cause.AGENT),
    "a recursion while it was refused": (wrapped(gathered(refused, recursive)), Cause.MODEL),
    "a cause that was never raised": (never_raised, Cause.MODEL),
    "a class of a function's own": (local_class, Cause.MODEL),
    "a hundred causes": (many_times, Cause.MODEL),
    "another process": (of_another_process, Cause.AGENT),
    "a syntax error": (lambda: compile("a = = 1", "<reply>", "exec") and None, Cause.AGENT),
}


class Agent:
    def __init__(self, predict: Callable[[], None]) -> None:
        self._predict = predict

    def predict(self, _instruction: str, _obs: object) -> None:
        self._predict()


def printed(predict: Callable[[], None]) -> tuple[str, str]:
    """Return what the client prints of an agent's exception, and what ``str`` makes of that."""
    client = executed(SOURCE, CLIENT)
    try:
        client["run_single_example"](Agent(predict))
    except Exception as error:  # noqa: BLE001 - as the client does
        return traceback.format_exc(), str(error)
    raise AssertionError("the agent was to raise")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_traceback_in_the_trajectory(form: str, tmp_path: Path) -> None:
    predict, cause = FORMS[form]
    text, message = printed(predict)
    error = json.dumps({"Error": "Exception in a/b", "Exception": message, "Traceback": text})

    verdict = classify(read_task(TaskFiles(tmp_path, log=[THINKING], error=error).write()))

    assert (verdict.cause, verdict.flags) == (cause, ())


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_traceback_in_the_log(form: str, tmp_path: Path) -> None:
    predict, cause = FORMS[form]
    text, message = printed(predict)
    log = [THINKING, ("ERROR", "run", f"Exception in a/b: {message}"), ("ERROR", "run", text)]

    verdict = classify(read_task(TaskFiles(tmp_path, log=log).write()))

    assert (verdict.cause, verdict.flags) == (cause, ())


def test_a_groups_own_message_is_shown_not_its_last_rule(tmp_path: Path) -> None:
    text, message = printed(gathered(broken))
    error = json.dumps({"Error": "Exception in a/b", "Exception": message, "Traceback": text})

    verdict = classify(read_task(TaskFiles(tmp_path, log=[THINKING], error=error).write()))

    assert verdict.message == "the agent raised: ExceptionGroup: every try failed (1 sub-exception)"
