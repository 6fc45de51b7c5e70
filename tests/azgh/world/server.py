"""The stand-in as a server: HTTP on a socket in the file system, for every host alike."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from tests.azgh.world.call import Call, RefusedError, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.azgh.world import World


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.answer(Call.of(self.command, self.path, headers, raw))
        body = b"" if reply.body is None else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if reply.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(BrokenPipeError):  # a caller that the status was enough for
                self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815

    def address_string(self) -> str:
        return "caller"

    def log_message(self, *_arguments: Any) -> None:
        """Keep the test's output clean: the world has every call."""


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path, world: World) -> None:
        super().__init__(str(path), _Handler)
        self._world, self._lock = world, threading.Lock()

    def answer(self, call: Call) -> Reply:
        with self._lock:
            try:
                return self._world.answer(call)
            except RefusedError as refused:
                self._world.refusals.append(f"{call}: {refused}")
                return refused.reply


@contextmanager
def serving(path: Path, world: World) -> Iterator[None]:
    """Serve a world on a socket; it must not be there yet."""
    server = _Server(path, world)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        path.unlink()
