"""Works out an expression of a Logic App, as strictly as its language is documented.

Every argument is worked out before its function is called: nothing documents that ``if`` or ``and``
leave one out, so that a conversion that fails anywhere fails the whole action
(learn.microsoft.com/azure/logic-apps/expression-functions-reference). A function that is not here,
or gets a value of another type than it takes, raises.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|([0-9]+)|([A-Za-z][A-Za-z0-9]*)|(\?\[|[\[\](),]))")
_WHOLE = re.compile(r"[ \t]*[+-]?[0-9]+[ \t]*\Z", re.ASCII)
_INT_MAX = 2**63 - 1
_EPOCH_TICKS, _TICKS = 621_355_968_000_000_000, 10_000_000


def evaluate(expression: str, values: Mapping[str, Any], now: float) -> Any:
    """Return what ``@expression`` is, ``values`` being ``item``, each ``body``, the ``parameters``.

    ``now`` is Unix seconds. Raises an error where the action would fail.
    """
    assert expression.startswith("@")
    parser = _Parser(expression[1:], _functions(values, now))
    value = parser.value()
    assert parser.rest() == "", parser.rest()
    return value


class _Parser:
    def __init__(self, text: str, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._text, self._at, self._functions = text, 0, functions

    def rest(self) -> str:
        return self._text[self._at :].strip()

    def value(self) -> Any:
        text, number, name, mark = self._next()
        if text is not None:
            return text.replace("''", "'")
        if number is not None:
            return int(number)
        assert name is not None, mark
        return self._members(self._called(name))

    def _called(self, name: str) -> Any:
        self._take("(")
        arguments = []
        while not self.rest().startswith(")"):
            arguments.append(self.value())
            if self.rest().startswith(","):
                self._take(",")
        self._take(")")
        return self._functions[name](*arguments)

    def _members(self, value: Any) -> Any:
        while self.rest().startswith(("[", "?[")):
            mark = self._next()[3]
            key = self.value()
            self._take("]")
            missing = value is None or key not in value
            value = None if mark == "?[" and missing else value[key]
        return value

    def _take(self, mark: str) -> None:
        assert self._next()[3] == mark, self.rest()

    def _next(self) -> tuple[str | None, ...]:
        match = _TOKEN.match(self._text, self._at)
        assert match is not None, self.rest()
        self._at = match.end()
        return match.groups()


def _functions(values: Mapping[str, Any], now: float) -> dict[str, Callable[..., Any]]:
    return {
        "item": lambda: values["item"],
        "body": lambda action: values["body"][action],
        "parameters": lambda name: values["parameters"][name],
        "utcNow": lambda: now,
        "ticks": lambda moment: int(moment * _TICKS) + _EPOCH_TICKS,
        "and": lambda *all_: all(_of(bool, entry) for entry in all_),
        "if": lambda test, yes, no: yes if _of(bool, test) else no,
        "contains": lambda within, what: what in within,
        "coalesce": lambda *some: next((entry for entry in some if entry is not None), None),
        "equals": lambda left, right: type(left) is type(right) and left == right,
        "less": lambda left, right: _of(int, left) < _of(int, right),
        "lessOrEquals": lambda left, right: _of(int, left) <= _of(int, right),
        "greaterOrEquals": lambda left, right: _of(int, left) >= _of(int, right),
        "sub": lambda left, right: _of(int, left) - _of(int, right),
        "div": lambda left, right: _of(int, left) // _of(int, right),
        "length": lambda text: len(_of(str, text)),
        "toLower": lambda text: _of(str, text).lower(),
        "string": lambda value: str(_of(int, value)),
        "isInt": lambda text: _WHOLE.match(_of(str, text)) is not None,
        "int": _int,
    }


def _of(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _int(text: str) -> int:
    """Convert as the engine does: a text that is no number, or too long for one, is an error."""
    if not _WHOLE.match(_of(str, text)) or abs(int(text)) > _INT_MAX:
        raise ValueError(f"int() cannot convert {text!r}")
    return int(text)
