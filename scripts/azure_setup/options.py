"""The command line of ``scripts/azure-setup``, with every problem of it at once."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

USAGE = """\
scripts/azure-setup --repository OWNER/NAME --region westeurope [--region northeurope …]
    [--group waa-matrix] [--account NAME] [--app-id ID --app-key FILE | --token FILE]
    [--max-cost USD] [--subject-prefix P] [--dry-run]
scripts/azure-setup --remove --repository OWNER/NAME [--group waa-matrix]
    [--delete-store NAME …] [--delete-gallery NAME] [--dry-run]"""
ABOUT = """\
Creates in Azure and GitHub what runs need, once, and corrects it: run it again after a failure, or
with one more region. Give every region each time. Needs `az login` (owner of the subscription, to
assign roles) and `gh auth login` (admin of the repository). --remove takes away what it made.
Afterwards `waa-matrix doctor` says whether a run would find all it needs."""


class InputError(Exception):
    """The command line, or what it needs, is not right: a line a problem."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    repository: str
    regions: tuple[str, ...]
    group: str
    account: str
    app_id: str
    app_key: Path | None
    token: Path | None
    max_cost: str
    subject_prefix: str
    dry_run: bool
    remove: bool
    delete_stores: tuple[str, ...]
    delete_galleries: tuple[str, ...]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(message)


def parse(arguments: Sequence[str]) -> Options:
    """Return what a command line asks for.

    Raises:
        InputError: It is not right; every problem is named.
    """
    known, unknown = _parser().parse_known_args(arguments)
    options = Options(
        repository=known.repository,
        regions=tuple(dict.fromkeys(known.region)),
        group=known.group,
        account=known.account,
        app_id=known.app_id,
        app_key=known.app_key,
        token=known.token,
        max_cost=known.max_cost,
        subject_prefix=known.subject_prefix,
        dry_run=known.dry_run,
        remove=known.remove,
        delete_stores=tuple(known.delete_store),
        delete_galleries=tuple(known.delete_gallery),
    )
    problems = [*(f"{word} is unknown" for word in unknown), *_problems(options)]
    if problems:
        raise InputError(*problems)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="azure-setup",
        usage=USAGE,
        description=ABOUT,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--repository", default="", metavar="OWNER/NAME")
    add("--region", action="append", default=[], help="each time every one that runs may use")
    add("--group", default="waa-matrix", help="the resource group, and what other names begin with")
    add("--account", default="", help="the store's account; made up if not given")
    add("--app-id", default="", help="a GitHub App with Administration: write, to register runners")
    add("--app-key", type=Path, metavar="FILE", help="the App's private key")
    add("--token", type=Path, metavar="FILE", help="a fine-grained token that may do the same")
    add("--max-cost", default="", metavar="USD", help="what one run may cost if it does not say")
    add("--subject-prefix", default="", help="what the subject of a job's identity begins with")
    add("--dry-run", action="store_true", help="print what a first run would run, change nothing")
    add("--remove", action="store_true", help="take away what this made, and prove that it is gone")
    add("--delete-store", action="append", default=[], metavar="NAME", help="with --remove")
    add("--delete-gallery", action="append", default=[], metavar="NAME", help="with --remove")
    return parser


def _problems(options: Options) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z0-9_-]+/[A-Za-z0-9._-]+", options.repository):
        yield "--repository OWNER/NAME is needed"
    if not options.regions and not options.remove:
        yield "at least one --region is needed"
    for region in options.regions:
        if not re.fullmatch(r"[a-z0-9]+", region):
            yield f"--region {region} is no region's short name, such as westeurope"
    # Azure lets a group's name have 90 characters; a role's and an environment's begin with it.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", options.group):
        yield f"--group {options.group}: use up to 60 letters, digits, hyphens and underscores"
    if not re.fullmatch(r"([a-z0-9]{3,20})?", options.account):
        yield f"--account {options.account}: use 3 to 20 lower-case letters and digits"
    if options.max_cost and not is_amount(options.max_cost):
        yield f"--max-cost {options.max_cost} is no amount in US dollars, such as 60"
    yield from _file_problems(options)
    if (options.delete_stores or options.delete_galleries) and not options.remove:
        yield "--delete-store and --delete-gallery go with --remove"


def _file_problems(options: Options) -> Iterator[str]:
    for file in (options.app_key, options.token):
        if file is not None and not (file.is_file() and os.access(file, os.R_OK)):
            yield f"{file} cannot be read"


def is_amount(text: str) -> bool:
    """Tell whether a text is an amount of money: a number above zero."""
    return bool(re.fullmatch(r"\d+(\.\d+)?", text)) and float(text) > 0
