"""What a run finds in a subscription that was set up: networks, the feature, the sweeper.

These are read by id alone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.fakes.arm.catalogue import GROUP, REGIONS, SUBSCRIPTION, group_id, subnet_id
from tests.fakes.arm.gallery import Version

if TYPE_CHECKING:
    from tests.fakes.arm.reply import Json
    from tests.fakes.arm.server import FakeArm

_HERE = f"/subscriptions/{SUBSCRIPTION}"
FEATURE = (
    f"{_HERE}/providers/Microsoft.Features/providers/Microsoft.Compute"
    "/features/UseStandardSecurityType"
)
PROVIDER = f"{_HERE}/providers/Microsoft.Compute"
SWEEPER = f"{group_id()}/providers/Microsoft.Logic/workflows/waa-sweeper"


def stand_up(fake: FakeArm) -> None:
    """Give a fake all that a run needs, in every region, and well."""
    place = fake.catalogue.statics
    _put(place, _HERE, {"displayName": "Benchmarks", "state": "Enabled"})
    _put(place, group_id(), {"name": GROUP, "location": "westeurope"})
    for region in REGIONS:
        network = subnet_id(region).partition("/subnets/")[0]
        gateway = gateway_id(region)
        _put(place, network, {"location": region, "properties": {}})
        own = {"natGateway": {"id": gateway}, "defaultOutboundAccess": False}
        _put(place, subnet_id(region), {"properties": own})
        addresses = [{"id": f"{group_id()}/providers/Microsoft.Network/publicIPAddresses/out"}]
        _put(place, gateway, {"location": region, "properties": {"publicIpAddresses": addresses}})
    _put(place, FEATURE, {"properties": {"state": "Registered"}})
    _put(place, PROVIDER, {"namespace": "Microsoft.Compute", "registrationState": "Registered"})
    _put(place, SWEEPER, {"location": "westeurope", "properties": {"state": "Enabled"}})
    swept(fake, 0.5)
    published = fake.clock.now() - 3 * 86400.0
    fake.catalogue.gallery.versions["1.0.0"] = Version(dict.fromkeys(REGIONS, 1), published)


def gateway_id(region: str) -> str:
    return f"{group_id()}/providers/Microsoft.Network/natGateways/fleet-{region}"


def swept(fake: FakeArm, hours_ago: float, status: str = "Succeeded") -> None:
    """Let the sweeper's only run be one that ended so many hours ago."""
    ended = datetime.fromtimestamp(fake.clock.now() - hours_ago * 3600.0, UTC).isoformat()
    run = {"name": "1", "properties": {"status": status, "startTime": ended, "endTime": ended}}
    fake.catalogue.statics[f"{SWEEPER}/runs".lower()] = {"value": [run]}


def _put(place: dict[str, Json], resource_id: str, body: Json) -> None:
    place[resource_id.lower()] = {"id": resource_id, **body}
