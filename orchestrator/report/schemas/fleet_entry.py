"""What a run's fleet was and cost, as frozen values; part of ``Results``. All texts are clean."""

from typing import Annotated, Literal

from msgspec import Meta

from orchestrator.report.schemas.value import Amount, Count, Value

Phase = Literal["create", "boot", "online", "job", "first task"]


class CostEntry(Value, frozen=True):
    """US dollars, list prices."""

    predicted_usd: Annotated[float | None, Meta(description="What the plan had foretold.")]
    final_usd: Annotated[
        float | None,
        Meta(description=("What the machines cost; final only once open_machines is 0.")),
    ]
    per_task_usd: Annotated[float | None, Meta(description="final_usd over scored tasks.")]
    per_success_usd: Annotated[
        float | None, Meta(description="final_usd over tasks with the full score.")
    ]
    open_machines: Annotated[
        Count,
        Meta(
            description=(
                "Not known to be deleted when this was reckoned; above 0 the cost is one so far."
            )
        ),
    ]
    unpriced_machines: Annotated[
        Count, Meta(description="Their price is not known: they are in no figure.")
    ]


class MinutesEntry(Value, frozen=True):
    """Machine minutes billed, minutes that tasks ran, and the first over the second."""

    billed: Annotated[Amount, Meta(description="Minutes that machines were billed.")]
    tasks: Annotated[Amount, Meta(description="Minutes that tasks ran.")]
    ratio: Annotated[float | None, Meta(description="billed over tasks.")]


class PhaseEntry(Value, frozen=True):
    """How long machines took from the phase before to this one, over those that show both ends."""

    phase: Annotated[Phase, Meta(description="The phase.")]
    p50_s: Annotated[float, Meta(description="The median.")]
    p90_s: Annotated[float, Meta(description="What nine of ten stayed below.")]
    max_s: Annotated[float, Meta(description="The longest.")]
    machines: Annotated[Count, Meta(description="Machines that show both ends.")]


class MachineEntry(Value, frozen=True):
    """One machine's life; null where nobody saw it."""

    name: Annotated[str, Meta(description="Its name.")]
    role: Annotated[str, Meta(description="What it was launched for: a runner or a worker.")]
    size: Annotated[str, Meta(description="Its size, as the cloud calls it.")]
    region: Annotated[str, Meta(description="Where it was.")]
    spot: Annotated[bool | None, Meta(description="Whether it could be evicted.")]
    launched: Annotated[float | None, Meta(description="When its create was sent.")]
    created: Annotated[float | None, Meta(description="When its create was accepted.")]
    booted: Annotated[
        float | None, Meta(description="When it spoke first, or was listed as ready.")
    ]
    online: Annotated[float | None, Meta(description="When its runner came online.")]
    job: Annotated[float | None, Meta(description="When its runner took a job.")]
    first_task: Annotated[float | None, Meta(description="When an attempt began on it.")]
    deleted: Annotated[
        float | None, Meta(description="When its delete was accepted, or it was gone.")
    ]
    usd: Annotated[float | None, Meta(description="What it cost, by list prices.")]
    why: Annotated[str, Meta(description="Why it was deleted.")]
    shard: Annotated[Count | None, Meta(description="That of its worker.")]


class EventEntry(Value, frozen=True):
    """One event of the fleet, as it is shown."""

    at: Annotated[float, Meta(description="When it was.")]
    actor: Annotated[str, Meta(description="Who noted it.")]
    kind: Annotated[str, Meta(description="What was done or seen.")]
    stage: Annotated[str, Meta(description="How far it was: intent, done, failed or seen.")]
    machine: Annotated[str, Meta(description="The machine that it is about.")]
    detail: Annotated[str, Meta(description="More, in one line.")]


class ProofEntry(Value, frozen=True):
    """What a teardown found in the end."""

    proved: Annotated[bool, Meta(description="Nothing was left.")]
    looks: Annotated[Count, Meta(description="How often it looked.")]
    at: Annotated[float, Meta(description="When it looked last.")]
    left: Annotated[tuple[str, ...], Meta(description="What was left, by name.")]


class FleetEntry(Value, frozen=True):
    """The run's machines, from events that are for display and never counted."""

    cost: Annotated[CostEntry, Meta(description="US dollars, list prices.")]
    minutes: Annotated[
        MinutesEntry, Meta(description="Machine minutes billed, and those that tasks ran.")
    ]
    phases: Annotated[
        tuple[PhaseEntry, ...],
        Meta(description=("How long machines took for each phase of their start.")),
    ]
    machines: Annotated[
        tuple[MachineEntry, ...],
        Meta(description=("Each machine's life, oldest first; moments are Unix seconds.")),
    ]
    machines_left_out: Annotated[Count, Meta(description="Machines beyond those, the newest kept.")]
    events: Annotated[tuple[EventEntry, ...], Meta(description="The newest, oldest of them first.")]
    events_left_out: Annotated[Count, Meta(description="Events beyond those.")]
    proof: Annotated[
        ProofEntry | None,
        Meta(description=("What a teardown found in the end; null before one has looked.")),
    ]
