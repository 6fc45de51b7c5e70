"""What the workflows read: variables under the names that the commands know, and secrets."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scripts.azure_setup.environments import ENVIRONMENTS
from scripts.azure_setup.options import is_amount
from scripts.azure_setup.target import DEFINITION, GALLERY

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.azure_setup.options import Options
    from scripts.azure_setup.target import Setup

GROUP_VARIABLE = "WAA_MATRIX_RESOURCE_GROUP"
CEILING = "WAA_MATRIX_MAX_COST"
SUGGESTED_CEILING = "60"
APP_KEY, TOKEN = "WAA_MATRIX_APP_PRIVATE_KEY", "WAA_MATRIX_GITHUB_TOKEN"
SECRETS = (APP_KEY, TOKEN)
CLIENT_ID = "AZURE_CLIENT_ID"


def variables(setup: Setup, app_id: str) -> dict[str, str]:
    """Return the repository's variables, but for the ceiling."""
    target = setup.target
    images = target.group_scope(target.image_group)
    said = {
        "AZURE_SUBSCRIPTION_ID": target.subscription,
        "AZURE_TENANT_ID": target.tenant,
        GROUP_VARIABLE: target.group,
        "WAA_MATRIX_SUBNETS": " ".join(
            f"{region}={_subnet(setup, region)}" for region in target.regions
        ),
        "WAA_MATRIX_REGIONS": " ".join(target.regions),
        "WAA_MATRIX_STORE": f"az://{target.account}",
        "WAA_MATRIX_MACHINE_IMAGE": f"{images}/providers/Microsoft.Compute/galleries/{GALLERY}"
        f"/images/{DEFINITION}",
        "WAA_MATRIX_IMAGE_RESOURCE_GROUP": target.image_group,
        "WAA_MATRIX_GOLDEN_STORE": target.golden_account,
    }
    return said | ({"WAA_MATRIX_APP_ID": app_id} if app_id else {})


def github_settings(setup: Setup, options: Options) -> None:
    """Set what is not set so: variables, the ceiling, and the secrets that were given."""
    for name, value in variables(setup, options.app_id).items():
        set_variable(setup, name, value)
    _ceiling(setup, options.max_cost)
    for name, file in ((APP_KEY, options.app_key), (TOKEN, options.token)):
        if file is not None:
            _secret(setup, name, file)


def read_variable(setup: Setup, name: str, environment: str = "") -> str | None:
    """Return a variable's value; None where there is none."""
    where = f"environments/{environment}" if environment else "actions"
    answer = setup.commands.gh(f"repos/{setup.target.repository.name}/{where}/variables/{name}")
    return None if answer is None else str(answer["value"])


def set_variable(setup: Setup, name: str, value: str, environment: str = "") -> None:
    """Set a variable of the repository, or of one of its environments, unless it says so."""
    if read_variable(setup, name, environment) != value:
        words = ("--env", environment) if environment else ()
        repository = setup.target.repository.name
        setup.commands.change(
            *("gh", "variable", "set", name, "--repo", repository, *words, "--body", value)
        )


def _ceiling(setup: Setup, given: str) -> None:
    """Set what one run may cost: as given, as it is, or as somebody at the terminal says."""
    if given:
        set_variable(setup, CEILING, given)
    elif read_variable(setup, CEILING) is None and (answer := _asked_ceiling(setup)):
        set_variable(setup, CEILING, answer)


def _asked_ceiling(setup: Setup) -> str:
    if not setup.commands.asks or not (sys.stdin.isatty() and sys.stderr.isatty()):
        setup.say(
            f"{CEILING} is not set: a run that names no max-cost has no ceiling. Give --max-cost."
        )
        return ""
    while True:
        sys.stderr.write(
            f"What may one run cost at most, in US dollars? [{SUGGESTED_CEILING}, or none] "
        )
        sys.stderr.flush()
        answer = (sys.stdin.readline().strip() or SUGGESTED_CEILING).removeprefix("$")
        if answer == "none" or is_amount(answer):
            return "" if answer == "none" else answer


def _secret(setup: Setup, name: str, file: Path) -> None:
    """Set a secret where its environment lacks it: it cannot be read back.

    Its value goes by standard input. To change one: ``gh secret set`` with the same words.
    """
    repository = setup.target.repository.name
    for environment in (
        environment for environment in ENVIRONMENTS if environment.registers_runners
    ):
        name_of = f"{setup.target.group}-{environment.name}"
        if setup.commands.gh(f"repos/{repository}/environments/{name_of}/secrets/{name}") is None:
            setup.commands.change(
                *("gh", "secret", "set", name, "--repo", repository, "--env", name_of), stdin=file
            )


def _subnet(setup: Setup, region: str) -> str:
    group = setup.target.group_scope(setup.target.group)
    return f"{group}/providers/Microsoft.Network/virtualNetworks/waa-{region}/subnets/machines"
