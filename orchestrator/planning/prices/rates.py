"""A machine's rates, the best known: kept from a price list, asked of it, or an engine's estimate.

What a list says is kept under a directory for a week, so that planning neither waits nor fails for
it. Each engine brings the list of its machines.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol

from orchestrator.errors import MatrixError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orchestrator.planning.costs import Rates

REGULAR = "regular"
"""The kind of price without which there are no rates: a machine that is not a spot machine."""

_FRESH = timedelta(days=7)


class PriceError(MatrixError):
    """No price is known, neither from the list, nor from what is kept, nor as an estimate."""


class UnusableAnswerError(Exception):
    """The list could not be asked, or answered with something that is no price of the machine."""


@dataclass(frozen=True, slots=True)
class Meters:
    """What a list said on ``fetched``: USD an hour by kind."""

    size: str
    region: str
    fetched: date
    hours: Mapping[str, float]


class PriceList(Protocol):
    """What an engine's machines cost."""

    def key(self, size: str, region: str) -> str:
        """Return what an answer depends on: one that is kept under another key is another's."""
        ...

    def ask(self, size: str, region: str) -> Mapping[str, float]:
        """Ask for a machine's prices; return USD an hour by kind.

        Raises:
            UnusableAnswerError: The list could not be asked, or its answer is none.
        """
        ...

    def rates(self, meters: Meters) -> Rates:
        """Put prices together.

        Raises:
            UnusableAnswerError: The machine's own is not among them.
        """
        ...

    def estimate(self, size: str, region: str, why: str) -> Rates:
        """Return what is known without asking; ``why`` nobody was, or nothing came of it.

        Raises:
            PriceError: Nothing is.
        """
        ...


@dataclass(frozen=True, slots=True)
class PriceSource:
    """Where to look: a list, today, and a directory for the list's answers (None: no cache).

    ``online`` False asks nobody.
    """

    prices: PriceList
    today: date
    cache: Path | None = None
    online: bool = True


def rates_for(size: str, region: str, source: PriceSource) -> Rates:
    """Return the rates of a machine of ``size`` in ``region``, the best known.

    A fresh cache, else the list, else an older cache, else the estimate; ``Rates.source`` says
    which.

    Raises:
        PriceError: The size is priced nowhere.
    """
    cached = _read_cache(source, size, region)
    if cached is not None and source.today - cached.fetched <= _FRESH:
        return source.prices.rates(cached)
    failure = "not asked"
    if source.online:
        try:
            meters = Meters(size, region, source.today, source.prices.ask(size, region))
            rates = source.prices.rates(meters)
        except UnusableAnswerError as error:
            # A price is advice: an unreachable list must not stop a run, and the source says so.
            failure = str(error)
        else:
            _write_cache(source, meters)
            return rates
    if cached is not None:
        return source.prices.rates(cached)
    return source.prices.estimate(size, region, failure)


def _cache_file(source: PriceSource, size: str, region: str) -> Path | None:
    if source.cache is None:
        return None
    key = hashlib.sha256(source.prices.key(size, region).encode()).hexdigest()
    return source.cache / f"prices-{key[:16]}.json"


def _write_cache(source: PriceSource, meters: Meters) -> None:
    path = _cache_file(source, meters.size, meters.region)
    if path is None:
        return
    document = {"fetched": meters.fetched.isoformat(), "hours": dict(meters.hours)}
    text = json.dumps(document, sort_keys=True)
    draft = path.with_suffix(".part")
    # A cache that cannot be written costs a question next time, nothing else.
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)


def _read_cache(source: PriceSource, size: str, region: str) -> Meters | None:
    """Return what was kept; a missing, damaged or future-dated file is as good as none."""
    path = _cache_file(source, size, region)
    if path is None:
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        fetched = date.fromisoformat(document["fetched"])
        hours = {str(kind): float(hour) for kind, hour in document["hours"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    sound = all(math.isfinite(hour) and hour > 0 for hour in hours.values())
    usable = sound and fetched <= source.today and REGULAR in hours
    return Meters(size, region, fetched, hours) if usable else None
