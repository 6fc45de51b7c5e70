"""The API versions that services have, and what each of them knows.

A request is judged by the version that it names: one that the service does not have is refused, and
so is a field that came later, as a service that never heard of it would.

Sources: each service's REST reference and published schemas (azure-rest-api-specs, compute:
``tags`` of a NIC and an address of a machine came with 2025-04-01, ``Standard`` of ``securityType``
with 2025-11-01); "Resolve errors for resource provider registration" for the refusals.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.fakes.arm.reply import RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.arm.reply import Json

_MACHINES = (
    *("2023-03-01", "2023-07-01", "2023-09-01", "2024-03-01", "2024-07-01", "2024-11-01"),
    *("2025-04-01", "2025-11-01", "2026-03-01", "2026-04-01"),
)
# Stable versions that stand for all: the newest first would hide one that is too old.
_VERSIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r".*/providers/microsoft\.features/.*", ("2015-12-01", "2021-07-01")),
    (r".*/providers/microsoft\.compute/skus", ("2017-09-01", "2019-04-01", "2021-07-01")),
    (
        r".*/providers/microsoft\.compute/galleries/.*",
        ("2023-07-03", "2024-03-03", "2025-03-03", "2026-03-03"),
    ),
    (
        r".*/providers/microsoft\.compute/disks/[^/]+",
        ("2023-04-02", "2023-10-02", "2024-03-02", "2025-01-02", "2026-03-02"),
    ),
    (r".*/providers/microsoft\.compute/.*", _MACHINES),
    (r".*/providers/microsoft\.logic/.*", ("2016-06-01", "2019-05-01")),
    (r".*/providers/microsoft\.network/.*", ("2022-11-01", "2023-11-01", "2024-05-01")),
    (
        r"/subscriptions/[^/]+(/resourcegroups/[^/]+(/resources)?)?",
        ("2021-04-01", "2022-12-01", "2024-11-01", "2025-04-01"),
    ),
)
_NIC_TAGS, _STANDARD = "2025-04-01", "2025-11-01"


def check_version(path: str, api_version: str) -> None:
    """Refuse a version that a service does not have, as Azure does."""
    for pattern, known in _VERSIONS:
        if re.fullmatch(pattern, path.lower()):
            if api_version not in known:
                raise _unknown(path, api_version, known)
            return


def _unknown(path: str, api_version: str, known: tuple[str, ...]) -> RefusalError:
    """A provider's own types are looked up by version; Resource Manager's are parsed with it."""
    listed = f"The supported api-versions are '{', '.join(known)}'."
    if "/providers/" not in path.lower():
        text = f"The api-version '{api_version}' is invalid. {listed}"
        return RefusalError(400, "InvalidApiVersionParameter", text)
    text = f"No registered resource provider found for API version '{api_version}'. {listed}"
    return RefusalError(400, "NoRegisteredProviderFound", text)


def too_new(api_version: str, body: Json) -> list[str]:
    """What of a machine's body its version does not have, by path; versions sort by date."""
    return [path for path, since in _newer(body) if api_version < since]


def _newer(body: Json) -> Iterator[tuple[str, str]]:
    properties: Json = body.get("properties") or {}
    security = properties.get("securityProfile") or {}
    if security.get("securityType") == "Standard":
        yield "properties.securityProfile.securityType", _STANDARD
    profile = properties.get("networkProfile") or {}
    for number, nic in enumerate(profile.get("networkInterfaceConfigurations") or []):
        where = f"properties.networkProfile.networkInterfaceConfigurations[{number}]"
        if "tags" in nic:
            yield f"{where}.tags", _NIC_TAGS
        if any("tags" in address for address in _addresses(nic)):
            yield f"{where}…publicIPAddressConfiguration.tags", _NIC_TAGS


def _addresses(nic: Json) -> list[Any]:
    configurations = (nic.get("properties") or {}).get("ipConfigurations") or []
    results = [
        configuration["properties"].get("publicIPAddressConfiguration")
        for configuration in configurations
    ]
    return [entry for entry in results if entry]
