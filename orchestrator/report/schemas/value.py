"""What the structs of the documents have in common."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Difference = Annotated[float, Meta(ge=-1, le=1)]


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen part of a document. What it holds is checked by the schema, not when it is made."""


def json_value(value: Value) -> dict[str, Any]:
    """Return a struct as a dictionary of what JSON can hold, its keys in the struct's order."""
    document: dict[str, Any] = msgspec.to_builtins(value)
    return document
