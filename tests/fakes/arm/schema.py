"""Bodies checked against the SDK's own types, with unknown keys refused."""

from __future__ import annotations

import functools
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args, get_origin

import typing_extensions
from azure.mgmt.compute import models, types
from pydantic import ConfigDict, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.arm.reply import Json

_ENUMS = {
    name: value
    for name, value in vars(models).items()
    if isinstance(value, type) and issubclass(value, Enum)
}


@functools.cache
def _adapter(name: str) -> TypeAdapter[Any]:
    make: Any = typing_extensions.TypedDict  # its second argument is known at run time alone
    holder = make("Holder", {"body": getattr(types, name)})
    holder.__pydantic_config__ = ConfigDict(extra="forbid", defer_build=True)
    adapter: TypeAdapter[Any] = TypeAdapter(holder)
    adapter.rebuild(_types_namespace=_ENUMS)
    return adapter


@functools.cache
def _hints(declared: type) -> dict[str, Any]:
    names = {**_ENUMS, **vars(types)}
    return typing_extensions.get_type_hints(declared, localns=names, include_extras=True)


def _is_required(name: str, path: Sequence[str | int]) -> bool:
    """Whether the SDK spells the key at ``path`` as Required.

    Its subclasses forget ``total=False``, which makes their every key look required.
    """
    hint: Any = getattr(types, name)
    spelt = False
    for step in path:
        hint = get_args(hint)[0] if isinstance(step, int) else _hints(hint)[step]
        spelt = get_origin(hint) is typing_extensions.Required
        hint = get_args(hint)[0] if spelt else hint
    return spelt


def violations(name: str, body: object) -> list[str]:
    """What is wrong with a body of the SDK's type ``name``, one line a finding."""
    try:
        _adapter(name).validate_python({"body": body})
    except ValidationError as error:
        return [
            f"{'.'.join(map(str, item['loc'][1:]))}: {item['msg']}"
            for item in error.errors(include_url=False, include_input=False)
            if item["type"] != "missing" or _is_required(name, item["loc"][1:])
        ]
    return []


def unknown_keys(model: Any, body: Json) -> list[str]:
    """Keys of a reply that the SDK's model has no field for, where it has no TypedDict."""
    known = {field._rest_name for field in model()._attr_to_rest_field.values()}
    return [f"{model.__name__}.{key}: unknown" for key in body if key not in known]
