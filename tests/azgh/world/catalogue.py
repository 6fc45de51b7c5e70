"""The subscription itself: its regions, its services and its features."""

from __future__ import annotations

from typing import Any

from tests.azgh.world.call import Call, Reply, Routes
from tests.azgh.world.rules import refused

SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
REGIONS = {"westeurope": "West Europe", "northeurope": "North Europe", "eastus2": "East US 2"}
# A logical region is listed too, and nothing can be made in it.
LOGICAL = {"europe": "Europe"}
KINDS = {
    "Microsoft.Compute": ("virtualMachines", "galleries", "disks"),
    "Microsoft.Network": ("natGateways", "virtualNetworks"),
    "Microsoft.Storage": ("storageAccounts",),
    "Microsoft.Logic": ("workflows",),
}
LOOKS = 2
"""How many looks a registration takes; Azure takes seconds to minutes."""


class Catalogue:
    """What a subscription that never used these services answers."""

    def __init__(self) -> None:
        self.registered: set[str] = set()
        self.registering: dict[str, int] = {}
        self.feature = "NotRegistered"
        self.feature_looks = LOOKS
        self.propagated = False
        self.not_offered: set[tuple[str, str]] = set()
        self._routes = Routes()
        add, here = self._routes.add, "/subscriptions/{subscription}"
        add("GET", "/subscriptions", _subscriptions)
        add("GET", "/tenants", _tenants)
        add("GET", f"{here}/locations", _locations)
        add("GET", f"{here}/providers/{{name}}", self._provider)
        add("POST", f"{here}/providers/{{name}}/register", self._register)
        feature = (
            "/subscriptions/{subscription}/providers/Microsoft.Features/providers"
            "/{provider}/features/{name}"
        )
        add("GET", feature, self._feature)
        add("POST", f"{feature}/register", self._register_feature)

    def answer(self, call: Call) -> Reply | None:
        return self._routes.answer(call)

    def check_provider(self, name: str) -> None:
        """https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider"""
        if name.lower() not in self.registered:
            raise refused(
                409,
                "MissingSubscriptionRegistration",
                f"The subscription is not registered to use namespace '{name}'.",
            )

    def check_location(self, location: str, kind: str) -> None:
        """https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors"""
        if location.replace(" ", "").lower() not in REGIONS or (location, kind) in self.not_offered:
            raise refused(
                400,
                "LocationNotAvailableForResourceType",
                f"The provided location '{location}' is not available for '{kind}'.",
            )

    def _provider(self, _call: Call, subscription: str, name: str) -> Reply:
        return Reply(200, self._described(subscription, name))

    def _register(self, _call: Call, subscription: str, name: str) -> Reply:
        """Registering takes a while; after the feature is Registered it is what spreads it."""
        if self.feature == "Registered" and name.lower() == "microsoft.compute":
            self.propagated = True
        if name.lower() not in self.registered:
            self.registering[name.lower()] = LOOKS
        return Reply(200, self._described(subscription, name))

    def _described(self, subscription: str, name: str) -> dict[str, Any]:
        key = name.lower()
        if key in self.registering:
            self.registering[key] -= 1
            if self.registering[key] < 0:
                del self.registering[key]
                self.registered.add(key)
        state = "Registering" if key in self.registering else "NotRegistered"
        proper = next((entry for entry in KINDS if entry.lower() == key), name)
        return {
            "id": f"/subscriptions/{subscription}/providers/{proper}",
            "namespace": proper,
            "registrationState": "Registered" if key in self.registered else state,
            "resourceTypes": [
                {
                    "resourceType": kind,
                    "locations": [
                        shown
                        for region, shown in REGIONS.items()
                        if (region, f"{proper}/{kind}") not in self.not_offered
                    ],
                    "apiVersions": ["2019-05-01"],
                }
                for kind in KINDS.get(proper, ())
            ],
        }

    def _feature(self, _call: Call, subscription: str, provider: str, name: str) -> Reply:
        if self.feature == "Registering":
            self.feature_looks -= 1
            if self.feature_looks < 0:
                self.feature = "Registered"
        return Reply(200, self._feature_value(subscription, provider, name))

    def _register_feature(self, _call: Call, subscription: str, provider: str, name: str) -> Reply:
        """A feature answers Registering first, for minutes."""
        if self.feature == "NotRegistered":
            self.feature = "Registering"
        return Reply(200, self._feature_value(subscription, provider, name))

    def _feature_value(self, subscription: str, provider: str, name: str) -> dict[str, Any]:
        assert (provider, name) == ("Microsoft.Compute", "UseStandardSecurityType")
        return {
            "id": f"/subscriptions/{subscription}/providers/Microsoft.Features/providers/{provider}"
            f"/features/{name}",
            "name": f"{provider}/{name}",
            "properties": {"state": self.feature},
            "type": "Microsoft.Features/providers/features",
        }


def _subscriptions(_call: Call) -> Reply:
    value = {
        "id": f"/subscriptions/{SUBSCRIPTION}",
        "subscriptionId": SUBSCRIPTION,
        "tenantId": "11111111-1111-4111-8111-111111111111",
        "displayName": "A subscription",
        "state": "Enabled",
        "subscriptionPolicies": {},
        "managedByTenants": [],
    }
    return Reply(200, {"value": [value]})


def _tenants(_call: Call) -> Reply:
    return Reply(200, {"value": []})


def _locations(_call: Call, subscription: str) -> Reply:
    kinds = [("Physical", REGIONS), ("Logical", LOGICAL)]
    listing = [
        {
            "id": f"/subscriptions/{subscription}/locations/{name}",
            "name": name,
            "displayName": shown,
            "regionalDisplayName": shown,
            "type": "Region",
            "metadata": {"regionType": kind},
        }
        for kind, names in kinds
        for name, shown in names.items()
    ]
    return Reply(200, {"value": listing})
