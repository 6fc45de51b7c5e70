"""What stands between a run and its store: an HTTP server that forwards, refuses, lags and loses.

It is the network and the service's front door, before Azurite or (``tests/fakes/s3.py``) moto. A
refusal's status and error code are as Blob Storage's "Common REST API error codes" and "Blob
Storage error codes" list them.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message

_HOP_BY_HOP = ("connection", "transfer-encoding", "content-length", "keep-alive", "date", "server")
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to a request: it waits, then is refused, or is served and its reply is lost."""

    status: int = 0
    code: str = ""
    after_s: float = 0.0
    loses_reply: bool = False


FORBIDDEN = Trouble(403, "AuthorizationFailure")
UNAUTHENTICATED = Trouble(401, "NoAuthenticationInformation")
NO_CONTAINER = Trouble(404, "ContainerNotFound")
BUSY = Trouble(503, "ServerBusy")
TAKEN = Trouble(409, "BlobAlreadyExists")
CONDITION = Trouble(412, "ConditionNotMet")
LOST = Trouble(loses_reply=True)


@dataclass
class Front:
    """The door to ``target``. ``trouble`` says what happens to a request: (verb, path) to that.

    ``admits`` is the service's own guard, which stays: (verb, path, headers) to its refusal.
    """

    target: int
    port: int = 0
    trouble: Callable[[str, str], Trouble | None] = lambda _verb, _path: None
    admits: Callable[[str, str, Message], Trouble | None] = lambda _verb, _path, _headers: None
    met: list[str] = field(default_factory=list)
    prolog: str = "<?xml version='1.0'?>"

    def clear(self) -> None:
        """Let everything through from now on."""
        self.trouble = lambda _verb, _path: None


def once(trouble: Trouble, verb: str) -> Callable[[str, str], Trouble | None]:
    """Return a rule that meets the first request of this kind with ``trouble``."""
    left = [trouble]
    return lambda asked, _path: left.pop() if left and asked == verb else None


def always(trouble: Trouble) -> Callable[[str, str], Trouble]:
    """Return a rule that meets every request with ``trouble``."""
    return lambda _verb, _path: trouble


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    front: Front

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        trouble = self.front.trouble(self.command, self.path)
        if trouble is not None:
            self.front.met.append(f"{self.command} {self.path}")
            time.sleep(trouble.after_s)
        trouble = trouble or self.front.admits(self.command, self.path, self.headers)
        if trouble is not None and trouble.status:
            self._refuse(trouble)
            return
        status, headers, data = self._forward(body)
        if trouble is not None and trouble.loses_reply:
            self.close_connection = True
            return
        self._reply(status, headers, data)

    def _refuse(self, trouble: Trouble) -> None:
        text = f"{self.front.prolog}<Error><Code>{trouble.code}</Code></Error>".encode()
        headers = [("x-ms-error-code", trouble.code), ("Content-Type", "application/xml")]
        self._reply(trouble.status, headers, b"" if self.command == "HEAD" else text)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        to = http.client.HTTPConnection("127.0.0.1", self.front.target, timeout=60)
        with contextlib.closing(to):
            headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
            to.request(self.command, self.path, body, headers)
            answer = to.getresponse()
            kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP]
            return answer.status, kept, answer.read()

    def _reply(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815  # http.server's names

    def handle(self) -> None:
        """Serve a connection; one that its client cut is over."""
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@contextlib.contextmanager
def front_of(port: int, tls: ssl.SSLContext | None = None) -> Iterator[Front]:
    """Stand before a blob server on this port until the block ends."""
    front = Front(port)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"front": front}))
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    front.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_S,), daemon=True)
    thread.start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
