"""A value that must not be read by accident: tokens, private keys, runner configurations."""

from __future__ import annotations

import hmac
from typing import NoReturn, final

_SHOWN = "Secret(…)"


@final
class Secret:
    """Text that shows itself only through ``reveal``: not in repr, str, formats or pickles.

    Call ``reveal`` where the value leaves the process, as late as possible, and never store what
    it returns.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return _SHOWN

    def __str__(self) -> str:
        return _SHOWN

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled or copied into another process")
