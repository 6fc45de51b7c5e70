"""What ``results.json`` is, as the structs that it is made of. Their schema is generated."""

from typing import Annotated, Literal

from msgspec import Meta, field

from orchestrator.ledger.causes import Cause
from orchestrator.report.schemas.fleet_entry import FleetEntry
from orchestrator.report.schemas.tasks import SessionDocument, TaskDocument, WorkerDocument
from orchestrator.report.schemas.value import Count, Share, Value

Method = Literal[
    "wilson",
    "task-bootstrap",
    "cluster-cr2",
    "cluster-t",
    "trial-bootstrap",
    "task-t",
    "paired-score",
]


class IntervalDocument(Value, frozen=True, kw_only=True):
    """An interval of a figure, and how it was made."""

    low: Annotated[Share, Meta(description="Its lower end.")]
    high: Annotated[Share, Meta(description="Its upper end.")]
    level: Annotated[
        Share,
        Meta(description=("The chance with which an interval that is made so covers the figure.")),
    ]
    method: Annotated[
        Method,
        Meta(description=("How it was made; cluster-t is in documents of earlier versions alone.")),
    ]


# What each group of tasks says, in its place there.
Mean = Annotated[Share | None, Meta(description="Mean score over scored tasks; null when none is.")]
MeanInterval = Annotated[
    IntervalDocument | None,
    Meta(description="Interval of mean, tasks resampled; of the whole run only."),
]
Successes = Annotated[Count, Meta(description="Tasks with the full score.")]
Partial = Annotated[Count, Meta(description="Tasks with a score between 0 and 1.")]
Rate = Annotated[Share | None, Meta(description="successes over scored.")]
RateInterval = Annotated[IntervalDocument | None, Meta(description="Wilson's interval of rate.")]
WorstCase = Annotated[
    Share,
    Meta(
        description=(
            "Mean over expected with everything that has no score at 0. A timeout is scored 0."
        )
    ),
]
BestCase = Annotated[Share, Meta(description="The same with everything that has no score at 1.")]
Timeouts = Annotated[Count, Meta(description="Scored tasks whose deadline passed; they count 0.")]


class RunDocument(Value, frozen=True, kw_only=True):
    """What was run, and what it took."""

    id: Annotated[str, Meta(description="The run's name.")]
    simulated: Annotated[
        bool, Meta(description="True: no Windows was involved; the scores mean nothing.")
    ]
    complete: Annotated[bool, Meta(description="Every expected task is scored.")]
    started: Annotated[float | None, Meta(description="When its first session began.")]
    ended: Annotated[float | None, Meta(description="When its last attempt or session ended.")]
    makespan_s: Annotated[
        float | None,
        Meta(
            description=("From the first start to the last end, without the time between sessions.")
        ),
    ]
    predicted_s: Annotated[
        float | None, Meta(description="What the plan had foretold of makespan_s.")
    ]
    cost_usd: Annotated[float | None, Meta(description="What the machines cost, by list prices.")]
    predicted_cost_usd: Annotated[
        float | None, Meta(description="What the plan had foretold of cost_usd.")
    ]
    exit_code: Annotated[
        int | None, Meta(description="That of the command that wrote this; see the README.")
    ]
    store: Annotated[str, Meta(description="The ledger's address, without what could open it.")]
    version: Annotated[
        str, Meta(description="The version of this program that wrote the document.")
    ]
    command: Annotated[
        str, Meta(description="The command line that makes such a run, without secrets.")
    ]
    plan_digest: Annotated[
        str, Meta(description="Of the plan: equal for equal tasks, trials and settings.")
    ]
    suite_digest: Annotated[str, Meta(description="Of the task list.")]
    settings: Annotated[
        dict[str, str],
        Meta(description=("The plan's settings that decide what a score means, by name.")),
    ]
    notes: Annotated[list[str], Meta(description="What is to be known beside the figures.")]
    warnings: Annotated[list[str], Meta(description="What is doubtful about the run.")]


class CountsDocument(Value, frozen=True, kw_only=True):
    """What became of the expected scores: expected = scored + infrastructure + missing, always."""

    expected: Annotated[Count, Meta(description="Tasks times trials.")]
    scored: Annotated[Count, Meta(description="Those with a score, or with an end that counts 0.")]
    infrastructure: Annotated[
        Count,
        Meta(
            description=(
                "Those that machines, network or guests lost: no statement about the agent."
            )
        ),
    ]
    missing: Annotated[Count, Meta(description="Those that never finished an attempt.")]


class Detectable(Value, frozen=True, kw_only=True):
    """The smallest difference that could be shown with chance 0.8 at level 0.05."""

    paired: Annotated[Share | None, Meta(description="By a second run of the same tasks.")]
    unpaired: Annotated[Share | None, Meta(description="Against a published number.")]


class ScoreDocument(Value, frozen=True, kw_only=True):
    """What the run's scores come to."""

    mean: Mean
    mean_interval: MeanInterval
    successes: Successes
    partial: Partial
    rate: Rate
    interval: RateInterval
    worst_case: WorstCase
    best_case: BestCase
    timeouts: Timeouts
    flagged: Annotated[Count, Meta(description="Zeros that a failing evaluator may have caused.")]
    mean_without_flagged: Annotated[Share | None, Meta(description="mean, without those.")]
    without_flagged_interval: Annotated[
        IntervalDocument | None, Meta(description="Of mean_without_flagged, with tasks as units.")
    ] = None
    clustered_interval: Annotated[
        IntervalDocument | None,
        Meta(
            description=(
                "Not of these tasks' applications but of others like them, with domains as "
                "clusters: CR2, Student's t at Satterthwaite's degrees of freedom (cluster-t "
                "in documents of earlier versions); indicative."
            )
        ),
    ]
    clusters: Annotated[Count, Meta(description="Domains with a score.")]
    detectable: Annotated[
        Detectable, Meta(description="What a second run, or a published number, could show.")
    ]


class GroupDocument(Value, frozen=True, kw_only=True):
    """Some of the run's tasks, by themselves."""

    counts: Annotated[CountsDocument, Meta(description="What became of its scores.")]
    mean: Mean
    mean_interval: MeanInterval
    successes: Successes
    partial: Partial
    rate: Rate
    interval: RateInterval
    worst_case: WorstCase
    best_case: BestCase
    timeouts: Timeouts


class DomainDocument(Value, frozen=True, kw_only=True):
    """The tasks of one domain, by themselves."""

    domain: Annotated[str, Meta(description="The domain's name.")]
    counts: Annotated[CountsDocument, Meta(description="What became of its scores.")]
    mean: Mean
    mean_interval: MeanInterval
    successes: Successes
    partial: Partial
    rate: Rate
    interval: RateInterval
    worst_case: WorstCase
    best_case: BestCase
    timeouts: Timeouts
    adjusted_interval: Annotated[
        IntervalDocument | None,
        Meta(
            description=("Wilson's interval of rate, at the level of Holm's step over the domains.")
        ),
    ]
    adjusted_p: Annotated[
        Share | None,
        Meta(
            description=(
                "Fisher's exact test of this domain's rate against all others', Holm-adjusted."
            )
        ),
    ]
    adjusted_direction: Annotated[
        Literal[1, 0, -1] | None,
        Meta(
            description=(
                "Of the difference that adjusted_p is the p of: above, equal to or below all "
                "other domains together."
            )
        ),
    ] = None


class FailAnswersDocument(Value, frozen=True, kw_only=True):
    """How often the last action was FAIL: right on infeasible tasks, giving up on others."""

    infeasible: Annotated[Count, Meta(description="Infeasible tasks answered so.")]
    infeasible_scored: Annotated[Count, Meta(description="Infeasible tasks with a score.")]
    feasible: Annotated[Count, Meta(description="Other tasks answered so.")]
    feasible_scored: Annotated[Count, Meta(description="Other tasks with a score.")]


class TrialsDocument(Value, frozen=True, kw_only=True):
    """What several trials of each task say."""

    most: Annotated[Count, Meta(description="The most scored trials that a task has.")]
    tasks: Annotated[Count, Meta(description="Tasks with two or more.")]
    pass_at: Annotated[
        dict[str, Share | None], Meta(description=("By k: chance that one of k trials succeeds."))
    ]
    pass_all: Annotated[
        dict[str, Share | None], Meta(description="By k: chance that all of k trials succeed.")
    ]
    pass_tasks: Annotated[
        Count,
        Meta(
            description=(
                "Tasks with `most` scored trials: pass_at and pass_all of every k are over these."
            )
        ),
    ] = 0
    pass_at_intervals: Annotated[
        dict[str, IntervalDocument | None],
        Meta(
            description=(
                "By k: that of pass_at; Student's t over the tasks, null where all are equal."
            )
        ),
    ] = field(default_factory=dict)
    pass_all_intervals: Annotated[
        dict[str, IntervalDocument | None],
        Meta(
            description=(
                "By k: that of pass_all; Student's t over the tasks, null where all are equal."
            )
        ),
    ] = field(default_factory=dict)
    flip_rate: Annotated[
        Share | None, Meta(description="Chance that two trials of a task disagree.")
    ]
    flip_interval: Annotated[
        IntervalDocument | None, Meta(description="Of flip_rate; Student's t over the tasks.")
    ] = None
    flaky: Annotated[list[str], Meta(description="Tasks whose trials disagree.")]
    interval: Annotated[
        IntervalDocument | None, Meta(description="Of the mean score: the run's own mean_interval.")
    ]


class Fingerprint(Value, frozen=True, kw_only=True):
    """What the scores depend on: machines, images, agent, model."""

    common: Annotated[dict[str, str], Meta(description="What all scored tasks have in common.")]
    varying: Annotated[
        dict[str, list[str]],
        Meta(description=("What differs between them: each value that a key has.")),
    ]


class ResultsDocument(Value, frozen=True, kw_only=True):
    """What a run amounts to.

    Scores and rates are fractions of 1, durations seconds, moments Unix seconds, costs US
    dollars; null stands for what is not known.
    """

    schema: Annotated[
        Literal["waa-matrix/results/2"],
        Meta(description=("The format. 2 has causes and flags that 1 had not.")),
    ]
    run: Annotated[RunDocument, Meta(description="What was run, and what it took.")]
    counts: Annotated[CountsDocument, Meta(description="What became of all expected scores.")]
    score: Annotated[ScoreDocument, Meta(description="What the scores come to.")]
    infeasible: Annotated[
        GroupDocument, Meta(description="Tasks whose right answer is FAIL, by themselves.")
    ]
    feasible: Annotated[GroupDocument, Meta(description="All other tasks.")]
    domains: Annotated[list[DomainDocument], Meta(description="Each domain by itself.")]
    fail_answers: Annotated[
        FailAnswersDocument, Meta(description="How often the last action was FAIL.")
    ]
    trials: Annotated[
        TrialsDocument | None,
        Meta(description=("What several trials of each task say. Null for one trial a task.")),
    ]
    causes: Annotated[dict[Cause, Count], Meta(description="How many tasks ended for each cause.")]
    tasks: Annotated[
        list[TaskDocument], Meta(description="Every trial of every task, in the plan's order.")
    ]
    workers: Annotated[list[WorkerDocument], Meta(description="Every worker.")]
    sessions: Annotated[list[SessionDocument], Meta(description="Every start of the run.")]
    fingerprint: Annotated[Fingerprint, Meta(description="What the scores depend on.")]
    damage: Annotated[list[str], Meta(description="Objects of the ledger that could not be read.")]
    fleet: Annotated[
        FleetEntry | None,
        Meta(description=("The run's machines; null where it had none of its own.")),
    ]
