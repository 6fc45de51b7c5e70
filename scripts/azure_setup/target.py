"""What is set up: names and scopes in Azure, and the repository as GitHub knows it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.azure_setup.commands import Commands

FILES = Path(__file__).parent
TAG = "waa-setup"
GALLERY, DEFINITION = "waa_matrix", "waa-machine"


@dataclass(frozen=True)
class Repository:
    """A repository: its name as GitHub writes it now, its numbers, and who may see it."""

    name: str
    owner: str
    short_name: str
    owner_id: int
    number: int
    default_branch: str
    visibility: str

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Repository:
        """Return it from GitHub's description (``GET /repos/{owner}/{repo}``)."""
        return cls(
            name=answer["full_name"],
            owner=answer["owner"]["login"],
            short_name=answer["name"],
            owner_id=answer["owner"]["id"],
            number=answer["id"],
            default_branch=answer["default_branch"],
            visibility=answer.get("visibility") or ("private" if answer["private"] else "public"),
        )

    @classmethod
    def unasked(cls, name: str) -> Repository:
        """Return what stands for a repository in a dry run that asks nobody."""
        owner, _, short_name = name.partition("/")
        return cls(name, owner, short_name, 0, 0, "DEFAULT_BRANCH", "public")


@dataclass(frozen=True)
class Target:
    """The names and scopes of one set-up."""

    subscription: str
    tenant: str
    group: str
    account: str
    regions: tuple[str, ...]
    repository: Repository
    subject_prefixes: tuple[str, ...]

    @property
    def image_group(self) -> str:
        """Where the gallery and the golden image are: no run's identity reaches it."""
        return f"{self.group}-image"

    @property
    def golden_account(self) -> str:
        """The account of the golden images."""
        return f"{self.account}gold"

    @property
    def scope(self) -> str:
        """The subscription, as a scope."""
        return f"/subscriptions/{self.subscription}"

    def group_scope(self, group: str) -> str:
        """Return a resource group as a scope."""
        return f"{self.scope}/resourceGroups/{group}"

    @property
    def tags(self) -> str:
        """What tells that azure-setup made something, as az takes it."""
        return f"{TAG}={self.group}"

    def made(self, resource: dict[str, Any]) -> bool:
        """Tell whether azure-setup made a resource, for this group."""
        return (resource.get("tags") or {}).get(TAG) == self.group


@dataclass(frozen=True)
class Setup:
    """Everything that a step needs: what to set up, who to call, and a directory for files."""

    target: Target
    commands: Commands
    work: Path
    say: Callable[[str], None]

    def ensure_resource(self, noun: str, *words: str, extra: tuple[str, ...] = ()) -> Any | None:
        """Make a resource of Azure where ``az NOUN show`` finds none; return it."""
        look = ("az", *noun.split(), "show", *words)
        make = ("az", *noun.split(), "create", *words, *extra)
        return self.commands.ensure(lambda: self.commands.az(*look[1:]), *make)

    def write(self, name: str, value: object) -> Path:
        """Write a value as JSON for a command to read, so that it is on no command line."""
        path = self.work / name
        path.write_text(json.dumps(value, indent=2))
        return path


def filled(target: Target, name: str) -> Any:
    """Return one of the templates here, with this set-up's names in it."""
    text = (FILES / name).read_text()
    text = text.replace("@SUBSCRIPTION@", target.subscription).replace("@GROUP@", target.group)
    return json.loads(text)
