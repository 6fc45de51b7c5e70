"""Writes result trees as the client does, so that a test says only what is special about it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION = "pyautogui/a11y_tree/gpt-4o"
STAMP = "20261122@214716"
PNG = b"\x89PNG\r\n\x1a\n"

THINKING = ("INFO", "lib_run_single", "Agent: Thinking...")
EVALUATING = ("INFO", "lib_run_single", "Running evaluator(s)...")
BLIND = (
    "ERROR",
    "lib_run_single",
    "Observation is None. Waiting a little to do next step.",
)
SWALLOWED = ("ERROR", "desktop_env", "An unexpected error occurred: 'NoneType' object")

Record = tuple[str, str, str]


def acting(number: int, action: str = "computer.mouse.move(1,2)") -> Record:
    return ("INFO", "lib_run_single", f"Step {number}: {action}")


def turn(number: int, action: str = "computer.mouse.move(1,2)") -> list[Record]:
    return [
        THINKING,
        acting(number, action),
        ("INFO", "lib_run_single", "Reward: 0.00"),
        ("INFO", "lib_run_single", "Done: False"),
    ]


def request(status: int, reason: str = "Unauthorized") -> Record:
    """The line that httpx logs for every request of the openai library."""
    url = "https://api.openai.com/v1/chat/completions"
    return ("INFO", "_client", f'HTTP Request: POST {url} "HTTP/1.1 {status} {reason}"')


def log_line(record: Record, second: int = 16) -> str:
    level, module, message = record
    return (
        f"\x1b[1;33m[2026-11-22 21:47:{second:02d},023 \x1b[31m{level} "
        f"\x1b[32m{module}/41-MainProcess\x1b[1;33m] \x1b[0m{message}\n"
    )


def log_text(*records: Record) -> bytes:
    return "".join(log_line(record) for record in records).encode()


def traceback_text(statement: str, exception: str = "ValueError: no", *chained: str) -> str:
    """What ``traceback.format_exc()`` says of a task that failed in this statement."""
    before = "".join(
        "Traceback (most recent call last):\n"
        '  File "/client/mm_agents/navi/gpt/gpt4v_oai.py", line 61, in process_images\n'
        "    response = self.client.chat.completions.create(\n"
        f"{entry}\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        for entry in chained
    )
    return (
        f"{before}Traceback (most recent call last):\n"
        '  File "/client/run.py", line 256, in test\n'
        "    lib_run_single.run_single_example(agent, env, example, max_steps, instruction,\n"
        '  File "/client/lib_run_single.py", line 46, in run_single_example\n'
        f"    {statement}\n"
        "    ^^^^^^^^^^^^^^^^^\n"
        '  File "/client/anything/else.py", line 18, in anything\n'
        "    env.reset() or agent.predict() or env.evaluate()\n"
        f"{exception}\n"
    )


def error_line(statement: str, exception: str = "ValueError: no", *chained: str) -> str:
    return json.dumps(
        {
            "Error": "Exception in chrome/one",
            "Exception": exception.partition(": ")[2],
            "Traceback": traceback_text(statement, exception, *chained),
        }
    )


@dataclass
class TaskFiles:
    """A task's directory under ``root``; ``log`` records go to its own log."""

    root: Path
    domain: str = "chrome"
    name: str = "one"
    trial: str = "0"
    configuration: str = CONFIGURATION
    result: str | bytes | None = None
    log: list[Record] = field(default_factory=list)
    error: str = ""
    steps: int = 0

    @property
    def path(self) -> Path:
        return self.root / self.configuration / self.trial / self.domain / self.name

    def write(self) -> Path:
        logs = self.path / "logs"
        logs.mkdir(parents=True)
        (logs / f"task-0-{STAMP}.log").write_bytes(log_text(*self.log))
        lines = [self._line(number) for number in range(self.steps + 1)]
        lines += [self.error] if self.error else []
        (self.path / "traj.jsonl").write_text("".join(f"{line}\n" for line in lines))
        if self.result is not None:
            data = self.result if isinstance(self.result, bytes) else self.result.encode()
            (self.path / "result.txt").write_bytes(data)
        return self.path

    def _line(self, number: int) -> str:
        name = f"screenshot-step_{number - 1 if number else 'reset'}_{STAMP}.png"
        (self.path / name).write_bytes(PNG)
        action = f"computer.mouse.move({number},2)" if number else None
        return json.dumps(
            {
                "step_num": number,
                "action_timestamp": STAMP,
                "action": action,
                "done": number == self.steps and number > 0,
                "screenshot": name,
            }
        )
