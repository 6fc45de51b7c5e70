"""Drives Debian's chromium over a pipe with its DevTools protocol: no driver, no port."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or ""
_KILL_AFTER_S = 240.0


class BrowserError(Exception):
    """The browser refused a command, or ended."""


@dataclass(slots=True)
class Browser:
    """One page in a headless browser; ``events`` is all that it told, in order."""

    profile: Path
    events: list[dict[str, Any]] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _to: int = -1
    _from: int = -1
    _session: str = ""
    _number: int = 0
    _rest: bytes = b""
    _watchdog: threading.Timer | None = None

    def __enter__(self) -> Self:
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        command = (
            f'exec "{CHROMIUM}" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage '
            "--no-first-run --disable-background-networking --remote-debugging-pipe "
            f'"--user-data-dir={self.profile}" about:blank 3<&{theirs_in} 4>&{theirs_out}'
        )
        self._process = subprocess.Popen(
            ["bash", "-c", command],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        # A hung browser must end the test, not the test run.
        self._watchdog = threading.Timer(_KILL_AFTER_S, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._watchdog is not None
        self._watchdog.cancel()
        os.close(self._to)  # the end of the pipe ends the browser
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._from)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") != self._number:
                self.events.append(answer)
            elif "error" in answer:
                raise BrowserError(f"{method}: {answer['error']}")
            else:
                result: dict[str, Any] = answer["result"]
                return result

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            block = os.read(self._from, 1 << 16)
            if not block:
                raise BrowserError("the browser ended")
            self._rest += block
        line, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def wait_for(self, event: str) -> None:
        """Read until an event of this name has come since the last ``open``."""
        while not any(told.get("method") == event for told in self.events):
            self.events.append(self._read())

    def open(self, path: Path, fragment: str = "") -> None:
        # By way of an empty page: the same address with another fragment would load nothing.
        for url in ("about:blank", path.as_uri() + fragment):
            self.events.clear()
            self.send("Page.navigate", url=url)
            self.wait_for("Page.loadEventFired")

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page and return its value."""
        told = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in told:
            raise BrowserError(str(told["exceptionDetails"]))
        return told["result"].get("value")

    def complaints(self) -> list[str]:
        """Return every console message, log entry and exception since the last ``open``."""
        self.run("0")  # what was told before this answer has been read
        kinds = ("Runtime.consoleAPICalled", "Log.entryAdded", "Runtime.exceptionThrown")
        return [json.dumps(told) for told in self.events if told.get("method") in kinds]

    def requests(self) -> list[str]:
        """Return every address asked for since the last ``open``."""
        self.run("0")
        return [
            told["params"]["request"]["url"]
            for told in self.events
            if told.get("method") == "Network.requestWillBeSent"
        ]
