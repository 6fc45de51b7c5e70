"""The machine that a forecast is priced for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from orchestrator.cli.options.values import option, option_values
from orchestrator.errors import MatrixError

if TYPE_CHECKING:
    from orchestrator.planning.costs import Rates


@option_values
class PriceOptions:
    """Which machine, where, and whether anybody is asked for its price."""

    heading: ClassVar[str] = "Prices"
    size: Annotated[str, option("--size", help="Machine, for the price.")] = "Standard_D8s_v5"
    region: Annotated[str, option("--region", help="Region, for the price.")] = "eastus"
    spot: Annotated[bool, option("--spot-prices", old=("--spot",), help="Price spot machines.")] = (
        False
    )
    offline: Annotated[
        bool,
        option("--offline", help="Ask nobody for prices: use the dated built-in table."),
    ] = False


def rates_of(options: PriceOptions) -> Rates:
    """Return the prices that the options ask for.

    Raises:
        MatrixError: There are none, or they cannot be had.
    """
    from orchestrator.cli.inputs.price_source import price_source
    from orchestrator.planning.prices import rates_for

    source = price_source(online=not options.offline)
    return rates_for(options.size, options.region, source)


def rates_or_why(options: PriceOptions) -> tuple[Rates | None, str]:
    """Return the prices, or None and why there are none."""
    try:
        return rates_of(options), ""
    except MatrixError as error:
        return None, str(error)
