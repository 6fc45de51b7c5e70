"""What ``benchmark.yml`` calls its artifacts, and in which order they are worth fetching."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LEDGER = "ledger-"
"""How the artifact of a shard's own ledger begins: ``ledger-ATTEMPT-SHARD``."""

# Of one attempt: the results by themselves are small and written last, the proved report has the
# final cost, and a report of either kind is large with its screenshots.
_KINDS = ("results", "report-proved", "report")
_NAME = re.compile(rf"({'|'.join(_KINDS)})-([1-9][0-9]{{0,5}})\Z")
_OTHER = re.compile(r"(results|report)(?:[^a-z]|\Z)")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class ReportName:
    """Which attempt of a run an artifact reports, 0 where its name does not tell, and as what."""

    attempt: int
    kind: int


def report_name(name: str) -> ReportName | None:
    """Return what an artifact's name says of a report, None when it holds none.

    Attempts are numbers: ``results-10`` is of a later one than ``results-9``.
    """
    match = _NAME.match(name)
    if match is not None:
        return ReportName(int(match.group(2)), -_KINDS.index(match.group(1)))
    return ReportName(0, -len(_KINDS)) if _OTHER.match(name) else None


def newest_first(
    items: Iterable[T], name: Callable[[T], str], created: Callable[[T], float]
) -> list[list[T]]:
    """Return the items that hold reports, an attempt each: newest first, and smallest first in it.

    Of two that share a name, for names are unique in an attempt alone, the one created later is
    the first.
    """
    named = [(result, item) for item in items if (result := report_name(name(item))) is not None]
    named.sort(key=lambda pair: (pair[0], created(pair[1])), reverse=True)
    attempts = list(dict.fromkeys(name.attempt for name, _ in named))
    return [[item for name, item in named if name.attempt == attempt] for attempt in attempts]
