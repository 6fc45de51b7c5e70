"""Azure's Retail Prices API: pages of meters, without a login."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import stamina

from orchestrator.compute.azure_vm.price_table import DISK_HOUR, IP_HOUR, MONTH_H, built_in
from orchestrator.compute.retry import silence_retry_logs
from orchestrator.planning.costs import Rates
from orchestrator.planning.prices import UnusableAnswerError
from orchestrator.planning.prices.rates import REGULAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from orchestrator.planning.prices import Meters

API_URL = "https://prices.azure.com/api/retail/prices"
API_VERSION = "2023-01-01-preview"

DISK_METER = "P10 LRS Disk"
"""Premium SSD of 128 GiB, which a copy of the golden Windows image and its work fit in."""

IP_METER = "Standard IPv4 Static Public IP"

_PAYGO = "Consumption"
"""The type of what anybody pays by the hour; others are DevTestConsumption and Reservation."""

_TIMEOUT_S = 10.0
_PAGES = 20


@dataclass(frozen=True, slots=True)
class Meter:
    """One price: ``hour`` in USD."""

    kind: str
    hour: float


@dataclass(frozen=True, slots=True)
class AzurePrices:
    """Azure's price list at ``url``, as a ``PriceList``; a size is an ARM name.

    A disk or an address whose price it does not give is taken from the built-in table.
    """

    url: str = API_URL

    def key(self, size: str, region: str) -> str:
        """As ``PriceList.key``."""
        return f"{self.url}\n{API_VERSION}\n{size}\n{region}\n{DISK_METER}\n{IP_METER}"

    def ask(self, size: str, region: str) -> Mapping[str, float]:
        """As ``PriceList.ask``."""
        try:
            return {meter.kind: meter.hour for meter in _ask(size, region, self.url)}
        except requests.RequestException as error:
            raise UnusableAnswerError(type(error).__name__) from error

    def rates(self, meters: Meters) -> Rates:
        """As ``PriceList.rates``."""
        hours = meters.hours
        if REGULAR not in hours:
            raise UnusableAnswerError(f"no price of {meters.size} in {meters.region}")
        missing = [kind for kind in ("disk", "ip") if kind not in hours]
        note = f" ({' and '.join(missing)}: built-in estimate)" if missing else ""
        return Rates(
            meters.size,
            meters.region,
            hours[REGULAR],
            hours.get("spot"),
            hours.get("disk", DISK_HOUR),
            hours.get("ip", IP_HOUR),
            f"Azure retail prices of {meters.fetched.isoformat()}{note}",
        )

    def estimate(self, size: str, region: str, why: str) -> Rates:
        """As ``PriceList.estimate``: the built-in table's."""
        return built_in(size, region, why)


def _ask(size: str, region: str, url: str) -> Iterator[Meter]:
    """Ask the API at ``url`` for the machine, one disk and one address.

    Raises:
        RequestException: It could not be asked.
        UnusableAnswerError: It answered with something else.
    """
    place = f"armRegionName eq '{_quoted(region)}' and priceType eq '{_PAYGO}'"
    machine = f"serviceName eq 'Virtual Machines' and armSkuName eq '{_quoted(size)}' and {place}"
    disk = f"serviceName eq 'Storage' and meterName eq '{DISK_METER}' and {place}"
    address = f"serviceName eq 'Virtual Network' and meterName eq '{IP_METER}' and {place}"
    with requests.Session() as session:
        machines = [
            item
            for item in _sold_there(_items(session, url, machine), region)
            if _is_linux(item) and _same(item.get("armSkuName"), size)
        ]
        disks = _sold_there(_items(session, url, disk), region)
        addresses = _sold_there(_items(session, url, address), region)
        yield from _newest(REGULAR, machines, lambda item: not _is_spot(item))
        yield from _newest("spot", machines, _is_spot)
        yield from _newest("disk", disks, _is(DISK_METER))
        yield from _newest("ip", addresses, _is(IP_METER))


def _sold_there(items: Iterable[Mapping[str, Any]], region: str) -> list[Mapping[str, Any]]:
    """Return what is sold by the hour in a region: a filter that the API ignored is none."""
    return [
        item
        for item in items
        if item.get("type") == _PAYGO and _same(item.get("armRegionName"), region)
    ]


def _same(value: object, other: str) -> bool:
    return str(value).lower() == other.lower()


def _quoted(value: str) -> str:
    """Return an OData literal's inside."""
    return value.replace("'", "''")


def _items(session: requests.Session, url: str, query: str) -> list[Mapping[str, Any]]:
    """Return every page's items.

    Raises:
        UnusableAnswerError: Not the documented shape, pages without end, or a page elsewhere.
    """
    items: list[Mapping[str, Any]] = []
    link = url
    parameters: dict[str, str] | None = {"api-version": API_VERSION, "$filter": query}
    for _ in range(_PAGES):
        document = _page(session, link, parameters)
        page = document.get("Items")
        if not isinstance(page, list):
            raise UnusableAnswerError("no Items")
        items += [item for item in page if isinstance(item, dict)]
        following = document.get("NextPageLink")
        if not following:
            return items
        if not isinstance(following, str) or not _same_host(following, url):
            raise UnusableAnswerError("the next page is on another host")
        link, parameters = following, None
    raise UnusableAnswerError(f"more than {_PAGES} pages")


def _page(
    session: requests.Session, url: str, parameters: Mapping[str, str] | None
) -> Mapping[str, Any]:
    silence_retry_logs()
    for attempt in stamina.retry_context(on=_transient, attempts=3, timeout=2 * _TIMEOUT_S):
        with attempt:
            response = session.get(url, params=parameters, timeout=_TIMEOUT_S)
            response.raise_for_status()
    try:
        document = response.json()
    except requests.JSONDecodeError as error:
        raise UnusableAnswerError("not JSON") from error
    if not isinstance(document, dict):
        raise UnusableAnswerError("not an object")
    return document


def _transient(error: Exception) -> bool:
    if isinstance(error, requests.HTTPError):
        status = error.response.status_code
        return status == requests.codes.too_many_requests or status >= 500
    return isinstance(error, requests.ConnectionError | requests.Timeout)


def _same_host(link: str, url: str) -> bool:
    """Compare scheme and host; the API writes its default port out."""
    following, first = urlsplit(link), urlsplit(url)
    return (following.scheme, following.hostname) == (first.scheme, first.hostname)


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
) -> list[Meter]:
    """Return the meter that took effect last among those wanted; none when none has a price."""
    priced = [
        (str(item.get("effectiveStartDate", "")), hour)
        for item in items
        if wanted(item) and (hour := _hour(item)) is not None
    ]
    return [Meter(kind, max(priced)[1])] if priced else []


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
