"""Which flags a client's run.py takes: the stock one's, or those of a known fork.

run.py ignores what it does not know (``parse_known_args``), so a flag of ours that a fork does not
have would silently be another agent. Facts: ``run.py`` of Windows Agent Arena at commit
6d39ed88c545a0d40a7a02e39b928e278df7332b, and of GAIR-NLP/WindowsAgentArena-V2 at dc31e43.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

RUN = "run.py"
AUTO = "auto"

_ARGUMENT = re.compile(r"""\.add_argument\(\s*["'](--[A-Za-z0-9_-]+)["']""")
_ALWAYS = (
    "--model",
    "--test_all_meta_path",
    "--result_dir",
    "--trial_id",
    "--worker_id",
    "--num_workers",
)


@dataclass(frozen=True, slots=True)
class ClientProfile:
    """What our flags are called in a client. ``agent`` is the flag that names the agent."""

    name: str
    agent: str

    @property
    def needed(self) -> tuple[str, ...]:
        """Every flag that we give."""
        return (self.agent, *_ALWAYS)


WAA = ClientProfile("waa", "--agent_name")
WAA_V2 = ClientProfile("waa-v2", "--agent")
PROFILES: Mapping[str, ClientProfile] = {profile.name: profile for profile in (WAA, WAA_V2)}
CHOICES = (AUTO, *PROFILES)


def known_flags(text: str) -> frozenset[str]:
    """Return the flags that a run.py defines; none where it does not say so itself."""
    return frozenset(_ARGUMENT.findall(text))


def profile_of(name: str, text: str) -> ClientProfile:
    """Return the profile of this name; ``auto`` is the one whose flags this run.py has.

    Where the text does not tell, it is the stock one.
    """
    if name in PROFILES:
        return PROFILES[name]
    flags = known_flags(text)
    fitting = (profile for profile in PROFILES.values() if flags.issuperset(profile.needed))
    return next(fitting, WAA)


def profile_problems(name: str, client: Path, arguments: Iterable[str]) -> list[Problem]:
    """Return what of our flags, or of the user's, a client tree would ignore.

    Args:
        name: The profile asked for.
        client: The tree; one without a readable run.py is another check's to name.
        arguments: ``--client-args``.
    """
    try:
        text = (client / RUN).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    flags = known_flags(text)
    if not flags:
        return []
    profile = profile_of(name, text)
    where = f"--client {client}"
    fix = f"Choose another --client-profile ({', '.join(CHOICES)}), or add the flag to {RUN}."
    problems = [
        Problem(where, f"has a {RUN} that does not know {flag} (profile {profile.name})", fix)
        for flag in profile.needed
        if flag not in flags
    ]
    given = {word.partition("=")[0] for word in arguments if word.startswith("--")}
    return problems + [
        Problem(f"--client-args {flag}", f"is not known to its {RUN}", "Leave it out, or add it.")
        for flag in sorted(given)
        if not any(entry.startswith(flag) for entry in flags)  # argparse takes what is unambiguous
    ]
