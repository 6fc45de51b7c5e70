"""In which frame a task failed, however a client calls its environment and its agent.

The client's loop is executed with each way to call, and what failed is read off the traceback that
the Python of these tests prints.
"""

from __future__ import annotations

import traceback

import pytest

from orchestrator.results.frames import Frame, raised
from tests.results.executed import executed

ENVIRONMENT = """
class Environment:
    def reset(self, task_config):
        self.fail("reset")
    def step(self, action):
        self.fail("step")
        return {}, 0, True, {}
    def evaluate(self):
        self.fail("evaluate")
    def fail(self, call):
        if call == self.failing:
            raise KeyError("width")
class Wrapped:
    def __init__(self, env):
        self.env = env
    def reset(self, task_config):
        return self.env.reset(task_config)
    def step(self, action):
        return self.env.step(action)
    def evaluate(self):
        return self.env.evaluate()
"""
AGENT = """
class Agent:
    def predict(self, instruction):
        if self.failing == "predict":
            raise KeyError("plan")
        return ["an action"]
    async def apredict(self, instruction):
        return self.predict(instruction)
"""
CLIENT = """
import asyncio, functools
from concurrent.futures import ThreadPoolExecutor

def with_timeout(function, *args):
    try:
        return function(*args)
    except Exception as error:
        raise error

def retried(function):
    for _ in range(2):
        try:
            return function()
        except Exception as error:
            last = error
    raise RuntimeError("after two tries") from last

def pooled(function, *args):
    with ThreadPoolExecutor() as pool:
        return pool.submit(function, *args).result()

def reset_of(env):
    return env.reset({})

def step_of(env):
    return env.step("an action")

def evaluate_of(env):
    return env.evaluate()

def predict_of(agent):
    return agent.predict("do")

def run_single_example(agent, env):
    RESET
    actions = PREDICT
    for action in actions:
        obs, reward, done, info = STEP
    result = EVALUATE
"""
WAYS = {
    "as it stands": (
        "env.reset({})",
        "agent.predict('do')",
        "env.step(action)",
        "env.evaluate()",
    ),
    "in brackets": (
        "(\n env.reset(\n  {}\n))",
        "(\n agent.predict('do'))",
        "(\n env\n .step(\n  action))",
        "float(\n env\n .evaluate(\n))",
    ),
    "with a time limit, over several lines": (
        "with_timeout(\n env.reset,\n {})",
        "with_timeout(\n agent.predict,\n 'do')",
        "with_timeout(\n env.step,\n action)",
        "with_timeout(\n env.evaluate)",
    ),
    "retried, over several lines": (
        "retried(\n lambda: env.reset(\n  {}))",
        "retried(\n lambda: agent.predict('do'))",
        "retried(\n lambda: env.step(\n  action))",
        "retried(\n lambda: env.evaluate())",
    ),
    "partial": (
        "retried(functools.partial(env.reset, {}))",
        "retried(functools.partial(agent.predict, 'do'))",
        "retried(functools.partial(env.step, action))",
        "retried(functools.partial(env.evaluate))",
    ),
    "in a thread, over several lines": (
        "pooled(\n env.reset,\n {})",
        "pooled(\n agent.predict,\n 'do')",
        "pooled(\n env.step,\n action)",
        "pooled(\n env.evaluate\n)",
    ),
    "by a helper": ("reset_of(env)", "predict_of(agent)", "step_of(env)", "evaluate_of(env)"),
    "by name": (
        "getattr(env, 'reset')({})",
        "asyncio.run(agent.apredict('do'))",
        "getattr(env, 'step')(action)",
        "getattr(env, 'evaluate')()",
    ),
}
FRAMES = {
    "reset": Frame.RESET,
    "predict": Frame.AGENT,
    "step": Frame.STEP,
    "evaluate": Frame.EVALUATE,
}


def failed(way: str, failing: str, *, wrapped: bool) -> tuple[str, str]:
    """Return the traceback of a task whose call ``failing`` raised, and its message."""
    source = CLIENT
    for name, statement in zip(("RESET", "PREDICT", "STEP", "EVALUATE"), WAYS[way], strict=True):
        source = source.replace(name, statement)
    environment = executed(ENVIRONMENT, "/client/windows/environment.py")
    agent = executed(AGENT, "/client/my_agents/mine.py")["Agent"]()
    env = environment["Environment"]()
    env.failing = agent.failing = failing
    client = executed(source, "/client/lib_run_single.py")
    try:
        client["run_single_example"](agent, environment["Wrapped"](env) if wrapped else env)
    except Exception as error:  # noqa: BLE001 - as the client does
        return traceback.format_exc(), str(error)
    raise AssertionError("a call was to raise")


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("failing", FRAMES)
@pytest.mark.parametrize("way", WAYS)
def test_a_call_is_itself_however_it_is_made(way: str, failing: str, wrapped: bool) -> None:
    text, message = failed(way, failing, wrapped=wrapped)

    assert raised(text, message).frame is FRAMES[failing]


def test_an_exception_of_the_clients_own_is_where_its_cause_was() -> None:
    source = """
def run_single_example(env):
    try:
        env.reset({})
    except KeyError as error:
        raise RuntimeError("Fail to setup environment") from error
"""
    env = executed(ENVIRONMENT, "/client/windows/environment.py")["Environment"]()
    env.failing = "reset"
    with pytest.raises(RuntimeError) as caught:
        executed(source, "/client/lib_run_single.py")["run_single_example"](env)
    text = "".join(traceback.format_exception(caught.value))

    assert raised(text, "Fail to setup environment").frame is Frame.RESET
