"""A command's options as a frozen class: its fields say what click reads, and mypy checks the rest.

    @option_values
    class SuiteOptions:
        heading: ClassVar[str] = "Tasks"
        sample: Annotated[int | None, option("--sample", help="A sample of so many.")] = None

A field's type says how its text is read, its default is the option's (none: it is required), and a
field that is such a class itself is a group of options, under a heading of its own in the help.

The layer is ours because a command here says everything that is wrong at once: beside a value that
cannot be read, the others are checked with stand-ins (``cli/command.py``). So a value must be built
from whatever click has, for a command or for its checks. dataclass-click, the one library for this,
builds it in a wrapper of its own around the command alone; it has no groups within groups, and a
default of its own beside the field's, which mypy does not compare with the type.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import NoneType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Literal,
    TypeVar,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

import click

from orchestrator.cli.options.duration import Duration, duration_text
from orchestrator.cli.options.spelled import SpelledOption

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])

_SCALARS: Mapping[object, object] = {
    int: click.INT,
    float: click.FLOAT,
    str: click.STRING,
}


@dataclass(frozen=True, slots=True)
class Declared:
    """What is said of a field beside its type and default: click's own words for it.

    ``old`` are spellings that still work, and say what the option is called now.
    """

    flags: tuple[str, ...]
    old: tuple[str, ...]
    said: Mapping[str, object]
    is_argument: bool = False
    cls: type[SpelledOption] = SpelledOption


def option(
    *flags: str,
    old: tuple[str, ...] = (),
    cls: type[SpelledOption] = SpelledOption,
    **said: object,
) -> Declared:
    """Return what makes a field an option, as ``click.option`` takes it."""
    return Declared(flags, old, said, cls=cls)


def argument(**said: object) -> Declared:
    """Return what makes a field an argument, as ``click.argument`` takes it."""
    return Declared((), (), said, is_argument=True)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def option_values(kind: type[T]) -> type[T]:
    """Make a frozen dataclass of a class of options; its values are given by name."""
    return dataclass(frozen=True, slots=True, kw_only=True)(kind)


def with_options(kind: type[object], function: F) -> F:
    """Return a function with a class's options and arguments added, in the order of its fields."""
    decorators = [*_decorators(kind)]
    return functools.reduce(lambda wrapped, add: add(wrapped), reversed(decorators), function)


def built(kind: type[T], params: Mapping[str, object]) -> T:
    """Return a class's value of what click has read, by its parameters' names."""
    hints = get_type_hints(kind)
    make: Callable[..., T] = kind
    return make(
        **{
            entry: built(hints[entry], params) if declared is None else params[entry]
            for entry, declared, _ in _declarations(kind)
        }
    )


def _declarations(kind: type[object]) -> Iterator[tuple[str, Declared | None, object]]:
    """Yield each field's name, what is declared of it (None: a group), and its bare type."""
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if get_origin(hint) is Annotated:
            bare, declared = get_args(hint)[:2]
            assert isinstance(declared, Declared)
            yield name, declared, bare
        elif is_dataclass(hint):
            yield name, None, hint


def _decorators(kind: type[object]) -> Iterator[Callable[[F], F]]:
    assert is_dataclass(kind)
    heading = str(getattr(kind, "heading", ""))
    defaults: Mapping[str, object] = {field.name: field.default for field in fields(kind)}
    for name, declared, bare in _declarations(kind):
        if declared is None:
            assert isinstance(bare, type)
            yield functools.partial(with_options, bare)
            continue
        if declared.is_argument:
            yield _argument(name, bare, defaults[name], declared.said)
            continue
        words = {**_words(bare, defaults[name], declared.said), **declared.said}
        words = {"old": declared.old, "heading": heading, **words}
        yield click.option(name, *declared.flags, cls=declared.cls, **words)


def _argument(
    name: str, bare: object, default: object, said: Mapping[str, object]
) -> Callable[[F], F]:
    words = {key: value for key, value in _type(bare).items() if key != "multiple"}
    if default is MISSING:
        words["required"] = True
    elif default not in (None, ()):
        words["default"] = default
    else:
        words["required"] = False
    return click.argument(name, cls=click.Argument, **{**words, **said})


def _words(bare: object, default: object, said: Mapping[str, object]) -> dict[str, object]:
    """Return what a field's type and default are to click, where ``said`` does not say it."""
    if default is MISSING:
        return {"required": True, **_type(bare)}
    if bare is bool:
        return {"is_flag": True, "default": default, "show_default": bool(default)}
    if isinstance(said.get("type"), Duration) and isinstance(default, float):
        default = duration_text(default)
    return {**_type(bare), "default": default, "show_default": default not in (None, "", ())}


def _type(bare: object) -> dict[str, object]:
    arguments = [arg for arg in get_args(bare) if arg not in (NoneType, ...)]
    if get_origin(bare) is tuple:
        return {"multiple": True, **_type(arguments[0])}
    if get_origin(bare) is Literal:
        return {"type": click.Choice(arguments)}
    return {"type": _SCALARS[arguments[0] if arguments else bare]}
