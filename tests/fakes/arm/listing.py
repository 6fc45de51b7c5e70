"""The generic listing of a resource group: every kind alike, filtered, in pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.fakes.arm.reply import Json, RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.fakes.arm.world import Item

_TAG = re.compile(r"tagName eq '([^']*)'(?: and tagValue eq '([^']*)')?", re.IGNORECASE)
_TYPE = re.compile(r"resourceType eq '([^']*)'", re.IGNORECASE)
_EXPANDABLE = {"createdTime", "changedTime", "provisioningState"}


def entries(items: Sequence[Item], query: Mapping[str, str]) -> list[Json]:
    """The entries that a query asks for.

    With a filter by tag the entries come without their tags, as Azure documents it.
    """
    keep, shows_tags = _filter(query.get("$filter", ""))
    expand = {part for part in query.get("$expand", "").split(",") if part}
    if not expand <= _EXPANDABLE:
        raise RefusalError(400, "InvalidExpandQuery", f"Cannot expand {sorted(expand)}.")
    return [_entry(item, expand, shows_tags=shows_tags) for item in items if keep(item)]


def page(entries_: list[Json], query: Mapping[str, str], url: str, size: int) -> Json:
    """One page of entries, with a link to the next while there is one."""
    start = int(query.get("$skiptoken", "0"))
    body: Json = {"value": entries_[start : start + size]}
    if start + size < len(entries_):
        kept = {**query, "$skiptoken": str(start + size)}
        text = "&".join(f"{quote(name)}={quote(value)}" for name, value in kept.items())
        body["nextLink"] = f"{url}?{text}"
    return body


def _filter(text: str) -> tuple[Callable[[Item], bool], bool]:
    if not text:
        return lambda _item: True, True
    if by_type := _TYPE.fullmatch(text):
        return lambda item: item.kind.lower() == by_type[1].lower(), True
    if by_tag := _TAG.fullmatch(text):
        name, value = by_tag[1].lower(), by_tag[2]

        def tagged(item: Item) -> bool:
            tags = {key.lower(): held for key, held in item.tags.items()}
            return name in tags and value in (None, tags[name])

        return tagged, value is None
    raise RefusalError(400, "InvalidFilterInQueryString", f"Invalid $filter '{text}' in the query.")


def _entry(item: Item, expand: set[str], *, shows_tags: bool) -> Json:
    body: Json = {"id": item.id, "name": item.name, "type": item.kind, "location": item.location}
    if shows_tags and item.tags:
        body["tags"] = dict(item.tags)
    if "createdTime" in expand:
        body["createdTime"] = datetime.fromtimestamp(item.created, UTC).isoformat()
    if "provisioningState" in expand:
        body["provisioningState"] = item.state
    if item.owner is not None:
        body["managedBy"] = item.owner
    return body
