"""What a machine begins with: a runner minted for it alone, in the template of its first boot.

Every value goes into the template as base64, so that none of them can change what the YAML says.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from orchestrator.compute.job import RunnerBootstrap
from orchestrator.errors import bad_input
from orchestrator.fleet.identity import RUNNER_TAG
from orchestrator.github import GitHubError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.fleet.event_log import EventLog
    from orchestrator.github import JitRunner
    from orchestrator.secret import Secret

JIT_CONFIG, STORE_SAS, MACHINE_ENV = "@JIT_CONFIG@", "@STORE_SAS@", "@MACHINE_ENV@"
PLACEHOLDERS = (JIT_CONFIG, STORE_SAS, MACHINE_ENV)

SAS_FILE = "/run/waa-matrix/store-sas"
"""Where the machine keeps its key to the store: a file on tmpfs that only the runner reads."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_VALUE = re.compile(r"[A-Za-z0-9_.,:/@%+=?-]*\Z")


@dataclass(frozen=True, slots=True)
class Template:
    """A cloud-init document with each placeholder in it once."""

    text: str

    def render(self, jit_config: Secret, store_sas: Secret, facts: Mapping[str, str]) -> str:
        """Return the custom data of one machine; ``facts`` become its environment file."""
        lines = "".join(f"{name}={value}\n" for name, value in sorted(facts.items()))
        values = {
            JIT_CONFIG: jit_config.reveal(),
            STORE_SAS: store_sas.reveal(),
            MACHINE_ENV: lines,
        }
        text = self.text
        for placeholder, value in values.items():
            text = text.replace(placeholder, base64.b64encode(value.encode()).decode("ascii"))
        return text


def template(text: str, where: str) -> Template:
    """Return the template.

    Raises:
        BadInputError: A placeholder is missing or repeated.
    """
    wrong = [placeholder for placeholder in PLACEHOLDERS if text.count(placeholder) != 1]
    if wrong:
        fix = "Leave it out, for this version's own, or begin with runner-image/cloud-init.yaml."
        raise bad_input(where, f"does not hold {', '.join(wrong)} exactly once", fix)
    return Template(text)


class RunnerMint(Protocol):
    """What is needed of GitHub here."""

    def mint(self, name: str, labels: Sequence[str], *, group: int = 1) -> JitRunner:
        """Register a runner and return its configuration."""
        ...

    def delete(self, runner_id: int) -> bool:
        """Delete a runner; a missing one is a success."""
        ...


@dataclass(frozen=True, slots=True)
class FirstBoots:
    """Makes first boots of one run's machines, from any thread.

    ``label`` is what the run's runners carry; ``group`` is 1 for the only one that a repository
    has.
    """

    template: Template
    runners: RunnerMint
    journal: EventLog
    label: str
    group: int = 1

    def of(self, name: str, key: Secret, facts: Mapping[str, str]) -> FirstBoot:
        """Return the first boot of one machine; nothing is registered yet."""
        return FirstBoot(self, name, key, checked_facts(facts))


@dataclass(slots=True)
class FirstBoot:
    """The first boot of one machine. Its runner is minted when it is first asked for, and once.

    One configuration is for one machine and one try: who gives the try up calls ``forget``.
    """

    makers: FirstBoots
    name: str
    key: Secret
    facts: Mapping[str, str]
    _minted: JitRunner | None = None

    def bootstrap(self) -> RunnerBootstrap:
        """Return what the machine begins with, labelled with its runner's id.

        Raises:
            GitHubError: No runner was to be had.
        """
        if self._minted is None:
            with self.makers.journal.step("mint", self.name):
                self._minted = self.makers.runners.mint(
                    self.name, [self.makers.label], group=self.makers.group
                )
        minted = self._minted
        text = self.makers.template.render(minted.config, self.key, self.facts)
        return RunnerBootstrap(text, {RUNNER_TAG: str(minted.runner.id)})

    def forget(self) -> None:
        """Delete the runner, if one was minted."""
        if self._minted is None:
            return
        try:
            with self.makers.journal.step("forget runner", self.name):
                self.makers.runners.delete(self._minted.runner.id)
        except GitHubError:
            return  # said in the journal; the supervisor and the sweeper find it by its label


def checked_facts(facts: Mapping[str, str]) -> Mapping[str, str]:
    """Return facts that an environment file can hold without quoting.

    Raises:
        BadInputError: A name or a value has a character that a shell could act on.
    """
    for name, value in facts.items():
        if not _NAME.match(name) or not _VALUE.match(value):
            fix = "Use letters, digits and _.,:/@%+=?- only."
            raise bad_input(name, f"{value[:80]!r} cannot be told to a machine", fix)
    return facts
