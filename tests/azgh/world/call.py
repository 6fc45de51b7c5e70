"""A request to the stand-in, and its reply."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Call:
    """A request: ``host`` decides whom it is for."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str], raw: bytes) -> Call:
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        host = headers.get("host", url.netloc)
        # az writes "Microsoft.Logic//workflows": Resource Manager takes that for one slash.
        path = re.sub("/{2,}", "/", url.path).rstrip("/")
        return cls(method, host, path, query, headers, raw)

    @property
    def body(self) -> Any:
        # az leaves this one key without quotes, and Resource Manager takes it.
        raw = self.raw.replace(b", template:{", b', "template":{', 1)
        return json.loads(raw) if raw else {}

    @property
    def changes(self) -> bool:
        """Whether it may change anything, which questions that are asked by POST do not."""
        asks = self.path.endswith(
            ("/checkNameAvailability", "/directoryObjects/getByIds", "/validate", "/graphql")
        )
        is_login = self.host == "login.microsoftonline.com"
        return self.method not in ("GET", "HEAD") and not (asks or is_login)

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{self.method} https://{self.host}{self.path}{'?' if query else ''}{query}"


@dataclass(frozen=True)
class Reply:
    """A reply; no body at all where it is None."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """The real one is known to refuse this; the reply says how."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.body))
        self.reply = reply


class Routes:
    """Handlers by method and pattern of the path; a path's case does not count."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Reply]]] = []

    def add(self, methods: str, pattern: str, handler: Callable[..., Reply]) -> None:
        """Route ``{name}`` to one part of the path, and ``{name*}`` to all that follows."""
        parts = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", pattern)
        regex = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", parts), re.IGNORECASE)
        for method in methods.split():
            self._routes.append((method, regex, handler))

    def answer(self, call: Call) -> Reply | None:
        """Return the reply of the first handler that knows the request; None if none does."""
        for method, regex, handler in self._routes:
            match = regex.fullmatch(call.path) if method == call.method else None
            if match:
                return handler(call, **match.groupdict())
        return None
