"""What Azure refuses in the names, tags and user of a machine's body.

"Naming rules and restrictions for Azure resources" (Microsoft.Compute and Microsoft.Network), "Use
tags to organize your Azure resources: Limitations", and the REST reference of
``virtualMachines.osProfile``. The codes are users' reports; nothing depends on which it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.fakes.arm.reply import Json, RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MACHINE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?")
_DISK = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?")
_NETWORK = _DISK  # 80 characters; the last one is a letter, a digit or an underscore
_TAG_FORBIDDEN = frozenset("<>%&\\?/")
_RESERVED = ("microsoft", "azure", "windows")
_NO_USERS = frozenset(
    (
        *("administrator", "admin", "user", "user1", "test", "user2", "test1", "user3", "admin1"),
        *("1", "123", "a", "actuser", "adm", "admin2", "aspnet", "backup", "console", "david"),
        *("guest", "john", "owner", "root", "server", "sql", "support", "support_388945a0", "sys"),
        *("test2", "test3", "user4", "user5"),
    )
)


def check_names(name: str, body: Json) -> None:
    """Refuse a name, a user or a tag that Azure does not take, or return."""
    properties = body["properties"]
    profile = properties["osProfile"]
    if not _MACHINE.fullmatch(name):
        raise RefusalError(400, "InvalidParameter", f"The resource name {name} is invalid.")
    computer = profile["computerName"]
    if not _MACHINE.fullmatch(computer) or computer.isdigit():
        text = f"Linux host name '{computer}' cannot be entirely numeric or over 64 characters."
        raise RefusalError(400, "InvalidParameter", text)
    user = profile["adminUsername"]
    if user.lower() in _NO_USERS or not 1 <= len(user) <= 64:
        text = f"The Admin Username '{user}' specified is not allowed."
        raise RefusalError(400, "InvalidParameter", text)
    for part, pattern in _parts(properties):
        if not pattern.fullmatch(part):
            raise RefusalError(400, "InvalidResourceName", f"Resource name {part} is invalid.")
    for tags in _tags(body):
        _check_tags(tags)


def _parts(properties: Json) -> Iterator[tuple[str, re.Pattern[str]]]:
    storage = properties["storageProfile"]
    for disk in (storage["osDisk"], *(storage.get("dataDisks") or [])):
        yield disk["name"], _DISK
    for nic in properties["networkProfile"]["networkInterfaceConfigurations"]:
        yield nic["name"], _NETWORK
        for address in nic["properties"]["ipConfigurations"]:
            public = address["properties"].get("publicIPAddressConfiguration")
            if public is not None:
                yield public["name"], _NETWORK


def _tags(body: Json) -> Iterator[dict[str, str]]:
    yield body.get("tags") or {}
    for nic in body["properties"]["networkProfile"]["networkInterfaceConfigurations"]:
        yield nic.get("tags") or {}
        for address in nic["properties"]["ipConfigurations"]:
            public = address["properties"].get("publicIPAddressConfiguration") or {}
            yield public.get("tags") or {}


def _check_tags(tags: dict[str, str]) -> None:
    if len(tags) > 50:
        raise RefusalError(400, "TooManyTags", f"{len(tags)} tags, above 50")
    for name, value in tags.items():
        if not 1 <= len(name) <= 512 or name.lower().startswith(_RESERVED):
            raise RefusalError(400, "InvalidTagName", f"The tag name '{name}' is not allowed.")
        if _TAG_FORBIDDEN & set(name):
            text = f"The tag name '{name}' has characters that are not allowed."
            raise RefusalError(400, "InvalidTagNameCharacters", text)
        if len(value) > 256:
            raise RefusalError(400, "InvalidTagValueLength", f"The value of '{name}' is too long.")
