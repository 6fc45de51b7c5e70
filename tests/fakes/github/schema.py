"""GitHub's official description, as githubkit's models carry it: the judge of every message."""

from __future__ import annotations

import copy
import types
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import githubkit_schemas.v2026_03_10.models as models
from pydantic import BaseModel, ValidationError

_INSTANT = "2027-01-15T08:00:00Z"


class ContractError(Exception):
    """A message is not what GitHub's description says."""


def check(names: tuple[str, ...], document: Any) -> None:
    """Raise ContractError unless ``document`` fits one of the models; unknown keys do not fit."""
    result = []
    for name in names:
        try:
            _model(name).model_validate(document, extra="forbid")
        except ValidationError as error:
            result.append(f"{name}: {error}")
        else:
            return
    raise ContractError("\n".join(result))


def complete(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return ``values`` with a placeholder for every required field that they leave out."""
    document = copy.deepcopy(_template(name))
    document.update(values)
    return document


def instant(seconds: float | None) -> str | None:
    """Return Unix seconds as GitHub writes them."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _model(name: str) -> type[BaseModel]:
    result = getattr(models, name)
    assert isinstance(result, type)
    assert issubclass(result, BaseModel)
    return result


@lru_cache(maxsize=64)
def _template(name: str) -> dict[str, Any]:
    return _filled(_model(name))


def _filled(model: type[BaseModel]) -> dict[str, Any]:
    return {
        field.alias or name: _placeholder(field.annotation)
        for name, field in model.model_fields.items()
        if field.is_required()
    }


def _placeholder(annotation: Any) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _placeholder(arguments[0])
    if origin in (Union, types.UnionType):
        return None if type(None) in arguments else _placeholder(arguments[0])
    if origin is Literal:
        return arguments[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _filled(annotation)
    plain = {str: "-", int: 1, float: 1.0, bool: False, datetime: _INSTANT, list: [], dict: {}}
    return copy.copy(plain[origin or annotation])
