"""What a command is told of the agent and its client tree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import click

from orchestrator.cli.options.values import option, option_values
from orchestrator.planning.plan import CLIENT_PROFILES

if TYPE_CHECKING:
    from orchestrator.errors import Problem
    from orchestrator.planning.plan import AgentSettings, PlanInputs


@option_values
class ClientOptions:
    """A client tree, where the image's own is not meant."""

    heading: ClassVar[str] = "Agent and client"
    client: Annotated[
        str | None,
        option("--client", type=click.Path(file_okay=False), help="A client tree of your own."),
    ] = None


@option_values
class AgentOptions:
    """The agent, its model, and the client that runs it."""

    heading: ClassVar[str] = "Agent and client"
    agent: Annotated[str, option("--agent", help="The agent's name in the client.")] = "navi"
    model: Annotated[str, option("--model", help="The model the agent asks.")] = "gpt-4o"
    tree: ClientOptions
    client_profile: Annotated[
        str,
        option(
            "--client-profile",
            type=click.Choice(CLIENT_PROFILES),
            help="What the client's flags are called; auto: as its run.py says.",
        ),
    ] = "auto"
    client_args: Annotated[
        str, option("--client-args", help="Passed to the client's run.py verbatim.")
    ] = ""

    @property
    def client(self) -> str | None:
        """The client tree's directory, if one is given."""
        return self.tree.client


def client_problems(inputs: PlanInputs, client: str | None) -> list[Problem]:
    """Return why a client tree would ignore our flags, before anything is started for it."""
    from orchestrator.arena.winarena.client_profile import profile_problems

    agent = inputs.agent
    if client is None or inputs.arena.kind == "simulated":
        return []
    return list(profile_problems(agent.client_profile, Path(client), agent.client_args))


def agent_settings(options: AgentOptions) -> AgentSettings:
    """Return what the agent's options mean.

    Raises:
        BadInputError: The client tree or its arguments cannot be read.
    """
    from orchestrator.planning.plan import AgentSettings, split_client_args

    return AgentSettings(
        name=options.agent,
        model=options.model,
        client_digest=client_digest(Path(options.client)) if options.client else "",
        client_args=split_client_args(options.client_args),
        client_profile=options.client_profile,
    )


def client_digest(client: Path) -> str:
    """Return the digest of a client tree.

    Raises:
        BadInputError: It is no directory, or has no ``run.py``.
    """
    from orchestrator.arena.winarena.client_tree import tree_digest
    from orchestrator.errors import bad_input

    if not (client / "run.py").is_file():
        fix = "Point --client at the directory that holds run.py."
        raise bad_input(f"--client {client}", "is no client tree (no run.py in it)", fix)
    return tree_digest(client)
