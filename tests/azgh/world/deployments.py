"""What a deployment of the sweeper's template makes: its one resource, filled in."""

from __future__ import annotations

from typing import Any


def workflow_of(properties: dict[str, Any], scope: str, group: dict[str, Any]) -> dict[str, Any]:
    """Return the template's only resource, with the expressions that it uses worked out.

    Any other expression, resource or a parameter that is not declared is refused by a KeyError:
    Azure answers those InvalidTemplate
    (https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-invalid-template).
    """
    template = properties["template"]
    (resource,) = template["resources"]
    declared = template.get("parameters", {})
    given = {name: entry["value"] for name, entry in (properties.get("parameters") or {}).items()}
    known = {
        "[resourceGroup().location]": group["location"],
        "[resourceGroup().id]": scope,
        **{
            f"[parameters('{name}')]": given.get(name, entry.get("defaultValue"))
            for name, entry in declared.items()
        },
    }
    assert set(given) <= set(declared)
    value = _filled(resource, known)
    path = f"{scope}/providers/{value['type']}/{value['name']}"
    return {**value, "id": path}


def _filled(value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(entry, known) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, known) for entry in value]
    if isinstance(value, str) and value.startswith("["):
        return known[value]
    return value
