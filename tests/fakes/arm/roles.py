"""The roles of ``scripts/azure_setup``, held by whoever calls: what they lack is refused.

As Azure refuses it: 403 ``AuthorizationFailed`` for the request itself, and
``LinkedAuthorizationFailed`` for what the request names ("Troubleshoot Azure RBAC").
"""

from __future__ import annotations

import fnmatch
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.arm.actions import action_of, linked_actions
from tests.fakes.arm.catalogue import GROUP, SUBSCRIPTION
from tests.fakes.arm.identity import CLIENT
from tests.fakes.arm.reply import RefusalError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.arm.routes import Request

FILES = Path(__file__).resolve().parents[3] / "scripts" / "azure_setup"


@dataclass(frozen=True, slots=True)
class Role:
    """A role as its file says it, assigned at the one scope that it can be assigned at."""

    name: str
    scope: str
    actions: tuple[str, ...]
    data_actions: tuple[str, ...]

    def allows(self, action: str, resource: str) -> bool:
        """Whether it gives an action on a resource; neither knows capitals, as in Azure."""
        below = f"{resource.lower()}/".startswith(f"{self.scope.lower()}/")
        wanted = action.lower()
        return below and any(fnmatch.fnmatchcase(wanted, action.lower()) for action in self.actions)


def role(name: str) -> Role:
    """Return a role of ``role-NAME.json``, filled in for the fake's subscription and group."""
    text = (FILES / f"role-{name}.json").read_text()
    said: dict[str, Any] = json.loads(
        text.replace("@SUBSCRIPTION@", SUBSCRIPTION).replace("@GROUP@", GROUP)
    )
    (scope,) = said["AssignableScopes"]
    return Role(name, scope, tuple(said["Actions"]), tuple(said["DataActions"]))


RUN = (role("run"), role("offers"))
REAPER = (role("reaper"),)


def check(request: Request, roles: Sequence[Role]) -> None:
    """Admit a request, or refuse it for what its sender's roles lack."""
    who = f"The client '{CLIENT}' with object id '{CLIENT}'"
    action = action_of(request.verb, request.path)
    if not any(entry.allows(action, request.path) for entry in roles):
        text = (
            f"{who} does not have authorization to perform action '{action}' over scope"
            f" '{request.path}' or the scope is invalid. If access was recently granted, please"
            " refresh your credentials."
        )
        raise RefusalError(403, "AuthorizationFailed", text)
    body = json.loads(request.body) if request.verb == "PUT" and request.body else {}
    for linked, resource in linked_actions(request.verb, request.path, body):
        if not any(entry.allows(linked, resource) for entry in roles):
            text = (
                f"{who} has permission to perform action '{action}' on scope '{request.path}';"
                f" however, it does not have permission to perform action(s) '{linked}' on the"
                f" linked scope(s) '{resource}' or the linked scope(s) are invalid."
            )
            raise RefusalError(403, "LinkedAuthorizationFailed", text)
