"""What an episode leaves in its directory: the trajectory, a few files a step, the result."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from .journal import stamp
from .screen import WINDOW_HEIGHT, WINDOW_WIDTH, desktop, window

if TYPE_CHECKING:
    from pathlib import Path

_NOT_SAVED = "key: {}: <class 'NoneType'> not saved"
_REASONING = "Simulated reasoning: nobody looked at the screen."
_PAGE = (
    "<style>html {{ font-family: sans-serif; }}</style>\n"
    "<details><summary>config</summary><pre>\n{}\n</pre></details>\n"
)


class TaskRecord:
    """Writes one task's files as the trajectory recorder names them."""

    def __init__(self, directory: Path, title: str) -> None:
        self._directory = directory
        self._title = title
        self._tint = zlib.crc32(title.encode())
        config = {"id": title.rpartition("/")[2], "instruction": self._instruction}
        self._append("traj.html", _PAGE.format(json.dumps(config, indent=2)))
        self._append("traj.jsonl", "")

    @property
    def _instruction(self) -> str:
        return f"Simulated instruction of {self._title}."

    def first(self) -> None:
        """Write the observation before the first action."""
        now = stamp()
        head = {"step_num": 0, "action_timestamp": now, "action": None}
        self._line(head | self._observation("reset", 0, now))

    def step(self, number: int, action: str, *, done: bool) -> None:
        """Write step ``number`` (the first is 1) and the observation after it."""
        now = stamp()
        head = {
            "step_num": number,
            "action_timestamp": now,
            "action": action,
            "reward": 0,
            "done": done,
            "info": {"done": True} if done else {},
        }
        name = str(number - 1)
        texts = {
            "user_question": self._text("user_question", name, now, f"What is step {number}?"),
            "plan_result": self._text(
                "plan_result", name, now, f"{_REASONING}\n```python\n{action}\n```"
            ),
        }
        self._line(head | self._observation(name, number, now) | texts)

    def error(self, exception: str, traceback: str) -> None:
        """Write the last line of a crashed episode."""
        error = f"Exception in {self._title}"
        self._line({"Error": error, "Exception": exception, "Traceback": traceback})

    def result(self, data: bytes) -> None:
        """Write ``result.txt``."""
        (self._directory / "result.txt").write_bytes(data)

    def _observation(self, name: str, number: int, now: str) -> dict[str, Any]:
        screenshot = f"screenshot-step_{name}_{now}.png"
        image = f"window_image-step_{name}_{now}.png"
        (self._directory / screenshot).write_bytes(desktop(self._tint, number))
        (self._directory / image).write_bytes(window(self._tint, number))
        return {
            "screenshot": screenshot,
            "accessibility_tree": self._text(
                "accessibility_tree", name, now, f'<tree><window step="{number}"/></tree>'
            ),
            "terminal": _NOT_SAVED.format("terminal"),
            "instruction": self._instruction,
            "window_title": f"{self._title.partition('/')[0]} (simulated)",
            "window_rect": [0, 0, WINDOW_WIDTH, WINDOW_HEIGHT],
            "window_image": image,
            "window_names_str": "Program Manager",
            "computer_clipboard": "",
            "human_input": _NOT_SAVED.format("human_input"),
        }

    def _text(self, kind: str, name: str, now: str, text: str) -> str:
        file = f"{kind}-step_{name}_{now}.txt"
        (self._directory / file).write_text(text)
        return file

    def _line(self, document: dict[str, Any]) -> None:
        self._append("traj.jsonl", json.dumps(document) + "\n")

    def _append(self, name: str, text: str) -> None:
        with (self._directory / name).open("a") as file:
            file.write(text)
