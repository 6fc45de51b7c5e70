"""A machine's rates, the best known: kept from the API, asked of it, or from the built-in table.

What the API says is kept under a directory for a week, so that planning neither waits nor fails
for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import requests

from orchestrator.prices.retail import (
    API_URL,
    API_VERSION,
    DISK_METER,
    IP_METER,
    Meter,
    Meters,
    UnusableAnswerError,
    ask,
)
from orchestrator.prices.table import built_in

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.costs import Rates

_FRESH = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PriceSource:
    """Where to look: the API's address, a directory for its answers (None: no cache), and today.

    ``online`` False asks nobody.
    """

    today: date
    cache: Path | None = None
    url: str = API_URL
    online: bool = True


def rates_for(size: str, region: str, source: PriceSource) -> Rates:
    """Return the rates of a machine of ``size`` (an ARM name) in ``region``, the best known.

    A fresh cache, else the API, else an older cache, else the built-in table; ``Rates.source`` says
    which. A disk or an address whose price the API does not give is taken from the built-in table.

    Raises:
        PriceError: The size is priced nowhere.
    """
    cached = _read_cache(source, size, region)
    if cached is not None and source.today - cached.fetched <= _FRESH:
        return cached.rates()
    failure = "not asked"
    if source.online:
        try:
            meters = Meters(size, region, source.today, tuple(ask(size, region, source.url)))
            rates = meters.rates()
        except (requests.RequestException, UnusableAnswerError) as error:
            # A price is advice: an unreachable list must not stop a run, and the source says so.
            failure = str(error) if isinstance(error, UnusableAnswerError) else type(error).__name__
        else:
            _write_cache(source, meters)
            return rates
    return cached.rates() if cached is not None else built_in(size, region, failure)


def _cache_file(source: PriceSource, size: str, region: str) -> Path | None:
    if source.cache is None:
        return None
    key = f"{source.url}\n{API_VERSION}\n{size}\n{region}\n{DISK_METER}\n{IP_METER}"
    return source.cache / f"prices-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


def _write_cache(source: PriceSource, meters: Meters) -> None:
    path = _cache_file(source, meters.size, meters.region)
    if path is None:
        return
    hours = {meter.kind: meter.hour for meter in meters.meters}
    text = json.dumps({"fetched": meters.fetched.isoformat(), "hours": hours}, sort_keys=True)
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
        kept = tuple(Meter(str(kind), float(hour)) for kind, hour in document["hours"].items())
        sound = all(math.isfinite(meter.hour) and meter.hour > 0 for meter in kept)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    meters = Meters(size, region, fetched, kept)
    usable = sound and fetched <= source.today and any(one.kind == "regular" for one in kept)
    return meters if usable else None
