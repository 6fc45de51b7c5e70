"""What a route gets and gives."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from tests.fakes.github.schema import ContractError, check

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping

    from tests.fakes.github.state import World
    from tests.fakes.github.tokens import Tokens

REPOSITORY_ID = 77
PAGE_DEFAULT = 30
PAGE_MAX = 100


class RefusedError(Exception):
    """GitHub says no, in its own words."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was admitted. ``origin`` is the address of the API, with its prefix."""

    world: World
    tokens: Tokens
    origin: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    login: str

    def number(self, name: str) -> int:
        return int(self.parts[name])


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply; ``model`` names the description that it must fit."""

    status: int
    document: Any = None
    model: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A call that the fake knows.

    ``path`` is below the repository unless ``whole``. ``body`` names the models of which a
    request's body must fit one; ``query`` the parameters that it may have.
    """

    verb: str
    path: re.Pattern[str]
    handle: Callable[[Call], Answer]
    permission: str | None
    query: frozenset[str] = frozenset()
    body: tuple[str, ...] = ()
    whole: bool = False


def parsed_query(text: str, allowed: frozenset[str]) -> dict[str, str]:
    """Return the query's parameters; unknown and repeated ones are no part of the contract."""
    result = parse_qs(text, keep_blank_values=True, strict_parsing=bool(text))
    unknown = set(result) - allowed
    if unknown or any(len(values) > 1 for values in result.values()):
        raise ContractError(f"query {text!r}: allowed are {sorted(allowed)}")
    return {name: values[0] for name, values in result.items()}


def parsed_body(raw: bytes, names: tuple[str, ...]) -> Any:
    """Return the decoded body, which must fit one of the models, or be absent without any."""
    if not names:
        if raw:
            raise ContractError("a body where none is described")
        return None
    document = json.loads(raw or b"null")
    check(names, document)
    return document


def page(call: Call, items: list[Any], path: str, key: str | None, model: str) -> Answer:
    """Return one page of ``items``, with GitHub's Link header."""
    size = min(int(call.query.get("per_page", PAGE_DEFAULT)), PAGE_MAX)
    number = int(call.query.get("page", "1"))
    shown = items[(number - 1) * size : number * size]
    headers = {}
    if number * size < len(items):
        query = urlencode({**call.query, "page": number + 1})
        last = urlencode({**call.query, "page": -(-len(items) // size)})
        base = f"{call.origin}/repositories/{REPOSITORY_ID}{path}"
        headers["Link"] = f'<{base}?{query}>; rel="next", <{base}?{last}>; rel="last"'
    document = shown if key is None else {"total_count": len(items), key: shown}
    return Answer(200, document, model, headers)
