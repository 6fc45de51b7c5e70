"""What must be so before anything is made: programs, logins, regions, the repository."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.azure_setup.commands import Commands, SetupError, run, status_line
from scripts.azure_setup.target import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.azure_setup.options import Options

# az 2.72 (2025-04): `role assignment list --assignee-object-id` (azure-cli#30469).
AZ = (2, 72)
AZ_INSTALL = "https://learn.microsoft.com/cli/azure/install-azure-cli"
# gh 2.32 (2023-07): all of `gh variable`; Debian 12 has 2.23.
GH = (2, 32)
GH_INSTALL = "https://github.com/cli/cli#installation"
# What each region must offer, and what the first one must offer too.
OFFERS = (("Microsoft.Compute", "virtualMachines"), ("Microsoft.Network", "natGateways"))
FIRST_OFFERS = (
    *OFFERS,
    ("Microsoft.Compute", "galleries"),
    ("Microsoft.Storage", "storageAccounts"),
    ("Microsoft.Logic", "workflows"),
)


@dataclass(frozen=True)
class Findings:
    """What was asked for, and everything that is wrong, a line each.

    Args:
        subscription: Its id; empty where az does not say.
        tenant: The directory's.
        repository: As GitHub knows it; None where it does not say.
        problems: What is wrong.
        unasked: Why something could not be judged: that stops all but a dry run.
    """

    subscription: str
    tenant: str
    repository: Repository | None
    problems: tuple[str, ...]
    unasked: tuple[str, ...]


def judge(commands: Commands, options: Options) -> Findings:
    """Ask az and gh for everything that a set-up needs, and find every problem at once."""
    account, az_problems = _azure_account()
    problems: list[str] = []
    if account and not az_problems:
        problems, wrong = _judged(lambda: list(_region_problems(commands, options.regions)))
        az_problems = [*az_problems, *wrong]
    repository, gh_problems, wrong_repository = _github_repository(options.repository)
    return Findings(
        subscription=account.get("id", ""),
        tenant=account.get("tenantId", ""),
        repository=repository,
        problems=(*problems, *wrong_repository),
        unasked=(*az_problems, *gh_problems),
    )


def _judged(ask: Any) -> tuple[list[str], list[str]]:
    try:
        return ask(), []
    except SetupError as error:
        return [], ["; ".join(str(error).splitlines())]


def _azure_account() -> tuple[dict[str, Any], list[str]]:
    least = f"{AZ[0]}.{AZ[1]}"
    version = run(["az", "version", "--output", "json"])
    if version.status == 127:
        return {}, [f"az is not installed: {least} or newer is needed, see {AZ_INSTALL}"]
    problems = []
    if version.status == 0 and _version(json.loads(version.out)["azure-cli"]) < AZ:
        have = json.loads(version.out)["azure-cli"]
        problems = [f"az is {have}: {least} or newer is needed, az upgrade or see {AZ_INSTALL}"]
    account = run(["az", "account", "show", "--output", "json"])
    if account.status != 0:
        return {}, [*problems, f"az ({least} or newer) is not signed in: az login"]
    return json.loads(account.out), problems


def _region_problems(commands: Commands, regions: tuple[str, ...]) -> Iterator[str]:
    if not regions:
        return
    listing = commands.az("account", "list-locations") or []
    shown = {entry["name"]: entry["displayName"] for entry in listing if _is_physical(entry)}
    for region in regions:
        if region not in shown:
            near = difflib.get_close_matches(region, shown, n=3)
            hint = f"; near it: {', '.join(near)}" if near else ""
            yield f"--region {region} is no region that this subscription may use{hint}"
    offers = {key: _places(commands, *key) for key in (FIRST_OFFERS if regions else ())}
    for region in (region for region in regions if region in shown):
        for namespace, kind in FIRST_OFFERS if region == regions[0] else OFFERS:
            if shown[region] not in offers[namespace, kind]:
                yield f"--region {region} does not offer {namespace}/{kind}: choose another"


def _is_physical(location: dict[str, Any]) -> bool:
    return bool((location.get("metadata") or {}).get("regionType", "Physical") == "Physical")


def _places(commands: Commands, namespace: str, kind: str) -> list[str]:
    provider = commands.az("provider", "show", "--namespace", namespace) or {}
    kinds = provider.get("resourceTypes") or []
    return [
        place for entry in kinds if entry["resourceType"] == kind for place in entry["locations"]
    ]


def _github_repository(name: str) -> tuple[Repository | None, list[str], list[str]]:
    """Return the repository, why it could not be asked for, and what is wrong with it."""
    least = f"{GH[0]}.{GH[1]}"
    version = run(["gh", "--version"])
    if version.status == 127:
        return None, [f"gh is not installed: {least} or newer is needed, see {GH_INSTALL}"], []
    have = re.search(r"gh version (\S+)", version.out)
    if have and _version(have[1]) < GH:
        return None, [f"gh is {have[1]}: {least} or newer is needed, see {GH_INSTALL}"], []
    result = run(["gh", "api", "--include", f"repos/{name}"])
    status = status_line(result.out)
    # gh's own exit code for "authentication required" (gh help exit-codes).
    if result.status == 4 or status == 401:
        return None, [f"gh ({least} or newer) is not signed in: gh auth login"], []
    if status == 404:
        return None, [], [f"--repository {name} does not exist, or gh's user cannot see it"]
    if result.status != 0 or status != 200:
        why = result.err.strip() or f"exit code {result.status}"
        return None, [f"GitHub could not be asked for {name}: {why}"], []
    answer = json.loads(re.split(r"\r?\n\r?\n", result.out, maxsplit=1)[1])
    return Repository.of(answer), [], list(_repository_problems(answer))


def _repository_problems(answer: dict[str, Any]) -> Iterator[str]:
    if not (answer.get("permissions") or {}).get("admin"):
        yield f"gh's user is no admin of {answer['full_name']}: environments and secrets need one"
    if answer.get("archived"):
        yield f"{answer['full_name']} is archived: nothing runs in it"


def _version(text: str) -> tuple[int, ...]:
    match = re.match(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
