"""What the stand-in refuses without any program: the rules that set-up's own files must keep."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.azgh.world.call import Call, RefusedError
from tests.azgh.world.entra import Entra
from tests.azgh.world.role_rules import check_role
from tests.tiers import ROOT

FILES = ROOT / "scripts" / "azure_setup"
ROLES = ("run", "offers", "reaper", "image")


def properties(role: str) -> dict[str, Any]:
    said = json.loads((FILES / f"role-{role}.json").read_text())
    permission = {"actions": said["Actions"], "dataActions": said["DataActions"]}
    return {
        "roleName": said["Name"],
        "permissions": [permission],
        "assignableScopes": said["AssignableScopes"],
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_role_names_documented_actions_alone(role: str) -> None:
    """One that no provider lists, and Azure refuses the whole role."""
    check_role(properties(role))
    for action in properties(role)["permissions"][0]["actions"]:
        wrong = copy.deepcopy(properties(role))
        actions = wrong["permissions"][0]["actions"]
        actions[actions.index(action)] = action.replace("/", "/x", 1)
        with pytest.raises(RefusedError) as caught:
            check_role(wrong)
        assert caught.value.reply.body["error"]["code"] == "InvalidActionOrNotAction"


def test_a_data_action_is_no_action() -> None:
    wrong = properties("run")
    wrong["permissions"][0]["actions"] += wrong["permissions"][0]["dataActions"]
    with pytest.raises(RefusedError):
        check_role(wrong)


GOOD = {
    "name": "github",
    "issuer": "https://token.actions.githubusercontent.com",
    "subject": "repo:octo@1/bench@2:environment:waa-matrix-run",
    "audiences": ["api://AzureADTokenExchange"],
}


def add(credential: dict[str, Any]) -> int:
    """Return the status of adding a credential to an application."""
    entra = Entra()
    entra.applications.lag = 0
    entra.applications.add({"id": "a", "appId": "b"})
    path = "/v1.0/applications/a/federatedIdentityCredentials"
    raw = json.dumps(credential).encode()
    try:
        reply = entra.answer(Call("POST", "graph.microsoft.com", path, {}, {}, raw))
    except RefusedError as error:
        return error.reply.status
    assert reply is not None
    return reply.status


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "-github"},
        {"name": "g"},
        {"name": "my.group"},
        {"subject": "repo:octo/*:environment:run"},
        {"subject": "s" * 601},
        {"issuer": f"{GOOD['issuer']} "},
        {"audiences": ["api://AzureADTokenExchange", "another"]},
    ],
)
def test_a_credential_that_entra_refuses_is_refused(changed: dict[str, Any]) -> None:
    assert add(GOOD) == 201
    assert add({**GOOD, **changed}) == 400
