"""What the client says it was started with, compared with what was asked of it.

The client prints ``Args: Namespace(agent_name='navi', …)`` before its first task. It ignores flags
that it does not know, so this line is the only word on which agent and model really ran.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN_LIMIT = 80
AGENT = "agent"
_AGENT_NAMES = ("agent_name", "agent")  # the stock client's, WAA-V2's
_MUST_BE_SAID = frozenset({AGENT, "model", "observation_type", "max_steps"})


def parse_arguments(text: str) -> dict[str, object] | None:
    """Return the values of a printed ``Namespace``; None where it is none, or was cut."""
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            return None
        return {
            keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg
        }
    except (SyntaxError, ValueError, RecursionError, MemoryError, TypeError):
        return None


def differences(asked: Mapping[str, str], said: Mapping[str, object]) -> list[str]:
    """Return a sentence for each value that is not as it was asked.

    Args:
        asked: Values by flag without its dashes; the agent's name under ``agent``.
        said: What the client printed.
    """
    result = []
    for name, value in asked.items():
        key = _key(name, said)
        if key is None and name not in _MUST_BE_SAID:
            continue  # not the client's flag: whoever reads it does not print it
        if key is None:
            result.append(f"{name} was asked as {_shown(value)}, and the client does not know it")
        elif not _same(value, said[key]):
            result.append(f"{key} was asked as {_shown(value)}, the client has {_shown(said[key])}")
    return result


def _key(name: str, said: Mapping[str, object]) -> str | None:
    """Return the client's name of a flag; argparse takes an unambiguous beginning."""
    names = _AGENT_NAMES if name == AGENT else (name.replace("-", "_"),)
    exact = next((name for name in names if name in said), None)
    begun = [entry for entry in said if entry.startswith(names[-1])]
    return exact or (begun[0] if len(begun) == 1 else None)


def _same(asked: str, said: object) -> bool:
    if asked == str(said) or (said is True and asked in ("", "true", "True")):
        return True
    if isinstance(said, bool) or not isinstance(said, int | float):
        return False
    try:
        return float(asked) == float(said)
    except ValueError:
        return False


def _shown(value: object) -> str:
    return repr(clean(str(value), _SHOWN_LIMIT))


def asked_of(agent: str, model: str, arguments: tuple[str, ...]) -> dict[str, str]:
    """Return what a plan asks of its client; of a flag that is given twice the last holds."""
    asked = {AGENT: agent, "model": model}
    for index, word in enumerate(arguments):
        if not word.startswith("--"):
            continue
        name, equals, value = word.removeprefix("--").partition("=")
        after = arguments[index + 1] if index + 1 < len(arguments) else ""
        asked[name] = value if equals else "" if after.startswith("--") else after
    return asked
