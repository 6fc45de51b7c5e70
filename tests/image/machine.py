"""A machine's programs run in a sandbox: a root of their own, stand-ins on PATH, a blob server."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
IMAGE = REPOSITORY / "runner-image"
BIN = IMAGE / "bin"
SAS = "sv=2025-11-05&sig=%2Fsecret%3D"


@dataclass
class Sandbox:
    """A directory that stands for a machine. ``console`` is what its console shows."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("stubs", "run/waa-matrix"):
            (self.root / name).mkdir(parents=True)
        self.stub("power-off", "echo off >>$WAA_ROOT/powered-off")
        (self.state / "store-sas").write_text(SAS)

    @property
    def state(self) -> Path:
        return self.root / "run/waa-matrix"

    @property
    def console(self) -> str:
        file = self.root / "console"
        return file.read_text() if file.exists() else ""

    @property
    def powered_off(self) -> bool:
        return (self.root / "powered-off").exists()

    def stub(self, name: str, script: str) -> Path:
        path = self.root / "stubs" / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)
        return path

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": f"{self.root / 'stubs'}:{os.environ['PATH']}",
            "WAA_ROOT": str(self.root),
            "WAA_STATE": str(self.state),
            "WAA_CONSOLE": str(self.root / "console"),
            "WAA_POWEROFF": str(self.root / "stubs/power-off"),
            "WAA_REPORT_TRIES": "1",
            "WAA_MATRIX_WORKER_MACHINE": "waa-7-1-000-ab",
            "WAA_MATRIX_WORKER_RUN_NAME": "nightly",
            **self.variables,
            **more,
        }

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        program = str(BIN / command[0])
        return subprocess.run(
            [program, *command[1:]],
            env=self.environment(**more),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@dataclass
class Server:
    """What answers: ``replies`` by path (status, body); PUTs are kept, each path once."""

    replies: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def events(self) -> dict[str, Any]:
        return {path: json.loads(body) for path, body in self.blobs.items()}


@contextmanager
def serving() -> Iterator[Server]:
    """Serve on loopback."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.headers.append(dict(self.headers))
            self._answer(*server.replies.get(self.path, (404, b"")))

        def do_PUT(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.queries.append(query)
            server.headers.append(dict(self.headers))
            if path in server.blobs:
                self._answer(409, b"")
                return
            server.blobs[path] = body
            self._answer(201, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
