"""Rates from Azure's Retail Prices API, from a cache of it, or from a dated table built in.

The API (no login) answers pages of meters. What it says is kept under a directory for a week, so
that planning neither waits nor fails for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import stamina

from orchestrator.costs import Rates
from orchestrator.errors import MatrixError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

API_URL = "https://prices.azure.com/api/retail/prices"
API_VERSION = "2023-01-01-preview"

MONTH_H = 730.0
"""Hours of a month where Azure prices by the month (its calculator's own figure)."""

DISK_METER = "P10 LRS Disk"
"""Premium SSD of 128 GiB, which a copy of the golden Windows image and its work fit in."""

IP_METER = "Standard IPv4 Static Public IP"

_FRESH = timedelta(days=7)
_TIMEOUT_S = 10.0
_PAGES = 20

BUILT_IN_AS_OF = "2026-11"

# East US, Linux, pay as you go, USD an hour. List prices as remembered, and for the Dsv3 and Dsv5
# sizes and the disk as many public repositories repeat them; none was verified against Azure on
# BUILT_IN_AS_OF. The Ddsv4, Ddsv5 and Dadsv5 figures have fewer witnesses, who disagree by up to
# 15%: estimates. Spot prices move, so that there are none. Sizes that are not here have no price.
_BUILT_IN_HOUR: Mapping[str, float] = {
    "Standard_D2s_v3": 0.096,
    "Standard_D4s_v3": 0.192,
    "Standard_D8s_v3": 0.384,
    "Standard_D16s_v3": 0.768,
    "Standard_D4ds_v4": 0.226,
    "Standard_D8ds_v4": 0.452,
    "Standard_D16ds_v4": 0.904,
    "Standard_D2s_v5": 0.096,
    "Standard_D4s_v5": 0.192,
    "Standard_D8s_v5": 0.384,
    "Standard_D16s_v5": 0.768,
    "Standard_D4ds_v5": 0.226,
    "Standard_D8ds_v5": 0.452,
    "Standard_D16ds_v5": 0.904,
    "Standard_D4ads_v5": 0.206,
    "Standard_D8ads_v5": 0.412,
    "Standard_D16ads_v5": 0.824,
    "Standard_B1s": 0.0104,
    "Standard_B2s": 0.0416,
}
_BUILT_IN_DISK_MONTH = 19.71
_BUILT_IN_IP_HOUR = 0.005
_BUILT_IN_REGION = "eastus"


class PriceError(MatrixError):
    """No price is known, neither from Azure, nor from the cache, nor from the built-in table."""


class _UnusableAnswerError(Exception):
    """The API answered with something that is not a price list."""


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
            meters = _Meters(size, region, source.today, tuple(_ask(size, region, source)))
            rates = meters.rates()
        except (requests.RequestException, _UnusableAnswerError) as error:
            # A price is advice: an unreachable list must not stop a run, and the source says so.
            failure = (
                str(error) if isinstance(error, _UnusableAnswerError) else type(error).__name__
            )
        else:
            _write_cache(source, meters)
            return rates
    return cached.rates() if cached is not None else built_in(size, region, failure)


def built_in(size: str, region: str, why: str = "not asked") -> Rates:
    """Return the built-in table's rates.

    Raises:
        PriceError: The size is not in it.
    """
    hour = _BUILT_IN_HOUR.get(size)
    if hour is None:
        raise PriceError(
            f"No price is known for {size} in {region}: Azure's price list could not be used "
            f"({why}), and the built-in table does not have that size. "
            "Check the size's name and the way out to prices.azure.com, or choose another size."
        )
    place = "" if region == _BUILT_IN_REGION else f", East US taken for {region}"
    return Rates(
        size,
        region,
        hour,
        None,
        _BUILT_IN_DISK_MONTH / MONTH_H,
        _BUILT_IN_IP_HOUR,
        f"built-in estimate of {BUILT_IN_AS_OF}{place} (Azure's list: {why}); verify",
    )


@dataclass(frozen=True, slots=True)
class _Meter:
    """One price: ``hour`` in USD."""

    kind: str
    hour: float


@dataclass(frozen=True, slots=True)
class _Meters:
    """What the API said on ``fetched``."""

    size: str
    region: str
    fetched: date
    meters: tuple[_Meter, ...]

    def rates(self) -> Rates:
        """Put the meters together.

        Raises:
            _UnusableAnswerError: There is no regular price of the machine among them.
        """
        hour = {meter.kind: meter.hour for meter in self.meters}
        if "regular" not in hour:
            raise _UnusableAnswerError(f"no price of {self.size} in {self.region}")
        missing = [kind for kind in ("disk", "ip") if kind not in hour]
        note = f" ({' and '.join(missing)}: built-in estimate)" if missing else ""
        return Rates(
            self.size,
            self.region,
            hour["regular"],
            hour.get("spot"),
            hour.get("disk", _BUILT_IN_DISK_MONTH / MONTH_H),
            hour.get("ip", _BUILT_IN_IP_HOUR),
            f"Azure retail prices of {self.fetched.isoformat()}{note}",
        )


def _ask(size: str, region: str, source: PriceSource) -> Iterator[_Meter]:
    """Ask for the machine, one disk and one address."""
    place = f"armRegionName eq '{_quoted(region)}' and priceType eq 'Consumption'"
    machine = f"serviceName eq 'Virtual Machines' and armSkuName eq '{_quoted(size)}' and {place}"
    disk = f"serviceName eq 'Storage' and meterName eq '{DISK_METER}' and {place}"
    address = f"serviceName eq 'Virtual Network' and meterName eq '{IP_METER}' and {place}"
    with requests.Session() as session:
        machines = [item for item in _items(session, source.url, machine) if _is_linux(item)]
        yield from _newest("regular", machines, lambda item: not _is_spot(item))
        yield from _newest("spot", machines, _is_spot)
        yield from _newest("disk", _items(session, source.url, disk), _is(DISK_METER))
        yield from _newest("ip", _items(session, source.url, address), _is(IP_METER))


def _quoted(value: str) -> str:
    """Return an OData literal's inside."""
    return value.replace("'", "''")


def _items(session: requests.Session, url: str, query: str) -> list[Mapping[str, Any]]:
    """Return every page's items.

    Raises:
        _UnusableAnswerError: Not the documented shape, pages without end, or a page elsewhere.
    """
    items: list[Mapping[str, Any]] = []
    link = url
    parameters: dict[str, str] | None = {"api-version": API_VERSION, "$filter": query}
    for _ in range(_PAGES):
        document = _page(session, link, parameters)
        found = document.get("Items")
        if not isinstance(found, list):
            raise _UnusableAnswerError("no Items")
        items += [item for item in found if isinstance(item, dict)]
        following = document.get("NextPageLink")
        if not following:
            return items
        if not isinstance(following, str) or not _same_host(following, url):
            raise _UnusableAnswerError("the next page is on another host")
        link, parameters = following, None
    raise _UnusableAnswerError(f"more than {_PAGES} pages")


def _page(
    session: requests.Session, url: str, parameters: Mapping[str, str] | None
) -> Mapping[str, Any]:
    for attempt in stamina.retry_context(on=_transient, attempts=3, timeout=2 * _TIMEOUT_S):
        with attempt:
            response = session.get(url, params=parameters, timeout=_TIMEOUT_S)
            response.raise_for_status()
    try:
        document = response.json()
    except requests.JSONDecodeError as error:
        raise _UnusableAnswerError("not JSON") from error
    if not isinstance(document, dict):
        raise _UnusableAnswerError("not an object")
    return document


def _transient(error: Exception) -> bool:
    if isinstance(error, requests.HTTPError):
        status = error.response.status_code
        return status == requests.codes.too_many_requests or status >= 500
    return isinstance(error, requests.ConnectionError | requests.Timeout)


def _same_host(link: str, url: str) -> bool:
    """Compare scheme and host; the API writes its default port out."""
    one, other = urlsplit(link), urlsplit(url)
    return (one.scheme, one.hostname) == (other.scheme, other.hostname)


def _is(meter: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda item: item.get("meterName") == meter


def _is_linux(item: Mapping[str, Any]) -> bool:
    """Leave out Windows licences, cloud services, and the low priority that spot replaced."""
    product, sku = str(item.get("productName", "")), str(item.get("skuName", ""))
    others = ("Windows", "CloudServices", "Cloud Services")
    return not any(word in product for word in others) and not sku.endswith("Low Priority")


def _is_spot(item: Mapping[str, Any]) -> bool:
    return str(item.get("skuName", "")).endswith(" Spot")


def _newest(
    kind: str,
    items: Iterable[Mapping[str, Any]],
    wanted: Callable[[Mapping[str, Any]], bool],
) -> list[_Meter]:
    """Return the meter that took effect last among those wanted; none when none has a price."""
    priced = [
        (str(item.get("effectiveStartDate", "")), hour)
        for item in items
        if wanted(item) and (hour := _hour(item)) is not None
    ]
    return [_Meter(kind, max(priced)[1])] if priced else []


def _hour(item: Mapping[str, Any]) -> float | None:
    """Return USD an hour, or None for another currency, a volume tier or an unknown unit."""
    hours = {"1 Hour": 1.0, "1/Month": MONTH_H, "1 Month": MONTH_H}.get(
        str(item.get("unitOfMeasure"))
    )
    price = item.get("retailPrice")
    if hours is None or item.get("currencyCode") != "USD" or item.get("tierMinimumUnits", 0) != 0:
        return None
    if isinstance(price, bool) or not isinstance(price, int | float):
        return None
    return price / hours if math.isfinite(price) and price > 0 else None


def _cache_file(source: PriceSource, size: str, region: str) -> Path | None:
    if source.cache is None:
        return None
    key = f"{source.url}\n{API_VERSION}\n{size}\n{region}\n{DISK_METER}\n{IP_METER}"
    return source.cache / f"prices-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


def _write_cache(source: PriceSource, meters: _Meters) -> None:
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


def _read_cache(source: PriceSource, size: str, region: str) -> _Meters | None:
    """Return what was kept; a missing, damaged or future-dated file is as good as none."""
    path = _cache_file(source, size, region)
    if path is None:
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        fetched = date.fromisoformat(document["fetched"])
        kept = tuple(_Meter(str(kind), float(hour)) for kind, hour in document["hours"].items())
        sound = all(math.isfinite(meter.hour) and meter.hour > 0 for meter in kept)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    meters = _Meters(size, region, fetched, kept)
    usable = sound and fetched <= source.today and any(one.kind == "regular" for one in kept)
    return meters if usable else None
