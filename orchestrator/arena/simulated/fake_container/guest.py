"""The guest as seen from inside the container: the server in Windows, and QEMU's monitor (QMP)."""

from __future__ import annotations

import contextlib
import fcntl
import json
import socket
import socketserver
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PROBE_REPLY = {"status": "Probe successful", "message": "Service is operational"}
DEATH_PATH = "/standin/die"
"""Not the real server's: a scripted fault posts here to end QEMU under a living container."""

_GREETING = {"QMP": {"version": {"qemu": {"major": 8, "minor": 2, "micro": 0}}, "capabilities": []}}
_RUNNING = {"return": {"status": "running", "singlestep": False, "running": True}}
# <linux/sockios.h>: set an interface's address; the alias lo:1 needs no other tool.
_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C


class VirtualMachine:
    """A virtual machine that answers: QMP as soon as it exists, ``/probe`` once it has booted."""

    def __init__(self, http: tuple[str, int], qmp: tuple[str, int]) -> None:
        self._http = _Web(http, _WindowsServer, bind_and_activate=False)
        self._http.on_shutdown = self.die
        self._http.server_bind()
        self._qmp = _Monitor(qmp, _MonitorSession)
        self._serving: list[socketserver.BaseServer] = []
        self._dead = threading.Event()

    @property
    def addresses(self) -> tuple[str, str]:
        """The addresses of the server in Windows and of QMP, as ``host:port``."""
        return _shown(self._http), _shown(self._qmp)

    def power_on(self) -> None:
        """Answer QMP."""
        self._serve(self._qmp)

    def boot(self) -> None:
        """Answer ``/probe``."""
        self._http.server_activate()
        self._serve(self._http)

    def die(self) -> None:
        """Answer nothing more; new connections are refused."""
        if self._dead.is_set():
            return
        self._dead.set()
        self._qmp.hang_up()
        for server in self._serving:
            server.shutdown()
            server.server_close()

    def _serve(self, server: socketserver.BaseServer) -> None:
        self._serving.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()


def _shown(server: socketserver.TCPServer) -> str:
    host, port = server.server_address[:2]
    return f"{host!s}:{port}"


class _Web(ThreadingHTTPServer):
    on_shutdown: Callable[[], None]

    def server_bind(self) -> None:
        # The base class looks its own name up, which may wait for a name server.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "windows", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a caller that hung up: the standard error is the container's."""


class _WindowsServer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        result = self.path == "/probe"
        self._reply(200 if result else 404, PROBE_REPLY if result else {"error": "not found"})

    def do_POST(self) -> None:
        result = self.path in ("/shutdown", DEATH_PATH)
        self._reply(200 if result else 404, {"status": "shutting down"} if result else {})
        if result and isinstance(self.server, _Web):
            threading.Thread(target=self.server.on_shutdown, daemon=True).start()

    def _reply(self, status: int, document: dict[str, str]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the base class's name
        """Log nothing: what Windows logs stays in Windows."""


class _Monitor(socketserver.TCPServer):
    """One client at a time, as QEMU's (``-qmp tcp:…,server,nowait``): the next waits unheard."""

    allow_reuse_address = True
    at_work: socket.socket | None = None

    def hang_up(self) -> None:
        """End the session of the client that is served, so that the server can end."""
        if self.at_work is not None:
            with contextlib.suppress(OSError):
                self.at_work.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a caller that hung up."""


class _MonitorSession(socketserver.StreamRequestHandler):
    """QMP: a greeting, then one JSON command a line; nothing before ``qmp_capabilities``."""

    def handle(self) -> None:
        if isinstance(self.server, _Monitor):
            self.server.at_work = self.connection
        with contextlib.suppress(ConnectionError):
            self._say(_GREETING)
            negotiated = False
            for line in self.rfile:
                reply, negotiated = _answer(line, negotiated=negotiated)
                self._say(reply)

    def _say(self, document: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(document).encode() + b"\r\n")


def _answer(line: bytes, *, negotiated: bool) -> tuple[dict[str, Any], bool]:
    try:
        request = json.loads(line)
        command = request["execute"]
    except (ValueError, KeyError, TypeError):
        return _error("GenericError", "Expected an object with member 'execute'"), negotiated
    echo = {"id": request["id"]} if "id" in request else {}
    if command == "qmp_capabilities" and not negotiated:
        return {"return": {}} | echo, True
    if command == "query-status" and negotiated:
        return _RUNNING | echo, True
    what = f"The command {command} has not been found"
    if not negotiated:
        what = "Expecting capabilities negotiation with 'qmp_capabilities'"
    return _error("CommandNotFound", what) | echo, negotiated


def _error(kind: str, what: str) -> dict[str, Any]:
    return {"error": {"class": kind, "desc": what}}


def take_address(address: str) -> bool:
    """Give the loopback interface a second address, as Windows has one inside the container.

    Returns False where that is not allowed (no NET_ADMIN): the guest is then unreachable.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            for request, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, "255.255.255.255")):
                packed = struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, _bytes(value))
                fcntl.ioctl(control, request, packed)
        except PermissionError:
            return False
    return True


def _bytes(address: str) -> bytes:
    return socket.inet_aton(address)
