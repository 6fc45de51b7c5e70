"""Prices: what the Retail Prices API says, what is kept of it, and what is known without it."""

from __future__ import annotations

import urllib.parse
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
import responses
import stamina
from responses import matchers

from orchestrator.compute.azure_vm.price_table import built_in
from orchestrator.compute.azure_vm.prices import (
    API_URL,
    API_VERSION,
    DISK_METER,
    IP_METER,
    AzurePrices,
)
from orchestrator.planning.prices import PriceError, PriceSource, rates_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TODAY = date(2026, 11, 22)
AZURE = AzurePrices()
SIZE, REGION = "Standard_D8s_v5", "westeurope"
LINUX = "Virtual Machines Dsv5 Series"


@pytest.fixture(autouse=True)
def _no_backoff() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def _meter(price: object, **changed: object) -> dict[str, Any]:
    item = {
        "type": "Consumption",
        "armRegionName": REGION,
        "armSkuName": SIZE,
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": price,
        "effectiveStartDate": "2025-01-01T00:00:00Z",
        "unitOfMeasure": "1 Hour",
        "productName": LINUX,
        "skuName": "D8s v5",
        "meterName": "D8s v5",
    }
    return item | changed


def _spot(price: float) -> dict[str, Any]:
    return _meter(price, skuName="D8s v5 Spot", meterName="D8s v5 Spot")


DISK = _meter(21.9, meterName=DISK_METER, skuName="P10 LRS", unitOfMeasure="1/Month")
ADDRESS = _meter(0.005, meterName=IP_METER, skuName="Standard")


def _answer(
    api: responses.RequestsMock, service: str, items: list[dict[str, Any]], link: str | None = None
) -> None:
    """Answer the question about one service."""

    def asks(request: requests.PreparedRequest) -> tuple[bool, str]:
        query = request.params["$filter"]  # type: ignore[attr-defined] # responses adds it
        return f"serviceName eq '{service}'" in query, f"not about {service}"

    body = {"Items": items, "NextPageLink": link}
    api.get(API_URL, json=body, match=[asks])


def _list(api: responses.RequestsMock, *machines: dict[str, Any]) -> None:
    _answer(api, "Virtual Machines", list(machines))
    _answer(api, "Storage", [DISK])
    _answer(api, "Virtual Network", [ADDRESS])


def test_the_machine_the_disk_and_the_address_are_priced_by_the_hour(
    api: responses.RequestsMock,
) -> None:
    _list(api, _meter(0.46), _spot(0.09))

    rates = rates_for(SIZE, REGION, PriceSource(AZURE, TODAY))

    assert (rates.regular_hour, rates.spot_hour) == (0.46, 0.09)
    assert rates.disk_hour == pytest.approx(21.9 / 730)
    assert rates.ip_hour == 0.005
    assert rates.source == "Azure retail prices of 2026-11-22"


def test_the_question_names_size_region_and_consumption(api: responses.RequestsMock) -> None:
    query = (
        f"serviceName eq 'Virtual Machines' and armSkuName eq '{SIZE}' and "
        f"armRegionName eq '{REGION}' and priceType eq 'Consumption'"
    )
    exact = matchers.query_param_matcher({"api-version": API_VERSION, "$filter": query})
    api.get(API_URL, json={"Items": [_meter(0.46)]}, match=[exact])
    _answer(api, "Storage", [])
    _answer(api, "Virtual Network", [])

    assert rates_for(SIZE, REGION, PriceSource(AZURE, TODAY)).regular_hour == 0.46


@pytest.mark.parametrize(
    "other",
    [
        _meter(0.1, productName=f"{LINUX} Windows"),
        _meter(0.1, productName="Dsv5 Series Cloud Services"),
        _meter(0.1, skuName="D8s v5 Low Priority"),
        _meter(0.1, type="Reservation"),
        _meter(0.1, type="DevTestConsumption"),
        _meter(0.1, armRegionName="eastus"),
        _meter(0.1, armSkuName="Standard_D4s_v5"),
        _meter(0.1, currencyCode="EUR"),
        _meter(0.1, tierMinimumUnits=100.0),
        _meter(0.1, unitOfMeasure="1 GB"),
        _meter(0.1, effectiveStartDate="2020-01-01T00:00:00Z"),
        _meter("0.1"),
        _meter(-1),
        _meter(True),
    ],
)
def test_what_is_not_the_machines_price_is_passed_over(
    api: responses.RequestsMock, other: dict[str, Any]
) -> None:
    late = {"effectiveStartDate": "2026-12-01T00:00:00Z"}
    old = other["effectiveStartDate"].startswith("2020")
    _list(api, other if old else other | late, _meter(0.46))

    assert rates_for(SIZE, REGION, PriceSource(AZURE, TODAY)).regular_hour == 0.46


def test_every_page_is_read(api: responses.RequestsMock) -> None:
    following = "https://prices.azure.com:443/api/retail/prices?page=2"
    _answer(api, "Virtual Machines", [_spot(0.09)], following)
    api.get(
        "https://prices.azure.com:443/api/retail/prices",
        json={"Items": [_meter(0.46)], "NextPageLink": None},
        match=[matchers.query_param_matcher({"page": "2"})],
    )
    _answer(api, "Storage", [DISK])
    _answer(api, "Virtual Network", [ADDRESS])

    rates = rates_for(SIZE, REGION, PriceSource(AZURE, TODAY))

    assert (rates.regular_hour, rates.spot_hour) == (0.46, 0.09)


@pytest.mark.parametrize("link", ["https://elsewhere.example/prices", 7, API_URL])
def test_a_page_elsewhere_and_pages_without_end_are_not_followed(
    api: responses.RequestsMock, link: Any
) -> None:
    api.get(API_URL, json={"Items": [_meter(0.46)], "NextPageLink": link})

    assert rates_for(SIZE, REGION, PriceSource(AZURE, TODAY)).source.startswith("built-in estimate")
    assert len(api.calls) <= 20
    assert all(str(call.request.url).startswith(API_URL) for call in api.calls)


def test_a_missing_disk_price_is_the_built_in_one_and_said(api: responses.RequestsMock) -> None:
    _answer(api, "Virtual Machines", [_meter(0.46)])
    _answer(api, "Storage", [_meter(1.2, meterName=f"{DISK_METER} Mount")])
    _answer(api, "Virtual Network", [ADDRESS])

    rates = rates_for(SIZE, REGION, PriceSource(AZURE, TODAY))

    assert rates.disk_hour == built_in(SIZE, REGION).disk_hour
    assert "disk: built-in estimate" in rates.source


def test_a_fresh_answer_is_not_asked_for_again(api: responses.RequestsMock, tmp_path: Path) -> None:
    _list(api, _meter(0.46), _spot(0.09))
    first = rates_for(SIZE, REGION, PriceSource(AZURE, TODAY, tmp_path / "new"))
    asked = len(api.calls)

    again = rates_for(SIZE, REGION, PriceSource(AZURE, TODAY + timedelta(days=7), tmp_path / "new"))

    assert again == first
    assert len(api.calls) == asked


def test_another_region_is_another_answer(api: responses.RequestsMock, tmp_path: Path) -> None:
    _list(api, _meter(0.46))
    rates_for(SIZE, REGION, PriceSource(AZURE, TODAY, tmp_path))
    asked = len(api.calls)

    rates_for(SIZE, "eastus", PriceSource(AZURE, TODAY, tmp_path))

    assert len(api.calls) == 2 * asked


def test_an_old_answer_is_asked_for_again(api: responses.RequestsMock, tmp_path: Path) -> None:
    _list(api, _meter(0.46))
    rates_for(SIZE, REGION, PriceSource(AZURE, TODAY, tmp_path))
    api.reset()
    _list(api, _meter(0.5))

    later = rates_for(SIZE, REGION, PriceSource(AZURE, TODAY + timedelta(days=8), tmp_path))

    assert later.regular_hour == 0.5
    assert "2026-11-30" in later.source


def test_an_old_answer_serves_when_nobody_answers(
    api: responses.RequestsMock, tmp_path: Path
) -> None:
    _list(api, _meter(0.46))
    rates_for(SIZE, REGION, PriceSource(AZURE, TODAY, tmp_path))
    later = PriceSource(AZURE, TODAY + timedelta(days=8), tmp_path)
    api.reset()
    api.get(API_URL, body=requests.ConnectionError("no route"))

    rates = rates_for(SIZE, REGION, later)

    assert rates.regular_hour == 0.46
    assert rates.source == "Azure retail prices of 2026-11-22"


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"fetched": "2026-11-22", "hours": {"regular": -1}}', '{"hours": 1}']
)
def test_a_damaged_cache_is_as_good_as_none(
    api: responses.RequestsMock, tmp_path: Path, damage: str
) -> None:
    _list(api, _meter(0.46))
    source = PriceSource(AZURE, TODAY, tmp_path)
    rates_for(SIZE, REGION, source)
    (kept,) = tmp_path.iterdir()
    kept.write_text(damage)

    assert rates_for(SIZE, REGION, source).regular_hour == 0.46
    assert "regular" in kept.read_text()


def test_a_cache_that_cannot_be_written_costs_nothing(
    api: responses.RequestsMock, tmp_path: Path
) -> None:
    _list(api, _meter(0.46))
    (tmp_path / "file").write_text("")

    assert (
        rates_for(SIZE, REGION, PriceSource(AZURE, TODAY, tmp_path / "file")).regular_hour == 0.46
    )


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_tried_again(api: responses.RequestsMock, status: int) -> None:
    api.get(API_URL, status=status)
    _list(api, _meter(0.46))

    assert rates_for(SIZE, REGION, PriceSource(AZURE, TODAY)).regular_hour == 0.46


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"status": 400}, "HTTPError"),
        ({"body": "<html>"}, "not JSON"),
        ({"json": []}, "not an object"),
        ({"json": {"Items": 3}}, "no Items"),
        ({"json": {"Items": ["x"]}}, f"no price of {SIZE}"),
        ({"body": requests.ConnectTimeout("slow")}, "ConnectTimeout"),
    ],
)
def test_an_unusable_answer_gives_the_built_in_table_and_says_why(
    api: responses.RequestsMock, answer: dict[str, Any], why: str
) -> None:
    api.get(API_URL, **answer)

    rates = rates_for(SIZE, REGION, PriceSource(AZURE, TODAY))

    assert rates.regular_hour == built_in(SIZE, REGION).regular_hour
    assert "built-in estimate" in rates.source
    assert why in rates.source


def test_offline_nobody_is_asked(api: responses.RequestsMock) -> None:
    rates = rates_for(SIZE, "eastus", PriceSource(AZURE, TODAY, online=False))

    assert rates.regular_hour == 0.384
    assert rates.spot_unknown
    assert len(api.calls) == 0


def test_the_built_in_table_says_what_it_is() -> None:
    assert "verify" in built_in(SIZE, "eastus").source
    assert "East US taken for westeurope" in built_in(SIZE, REGION).source


def test_a_size_priced_nowhere_is_an_error_that_says_so() -> None:
    with pytest.raises(PriceError, match=r"Standard_Z9 in eastus.*choose another size"):
        rates_for("Standard_Z9", "eastus", PriceSource(AZURE, TODAY, online=False))


def test_a_quote_in_a_name_stays_inside_its_literal(api: responses.RequestsMock) -> None:
    api.get(API_URL, json={"Items": []})

    with pytest.raises(PriceError):
        rates_for("x' or 'y", REGION, PriceSource(AZURE, TODAY))

    asked = urllib.parse.unquote_plus(str(api.calls[0].request.url))
    assert "armSkuName eq 'x'' or ''y' and" in asked


def test_a_retry_says_nothing_of_its_own(
    api: responses.RequestsMock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stamina.instrumentation.set_on_retry_hooks(None)  # as a process begins
    api.get(API_URL, body=requests.ConnectionError("no route"))

    rates_for(SIZE, REGION, PriceSource(AZURE, TODAY, tmp_path))

    assert len(api.calls) > 1
    assert [record for record in caplog.records if record.name == "stamina"] == []
