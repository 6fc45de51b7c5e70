"""The HTTP side: admits a request, judges it by the contract, answers, or breaks as scripted."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.fakes.clock import VirtualClock
from tests.fakes.github import (
    routes_actions,
    routes_apps,
    routes_artifacts,
    routes_repository,
    routes_reviews,
)
from tests.fakes.github.call import (
    REPOSITORY_ID,
    Answer,
    Call,
    RefusedError,
    Route,
    parsed_body,
    parsed_query,
)
from tests.fakes.github.faults import Fault, Faults, Wound
from tests.fakes.github.scheduler import settle
from tests.fakes.github.schema import ContractError, check

if TYPE_CHECKING:
    from tests.fakes.github.limits import Limits
    from tests.fakes.github.state import World
    from tests.fakes.github.tokens import Grant, Tokens

ROUTES: tuple[Route, ...] = (
    *routes_actions.ROUTES,
    *routes_artifacts.ROUTES,
    *routes_reviews.ROUTES,
    *routes_apps.ROUTES,
    *routes_repository.ROUTES,
    routes_artifacts.STORAGE,
)
_BEFORE = frozenset({Wound.DROP_BEFORE})
_AFTER = frozenset({Wound.DROP_AFTER})


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that was answered; ``status`` 0 means that the connection was dropped."""

    verb: str
    path: str
    status: int


@dataclass(frozen=True, slots=True)
class Request:
    verb: str
    target: str
    headers: Any
    body: bytes

    @property
    def authorization(self) -> str:
        return str(self.headers.get("Authorization", ""))


class Service:
    """Everything about a request but its bytes on the wire."""

    def __init__(
        self,
        world: World,
        tokens: Tokens,
        faults: Faults,
        limits: Limits,
        repository: str,
        prefix: str,
    ) -> None:
        self.world, self.tokens, self.faults, self.limits = world, tokens, faults, limits
        self.origin = ""
        self.seen: list[Seen] = []
        self.violations: list[str] = []
        self._prefix = prefix
        self._roots = (f"/repos/{repository}", f"/repositories/{REPOSITORY_ID}")
        self._lock = threading.Lock()
        self._requests = 0

    def answer(self, request: Request) -> tuple[Answer, Wound | None] | None:
        """Return the reply and what becomes of it; None drops the connection at once."""
        path, _, whole = self._split(request.target)
        call = f"{request.verb} {path}"
        with self._lock:
            self._requests += 1
            number = self._requests
        self.faults.on_request(number, call, "before")
        if self.world.down:
            self._note(request.verb, path, 0)
            return None
        fault = self.faults.next_for(call)
        if fault and fault.wound in _BEFORE:
            self._note(request.verb, path, 0)
            return None
        answer = self._wounded(request, fault, path, whole=whole)
        self.limits.count(answer.status)
        self._note(request.verb, path, 0 if fault and fault.wound in _AFTER else answer.status)
        self.faults.on_request(number, call, "after")
        return answer, fault.wound if fault else None

    def _wounded(self, request: Request, fault: Fault | None, path: str, *, whole: bool) -> Answer:
        if fault and fault.wound is Wound.SLOW:
            self._pass(fault.seconds)
        if fault and fault.wound is Wound.REFUSE:
            return _error(fault.status, fault.message, dict(fault.headers))
        answer = self._judged(request, path, whole=whole)
        if fault and fault.wound is Wound.REFUSE_AFTER:
            return _error(fault.status, fault.message, dict(fault.headers))
        return answer

    def _judged(self, request: Request, path: str, *, whole: bool) -> Answer:
        try:
            return self._conditional(request, self._served(request, path, whole=whole))
        except RefusedError as refused:
            return _error(refused.status, refused.message, refused.headers)
        except ContractError as broken:
            self.violations.append(f"{request.verb} {path}: {broken}")
            return _error(422, f"Invalid request.\n\n{broken}", {})

    def _served(self, request: Request, path: str, *, whole: bool) -> Answer:
        route, parts = _find(request.verb, path, whole=whole)
        if route is routes_artifacts.STORAGE:
            if request.authorization:
                raise ContractError("a token was sent to the storage")
            login = ""
        else:
            refusal = self.limits.admit(request.verb)
            if refusal:
                raise RefusedError(refusal.status, refusal.message, refusal.headers)
            login = self._login(request, route)
        query = parsed_query(urlsplit(request.target).query, route.query)
        body = parsed_body(request.body, route.body)
        call = Call(self.world, self.tokens, self.origin, parts, query, body, login)
        with self.world.lock:
            settle(self.world, self.faults.idle_limit_s)
            answer = route.handle(call)
            settle(self.world, self.faults.idle_limit_s)
        _check_reply(answer)
        return answer

    def _login(self, request: Request, route: Route) -> str:
        if route.permission == "app":
            if not self.tokens.is_app(request.authorization):
                raise RefusedError(401, "A JSON web token could not be decoded")
            return "app"
        if not request.authorization:
            raise RefusedError(401, "Requires authentication")
        grant: Grant | None = self.tokens.grant(request.authorization)
        if grant is None:
            raise RefusedError(401, "Bad credentials")
        reads = f"{route.permission}:read" if route.verb == "GET" else None
        if grant.permissions.isdisjoint({route.permission, reads}):
            raise RefusedError(403, "Resource not accessible by integration")
        return grant.login

    def _conditional(self, request: Request, answer: Answer) -> Answer:
        """Give a read its ETag, which depends on who asks, and 304 to who has it already."""
        if request.verb != "GET" or answer.status != 200 or answer.raw is not None:
            return answer
        text = json.dumps(answer.document) + request.authorization
        etag = f'W/"{hashlib.sha256(text.encode()).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag:
            return Answer(304, headers={"ETag": etag})
        headers = {**answer.headers, "ETag": etag}
        return Answer(answer.status, answer.document, answer.model, headers)

    def _split(self, target: str) -> tuple[str, str, bool]:
        """Return the path below the repository (or whole), the query, and which it is."""
        address = urlsplit(target)
        path = address.path.removeprefix(self._prefix)
        for root in self._roots:
            if path.startswith(f"{root}/"):
                return path.removeprefix(root), address.query, False
        return path, address.query, True

    def _note(self, verb: str, path: str, status: int) -> None:
        with self._lock:
            self.seen.append(Seen(verb, path, status))

    def _pass(self, seconds: float) -> None:
        clock = self.world.clock
        if isinstance(clock, VirtualClock):
            clock.advance(seconds)
        else:
            clock.sleep(seconds)


def _find(verb: str, path: str, *, whole: bool) -> tuple[Route, dict[str, str]]:
    for route in ROUTES:
        match = route.path.fullmatch(path)
        if match and route.verb == verb and route.whole == whole:
            return route, match.groupdict()
    raise ContractError("no such call")


def _check_reply(answer: Answer) -> None:
    if answer.model is None:
        return
    documents = answer.document if isinstance(answer.document, list) else [answer.document]
    for document in documents:
        check((answer.model,), document)


def _error(status: int, message: str, headers: dict[str, str]) -> Answer:
    page = "https://docs.github.com/rest"  # a refusal names its page of the documentation
    document = {"message": message, "documentation_url": page, "status": str(status)}
    return Answer(status, document, None, headers)


class Handler(BaseHTTPRequestHandler):
    """One connection. ``service`` is set on a subclass for each fake."""

    service: Service
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 30

    def handle_call(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:
            self._drop()  # its sender died in the middle of it: there never was such a request
            return
        request = Request(self.command, self.path, self.headers, body)
        outcome = self.service.answer(request)
        if outcome is None or outcome[1] in _AFTER:
            self._drop()
            return
        self._reply(outcome[0], cut=outcome[1] is Wound.CUT)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = handle_call  # noqa: N815  # http.server's names

    def _reply(self, answer: Answer, *, cut: bool) -> None:
        body = answer.raw if answer.raw is not None else b""
        if answer.document is not None:
            body = json.dumps(answer.document).encode()
        self.send_response_only(answer.status)
        kind = "application/zip" if answer.raw is not None else "application/json; charset=utf-8"
        date = formatdate(self.service.world.clock.now(), usegmt=True)
        headers = {"Content-Type": kind, "Date": date}
        headers |= {**self.service.limits.headers(), **answer.headers}
        if answer.status not in (204, 304):
            headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.wfile.flush()
        if cut:
            self._drop()

    def _drop(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""
