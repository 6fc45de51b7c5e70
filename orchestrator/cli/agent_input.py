"""What a command is told of the agent and its client tree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.errors import Problem
    from orchestrator.plan import AgentSettings, PlanInputs


def client_problems(inputs: PlanInputs, client: str | None) -> list[Problem]:
    """Return why a client tree would ignore our flags, before anything is started for it."""
    from orchestrator.arena.client_profile import profile_problems

    agent = inputs.agent
    if client is None or inputs.arena.kind == "simulated":
        return []
    return list(profile_problems(agent.client_profile, Path(client), agent.client_args))


def agent_settings(options: dict[str, Any], client: str | None) -> AgentSettings:
    """Take the agent's options out of a command's, and return what they mean.

    Raises:
        BadInputError: The client tree or its arguments cannot be read.
    """
    from orchestrator.plan import AgentSettings, split_client_args

    # All are taken before any is read: what is left is read as the command's own.
    name, model, arguments, profile = (
        options.pop(key) for key in ("agent", "model", "client_args", "client_profile")
    )
    return AgentSettings(
        name=name,
        model=model,
        client_digest=client_digest(Path(client)) if client else "",
        client_args=split_client_args(arguments),
        client_profile=profile,
    )


def client_digest(client: Path) -> str:
    """Return the digest of a client tree.

    Raises:
        BadInputError: It is no directory, or has no ``run.py``.
    """
    from orchestrator.arena.client_tree import tree_digest
    from orchestrator.errors import bad_input

    if not (client / "run.py").is_file():
        fix = "Point --client at the directory that holds run.py."
        raise bad_input(f"--client {client}", "is no client tree (no run.py in it)", fix)
    return tree_digest(client)
