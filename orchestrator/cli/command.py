"""A click command that says everything that is wrong with its options at once.

click itself ends at the first value that it cannot read. What is pressed in a browser and waits for
a machine to say no should have to be pressed again once only.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING, TypeVar, overload

import click

from orchestrator.cli.lazy import resolved
from orchestrator.cli.options.sections import in_sections
from orchestrator.cli.options.values import built, with_options
from orchestrator.errors import BadInputError, MatrixError, Problem
from orchestrator.planning.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Params = dict[str, object]
    Read = Callable[[Params, list[Problem]], object]
    Failed = Callable[[Params, list[str]], None]
    Decorator = Callable[[Callable[..., object]], click.Command]

T = TypeVar("T")
V = TypeVar("V")
F = TypeVar("F", bound="Callable[..., object]")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_LACKS_A_SLASH = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/(?!/)")
_STAND_INS: Mapping[str, object] = {
    "integer": 1,
    "float": 1.0,
    "boolean": False,
    "duration": 1.0,
}
_KINDS: Mapping[str, str] = {
    "integer": "a whole number",
    "float": "a number",
    "duration": "a duration such as 90s, 15m or 2h",
}


class Command(click.Command):
    """A command whose values that cannot be read are one ``BadInputError``.

    Args:
        arguments: click's own.
        read: Adds what is wrong with the options to a list, and starts nothing. Beside a value that
            cannot be read it is called for the other problems, with a value that could be.
        failed: Is told why the command failed, with the options as far as they can be read.
        attributes: click's own.
    """

    def __init__(
        self,
        *arguments: object,
        read: Read | None = None,
        failed: Failed | None = None,
        **attributes: object,
    ) -> None:
        super().__init__(*arguments, **attributes)  # type: ignore[arg-type]  # click's own, passed on
        self._read, self._failed = read, failed

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, or raise every problem.

        Raises:
            BadInputError: Values are missing or cannot be read.
        """
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        given = list(args)
        try:
            rest = super().parse_args(ctx, args)
        except click.BadParameter as error:
            problems = [*self._unreadable(ctx, given)]
            if not problems:
                raise
            raise self._told(ctx, given, problems) from error
        if any(
            _unusable(parameter, ctx.params.get(parameter.name or ""))
            for parameter in self.get_params(ctx)
        ):
            raise self._told(ctx, given, [*self._unreadable(ctx, given)])
        return rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each group under its heading."""
        in_sections(self.get_params(ctx), ctx, formatter)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, and tell how it failed if it does."""
        try:
            return super().invoke(ctx)
        except MatrixError as error:
            self._tell(ctx, ctx.params, error)
            raise

    def _told(
        self, ctx: click.Context, args: list[str], problems: list[tuple[click.Parameter, Problem]]
    ) -> BadInputError:
        """Return the error of these problems and of whatever else is wrong."""
        context = self.make_context(
            ctx.info_name, list(args), parent=ctx.parent, resilient_parsing=True
        )
        options = context.params
        for parameter, _ in problems:
            options[parameter.name or ""] = _stand_in(parameter)
        named = {problem.where for _, problem in problems}
        with context.scope(cleanup=False):
            results = self._others(dict(options))
        others = [problem for problem in results if problem.where.split(" ")[0] not in named]
        error = BadInputError([*(problem for _, problem in problems), *others])
        self._tell(ctx, options, error)
        return error

    def _tell(self, ctx: click.Context, options: Params, error: MatrixError) -> None:
        from orchestrator.cli.outputs.annotations import problems_of, show_failure

        problems = problems_of(error)
        show_failure(command_name(ctx), problems)
        if self._failed is not None:
            self._failed(options, problems)

    def _others(self, options: Params) -> list[Problem]:
        problems: list[Problem] = []
        try:
            if self._read is not None:
                self._read(options, problems)
        except BadInputError as error:
            problems += error.problems
        except MatrixError as error:
            problems.append(Problem(self.name or "", str(error).rstrip("."), "See the others too."))
        return problems

    def _unreadable(
        self, ctx: click.Context, args: list[str]
    ) -> Iterator[tuple[click.Parameter, Problem]]:
        scratch = click.Context(self, parent=ctx.parent, info_name=ctx.info_name)
        values, _, _ = self.make_parser(scratch).parse_args(args=list(args))
        for parameter in self.get_params(scratch):
            fix = _fix(scratch, parameter, values)
            try:
                value, _ = parameter.handle_parse_result(scratch, values, [])
            except click.MissingParameter:
                yield parameter, Problem(_flag(parameter), "is missing", fix)
            except click.BadParameter as error:
                what = error.message.strip().rstrip(".")
                yield parameter, Problem(_flag(parameter), what, fix)
            else:
                if what := _unusable(parameter, value):
                    yield parameter, Problem(_flag(parameter), what, fix)


def _unusable(parameter: click.Parameter, value: object) -> str:
    """Return why a value that click reads is none: no number to count by, or a URL for a path.

    Of nan nothing is above and nothing below, and ``az:/x`` would make a directory called ``az:``.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return f"'{value}' is no number"
    if isinstance(parameter.type, click.Path):
        looks = _URL if not parameter.type.file_okay else _LACKS_A_SLASH
        for path in value if isinstance(value, tuple) else (value,):
            if isinstance(path, str) and looks.match(path):
                return f"'{path}' looks like a URL, and is a path here: ./{path} would be one"
    return ""


@overload
def command(
    kind: type[V],
    *,
    name: str | None = None,
    group: click.Group | None = None,
    read: Callable[[V, list[Problem]], object] | None = None,
    failed: Callable[[V, list[str]], None] | None = None,
) -> Callable[[Callable[[V], int]], click.Command]: ...


@overload
def command(*, read: Read | None = None, failed: Failed | None = None) -> Decorator: ...


def command(
    kind: type[V] | None = None,
    *,
    name: str | None = None,
    group: click.Group | None = None,
    read: Callable[[V, list[Problem]], object] | Read | None = None,
    failed: Callable[[V, list[str]], None] | Failed | None = None,
) -> Callable[[Callable[[V], int]], click.Command] | Decorator:
    """Return a decorator that makes a ``Command`` of a function.

    Args:
        kind: The class of its options (``cli/values.py``), whose value the function, ``read`` and
            ``failed`` are called with; without one click's names and values are.
        name: Its name, if it is not the function's.
        group: What it is a command of.
        read: See ``Command``.
        failed: See ``Command``.
    """
    if kind is None:
        return click.command(cls=Command, read=read, failed=failed)
    hooks = {
        "read": None if read is None else _of_params(kind, read),
        "failed": None if failed is None else _of_params(kind, failed),
    }

    def decorate(function: Callable[[V], int]) -> click.Command:
        @functools.wraps(function)
        def call(**params: object) -> int:
            return function(built(kind, params))

        made = click.command(name, cls=Command, **hooks)(with_options(kind, call))
        if group is not None:
            group.add_command(made)
        return made

    return decorate


def _of_params(kind: type[V], hook: Callable[..., object]) -> Callable[[Params, list[T]], object]:
    """Return a hook that takes click's names and values, and calls ``hook`` with a class's."""
    return lambda params, problems: hook(built(kind, params), problems)


class CommandGroup(click.Group):
    """A group whose commands are ``Command``."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called, or say which one may have been meant."""
        return resolved(self, ctx, args, super().resolve_command)


def add_options(options: Sequence[Callable[[F], F]], function: F) -> F:
    """Return a command's function with these options added, shown in the given order."""
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), function)


def collect(problems: list[Problem], read: Callable[[], T]) -> T | None:
    """Return what ``read`` returns; where that is refused, None, and add why to ``problems``."""
    try:
        return read()
    except BadInputError as error:
        problems += error.problems
        return None


def command_name(ctx: click.Context) -> str:
    """Return a command as it is written after the program's name: ``evidence get``."""
    above = f"{command_name(ctx.parent)} " if ctx.parent is not None and ctx.parent.parent else ""
    return f"{above}{ctx.info_name or ''}"


def _flag(parameter: click.Parameter) -> str:
    """Return the name that a user writes."""
    long = [name for name in parameter.opts if name.startswith("--")]
    return next(iter(long), parameter.human_readable_name)


def _stand_in(parameter: click.Parameter) -> object:
    """Return a value that lets the other options be checked."""
    if isinstance(parameter, click.Option) and not parameter.required:
        default = parameter.default
        if isinstance(default, str):
            return parameter.type(default, parameter)
        return default if isinstance(default, int | float | tuple) else None
    if isinstance(parameter.type, click.Choice):
        return next(iter(parameter.type.choices))
    stand_in = _STAND_INS.get(parameter.type.name.removesuffix(" range"), "")
    return (stand_in,) if parameter.multiple or parameter.nargs != 1 else stand_in


def _fix(ctx: click.Context, parameter: click.Parameter, given: Mapping[str, object]) -> str:
    what = _KINDS.get(parameter.type.name.removesuffix(" range"), "another value")
    meant = ""
    if isinstance(parameter.type, click.Choice):
        choices = [*map(str, parameter.type.choices)]
        what = f"one of {', '.join(choices)}"
        value = given.get(parameter.name or "")
        meant = did_you_mean(value, choices) if isinstance(value, str) else ""
    variable = _variable(ctx, parameter)
    return f"Give {what}{f' (it is read from {variable} as well)' if variable else ''}.{meant}"


def _variable(ctx: click.Context, parameter: click.Parameter) -> str:
    """Return the variable that an option is read from beside the command line."""
    if not isinstance(parameter, click.Option):
        return ""
    if isinstance(parameter.envvar, str):
        return parameter.envvar
    prefix = ctx.auto_envvar_prefix
    return f"{prefix}_{(parameter.name or '').upper()}" if prefix else ""
