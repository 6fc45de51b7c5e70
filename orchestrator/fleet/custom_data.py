"""What a machine is told at its first boot: the template with three values put in. Pure.

Every value goes in as base64, so that none of them can change what the YAML says.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    wrong = [one for one in PLACEHOLDERS if text.count(one) != 1]
    if wrong:
        fix = "Leave it out, for this version's own, or begin with runner-image/cloud-init.yaml."
        raise bad_input(where, f"does not hold {', '.join(wrong)} exactly once", fix)
    return Template(text)


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
