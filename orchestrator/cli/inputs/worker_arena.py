"""The arena that a worker's options and its run's plan describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.cli.inputs.agent import client_digest
from orchestrator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.arena.port import Arena
    from orchestrator.arena.winarena.settings import WinArenaSettings
    from orchestrator.cli.options.worker import WorkerOptions
    from orchestrator.planning.plan import Plan


def arena_of(
    plan: Plan,
    options: WorkerOptions,
    secrets: Mapping[str, str],
    environment: Mapping[str, str],
) -> Arena:
    """Return the arena the plan asks for; ``environment`` is the docker command's.

    Raises:
        BadInputError: The client tree is not the one the plan was made for.
    """
    digest = client_digest(options.client) if options.client else ""
    if digest != plan.agent.client_digest:
        raise bad_input(
            "--client",
            f"has digest {digest or 'none'}, the plan {plan.agent.client_digest or 'none'}",
            "Give every worker the client tree that the run was planned with.",
        )
    if plan.simulated:
        from orchestrator.arena.simulated.arena import SimulatedArena, SimulatedSettings

        (options.scratch / "arena").mkdir(parents=True, exist_ok=True)
        return SimulatedArena(
            SimulatedSettings(
                arena=plan.arena,
                agent=plan.agent,
                speed=plan.speed,
                worker=options.worker_id,
                scratch=options.scratch / "arena",
            )
        )
    from orchestrator.arena.winarena.arena import WinArena
    from orchestrator.arena.winarena.checks import preflight
    from orchestrator.errors import BadInputError

    settings = _winarena_settings(plan, options, secrets, environment)
    problems = preflight(settings)
    if problems:
        raise BadInputError(problems)
    return WinArena(settings)


def _winarena_settings(
    plan: Plan,
    options: WorkerOptions,
    secrets: Mapping[str, str],
    environment: Mapping[str, str],
) -> WinArenaSettings:
    """Return what a real arena of this worker is made of."""
    from orchestrator.arena.winarena.settings import WinArenaSettings

    return WinArenaSettings(
        arena=plan.arena,
        agent=plan.agent,
        run=options.run_name,
        worker=options.worker_id,
        scratch=options.scratch,
        storage=options.storage,
        client=options.client,
        requirements=options.requirements,
        container=options.container,
        secrets=secrets,
        environment=environment,
    )
