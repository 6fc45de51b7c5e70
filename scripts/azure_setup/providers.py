"""The services and the feature that a subscription must know before anything is made in it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from scripts.azure_setup.commands import SetupError

if TYPE_CHECKING:
    from scripts.azure_setup.target import Setup

SERVICES = ("Compute", "Network", "Storage", "Logic")
COMPUTE = "Microsoft.Compute"
# Machines without Trusted Launch, which takes nested virtualization away, may be refused otherwise.
FEATURE = "UseStandardSecurityType"
SPREAD = "waa-standard-security"
"""The tag on the group that says: Compute was registered again after the feature was Registered.

Nothing that Azure answers tells it, and until then the feature has no effect ("invoking 'az
provider register -n Microsoft.Compute' is required to get the change propagated", az itself).
"""


def register_services(setup: Setup) -> None:
    """Register what is not, then wait for each: commands of a service that is not known fail."""
    fresh = [name for name in SERVICES if not _is_registered(setup, name)]
    for name in fresh:
        setup.commands.change("az", "provider", "register", "--namespace", f"Microsoft.{name}")
    for name in fresh if setup.commands.asks else ():
        if not setup.commands.until(functools.partial(_is_registered, setup, name)):
            raise SetupError(
                f"Microsoft.{name} is still being registered. What was made stays: run this again."
            )


def request_feature(setup: Setup) -> None:
    """Ask for the feature; it may take minutes, so the rest goes on meanwhile."""
    if _feature(setup) not in ("Registered", "Registering", "Pending"):
        setup.commands.change(
            *("az", "feature", "register", "--namespace", COMPUTE, "--name", FEATURE)
        )


def spread_feature(setup: Setup) -> None:
    """Register Compute again once the feature is Registered, and note that on the group.

    Raises:
        SetupError: The feature is not registered yet.
    """
    group = setup.commands.az("group", "show", "--name", setup.target.group) or {}
    if (group.get("tags") or {}).get(SPREAD) == "registered":
        return
    if setup.commands.asks:
        setup.say(f"waiting until {COMPUTE}/{FEATURE} is Registered")
        if not setup.commands.until(lambda: _feature(setup) == "Registered"):
            raise SetupError(
                f"the feature {COMPUTE}/{FEATURE} is {_feature(setup)}, not Registered: machines"
                " without Trusted Launch may be refused. All else is made: run this again later."
            )
    setup.commands.change("az", "provider", "register", "--namespace", COMPUTE)
    if setup.commands.asks:
        setup.commands.until(lambda: _is_registered(setup, "Compute"))
    setup.commands.change(
        *("az", "tag", "update", "--operation", "Merge", "--tags", f"{SPREAD}=registered"),
        *("--resource-id", setup.target.group_scope(setup.target.group)),
    )


def _is_registered(setup: Setup, name: str) -> bool:
    answer = setup.commands.az("provider", "show", "--namespace", f"Microsoft.{name}")
    return answer is not None and answer["registrationState"] == "Registered"


def _feature(setup: Setup) -> str:
    answer = setup.commands.az("feature", "show", "--namespace", COMPUTE, "--name", FEATURE)
    return str(answer["properties"]["state"]) if answer else "NotRegistered"
