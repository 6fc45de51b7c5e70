"""The fake on the wire: TLS on a loopback port, a thread a connection, one lock for the state."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import sys
import threading
from dataclasses import dataclass, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import trustme

from tests.fakes.arm.buckets import Limits
from tests.fakes.arm.catalogue import Catalogue
from tests.fakes.arm.faults import Fault, Faults, Wound
from tests.fakes.arm.graph import Graph
from tests.fakes.arm.identity import Identity
from tests.fakes.arm.machines import Machines
from tests.fakes.arm.reply import RefusalError, Reply
from tests.fakes.arm.roles import RUN, Role, check
from tests.fakes.arm.routes import Request, Routes
from tests.fakes.arm.world import DISK, IP, MACHINE, NIC, World
from tests.fakes.clock import Clock, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TOKEN = re.compile(r"/(?P<tenant>[\w-]+)/oauth2/v2\.0/token")
_CONFIGURATION = re.compile(r"/(?P<tenant>[\w-]+)/v2\.0/\.well-known/openid-configuration")
_REFUSED = (Wound.REFUSE, Wound.REFUSE_AFTER)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that arrived, in the order of arrival; ``status`` is None for a lost reply."""

    call: str
    at: float
    status: int | None
    verb: str = ""
    path: str = ""


class FakeArm:
    """Azure Resource Manager for one subscription and one resource group, and its sign-in.

    Everything is read and changed through the attributes; ``run_due`` lets time's events happen
    without a request. ``limits=True`` turns Azure's token buckets on. ``roles`` are the caller's:
    those of a run's identity, unless a test says otherwise.
    """

    def __init__(self, clock: Clock | None = None, *, limits: bool = False) -> None:
        self.clock: Clock = clock or VirtualClock()
        self.catalogue = Catalogue()
        self.faults = Faults()
        self.identity = Identity()
        self.roles: tuple[Role, ...] = RUN
        self.graph = Graph()
        self.limits = Limits(enabled=limits)
        self.world = World(self.clock)
        self.machines = Machines(self.world, self.catalogue, self.faults)
        self.routes = Routes(self.world, self.catalogue, self.machines)
        self.seen: list[Seen] = []
        self.lock = threading.RLock()

    @property
    def url(self) -> str:
        """The address, once started: of the control plane, the authority and the token service."""
        return self.routes.base

    @property
    def violations(self) -> list[str]:
        """What either side said that the SDK's own types do not know; a test asserts none."""
        return self.routes.violations

    def run_due(self) -> None:
        """Let everything happen that the clock says is due."""
        with self.lock:
            self.world.settle()

    def names(self, kind: str) -> list[str]:
        """The names of what exists of a kind, listings aside."""
        self.run_due()
        with self.lock:
            return sorted(item.name for item in self.world.of(kind))

    def everything(self) -> list[str]:
        """The names of every machine, NIC, disk and IP that exists."""
        return [name for kind in (MACHINE, NIC, DISK, IP) for name in self.names(kind)]

    def calls(self, pattern: str = "") -> list[Seen]:
        """The requests seen so far whose call matches."""
        with self.lock:
            return [seen for seen in self.seen if re.search(pattern, seen.call)]

    def handle(self, request: Request) -> Reply | None:
        """Answer one request; None drops the connection."""
        fault = self.faults.next_for(request.call, request.body)
        with self.lock:
            number = len(self.seen) + 1
            seen = Seen(request.call, self.clock.now(), None, request.verb, request.path)
            self.seen.append(seen)
        self.faults.on_request(number, request.call, "before")
        down = self.clock.now() < self.world.down_until
        reply = None if down else self._wounded(request, fault)
        self.faults.on_request(number, request.call, "after")
        with self.lock:
            status = reply.status if reply is not None else None
            self.seen[number - 1] = replace(seen, status=status)
        return reply

    def _wounded(self, request: Request, fault: Fault | None) -> Reply | None:
        if fault is None:
            return self._answer(request)
        if fault.wound is Wound.SLOW:
            self.clock.sleep(fault.seconds)
            return self._answer(request)
        if fault.wound in (Wound.REFUSE_AFTER, Wound.DROP_AFTER):
            self._answer(request)
        if fault.wound is Wound.GARBAGE:
            page = b"<html>Our services aren't available right now</html>"
            return Reply(fault.status, headers=fault.headers, raw=page)
        if fault.wound not in _REFUSED:
            return None
        if fault.leaves_nic:
            self._leave_nic(request)
        return RefusalError(
            fault.status, fault.code, fault.message, fault.details, dict(fault.headers)
        ).reply()

    def _leave_nic(self, request: Request) -> None:
        with self.lock:
            self.machines.make_network(request.machine or "", json.loads(request.body))

    def _answer(self, request: Request) -> Reply:
        with self.lock:
            self.world.settle()
            try:
                reply = self._sign_in(request)
                if reply is None:
                    claims = self.identity.check(request.headers.get("Authorization", ""))
                    reply = self.graph.answer(request, claims.get("aud"), self.url)
                if reply is None:
                    check(request, self.roles)
                    self.limits.admit(request.verb, request.machine, self.clock.now())
                    reply = self.routes.answer(request)
            except RefusalError as refusal:
                reply = refusal.reply()
            self.world.settle()
            return replace(reply, headers={**reply.headers, **self.limits.headers(request.verb)})

    def _sign_in(self, request: Request) -> Reply | None:
        if request.path == "/assertion":
            authorization = request.headers.get("Authorization", "")
            return self.identity.assertion(authorization, request.query)
        if match := _TOKEN.fullmatch(request.path):
            return self.identity.token(match["tenant"], request.body)
        if match := _CONFIGURATION.fullmatch(request.path):
            return self.identity.configuration(self.url, match["tenant"])
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1  # one write a reply: separate ones wait for the other side's delayed ACK
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self._drop()  # its sender died in the middle of it: there never was such a request
            return
        request = Request(self.command, self.path, self.headers, body)  # type: ignore[arg-type]
        reply = self.server.fake.handle(request)
        if reply is None:
            self._drop()
            return
        payload = reply.payload()
        self.send_response_only(reply.status)
        if "Date" not in reply.headers:
            self.send_header("Date", formatdate(self.server.fake.clock.now(), usegmt=True))
        self.send_header("Content-Type", "application/json" if reply.raw is None else "text/html")
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("x-ms-correlation-request-id", "00000000-0000-4000-8000-000000000001")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = do_HEAD = _serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Stay silent: tests read ``seen``."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, fake: FakeArm, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fake = fake
        # The handshake happens in the connection's own thread, at its first read.
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - http.server's
        """A client that went away is part of the tests; anything else is a violation."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.fake.violations.append(f"the fake broke: {error!r}")


@contextlib.contextmanager
def serving(fake: FakeArm, directory: Path, *, tick_s: float | None = None) -> Iterator[Path]:
    """Serve a fake; yields the file of the authority that signed its certificate.

    With ``tick_s`` whatever is due happens that often (wall seconds) without any request: for
    clocks that run by themselves.
    """
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    ca_file = directory / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    server = _Server(fake, context)
    fake.routes.base = f"https://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="fake-arm", daemon=True
    )
    thread.start()
    ended = threading.Event()
    ticker = threading.Thread(target=_tick, args=(fake, tick_s, ended), daemon=True)
    ticker.start()
    try:
        yield ca_file
    finally:
        ended.set()
        ticker.join()
        server.shutdown()
        server.server_close()
        thread.join()
        fake.machines.halt_all()


def _tick(fake: FakeArm, every_s: float | None, ended: threading.Event) -> None:
    while every_s is not None and not ended.wait(every_s):
        fake.run_due()
