"""What ``comparison.json`` is, as the structs that it is made of. Their schema is generated."""

from typing import Annotated, Literal

from msgspec import Meta, field

from orchestrator.ledger.causes import Status
from orchestrator.report.schemas.decision import (
    DifferenceIntervalDocument,
    PairedDocument,
    VerdictDocument,
    VerdictValue,
)
from orchestrator.report.schemas.value import Count, Difference, Share, Value

Change = Literal["gained", "lost", "rate-up", "rate-down", "undecided"]


class ComparedRunDocument(Value, frozen=True, kw_only=True):
    """One run of a side."""

    id: Annotated[str, Meta(description="The run's name.")]
    source: Annotated[str, Meta(description="Where it was read from.")]
    started: Annotated[float | None, Meta(description="When it began.")]
    ended: Annotated[float | None, Meta(description="When it ended.")]
    makespan_s: Annotated[float | None, Meta(description="How long it took.")]
    simulated: Annotated[
        bool, Meta(description="True: no Windows was involved; the scores mean nothing.")
    ]
    expected: Annotated[Count, Meta(description="Scores that were expected.")]
    scored: Annotated[Count, Meta(description="Scores that are there.")]
    infrastructure: Annotated[
        Count, Meta(description="Scores that machines, network or guests lost.")
    ]
    missing: Annotated[Count, Meta(description="Scores for which no attempt was finished.")]
    successes: Annotated[Count, Meta(description="Full scores.")]
    rate: Annotated[Share | None, Meta(description="successes over scored.")]
    interval: Annotated[DifferenceIntervalDocument | None, Meta(description="Wilson's, of rate.")]
    mean: Annotated[Share | None, Meta(description="Mean score over scored.")]
    mean_interval: Annotated[
        DifferenceIntervalDocument | None, Meta(description="Of mean, for tasks like these.")
    ] = None
    worst_case: Annotated[
        Share, Meta(description="Mean over expected with everything that has no score at 0.")
    ]
    best_case: Annotated[
        Share, Meta(description="The same with everything that has no score at 1.")
    ]
    cost_usd: Annotated[float | None, Meta(description="What its machines cost.")]
    cost_per_success_usd: Annotated[float | None, Meta(description="cost_usd over successes.")]
    retries: Annotated[Count, Meta(description="Attempts beyond the first.")]
    attempts: Annotated[Count, Meta(description="All attempts.")]
    causes: Annotated[dict[str, Count], Meta(description="How many scores ended for each cause.")]
    agent: Annotated[str, Meta(description="The agent; several, where it varied.")]
    model: Annotated[str, Meta(description="The model; several, where it varied.")]


class SideDocument(Value, frozen=True, kw_only=True):
    """A baseline or a candidate."""

    name: Annotated[str, Meta(description="What it is called.")]
    runs: Annotated[list[ComparedRunDocument], Meta(description="The runs that it consists of.")]
    tasks: Annotated[Count, Meta(description="Distinct tasks expected.")]
    trials: Annotated[Count, Meta(description="Expected scores, over all runs and trials.")]
    scored: Annotated[Count, Meta(description="Scores that are there.")]
    successes: Annotated[Count, Meta(description="Full scores.")]
    rate: Annotated[Share | None, Meta(description="successes over scored.")]
    interval: Annotated[DifferenceIntervalDocument | None, Meta(description="Of rate.")]
    mean: Annotated[Share | None, Meta(description="Mean score over scored.")]
    mean_interval: Annotated[
        DifferenceIntervalDocument | None, Meta(description="Of mean, for tasks like these.")
    ] = None


class TaskScores(Value, frozen=True, kw_only=True):
    """A side's scores of one task."""

    trials: Annotated[Count, Meta(description="Scores that were expected.")]
    scored: Annotated[Count, Meta(description="Scores that are there.")]
    successes: Annotated[Count, Meta(description="Full scores.")]
    score: Annotated[Share | None, Meta(description="Mean over scored.")]
    status: Annotated[Status, Meta(description="scored if any trial is.")]
    cause: Annotated[str | None, Meta(description="Of the first trial that has one.")]


class ComparedTaskDocument(Value, frozen=True, kw_only=True):
    """A task that the sides decided differently, or that only one of them scored."""

    domain: Annotated[str, Meta(description="The domain that it belongs to.")]
    name: Annotated[str, Meta(description="Its name within the domain.")]
    kind: Annotated[
        Change,
        Meta(
            description=(
                "gained, lost: one trial each, and only the candidate, or only the baseline, "
                "succeeded. rate-up, rate-down: several trials, unlike shares of successes. "
                "undecided: not scored on one side or both."
            )
        ),
    ]
    baseline: Annotated[TaskScores, Meta(description="The baseline's scores of it.")]
    candidate: Annotated[TaskScores, Meta(description="The candidate's scores of it.")]


class LeftOut(Value, frozen=True, kw_only=True):
    """Tasks of one side alone, as domain/name: they are not compared."""

    baseline: Annotated[list[str], Meta(description="Those that the candidate's suite lacks.")]
    candidate: Annotated[list[str], Meta(description="Those that the baseline's suite lacks.")]


class ComparedDomainDocument(Value, frozen=True, kw_only=True):
    """The tasks of one domain, by themselves."""

    domain: Annotated[str, Meta(description="The domain's name.")]
    tasks: Annotated[Count, Meta(description="Its tasks that both sides scored.")]
    gained: Annotated[
        Count, Meta(description="Of these, those on which the candidate succeeded more often.")
    ]
    lost: Annotated[
        Count, Meta(description="Of these, those on which the baseline succeeded more often.")
    ]
    difference: Annotated[Difference | None, Meta(description="Of the success rates.")]
    interval: Annotated[
        DifferenceIntervalDocument | None,
        Meta(
            description=(
                "Of difference, for this domain by itself; it reaches to 0 unless p is at "
                "most 0.05."
            )
        ),
    ] = None
    p: Annotated[
        Share | None, Meta(description="Exact, Holm-adjusted over the domains; describes.")
    ]
    baseline_rate: Annotated[
        Share | None, Meta(description="The baseline's successes over its scores.")
    ]
    candidate_rate: Annotated[
        Share | None, Meta(description="The candidate's successes over its scores.")
    ]


class UnlikeDocument(Value, frozen=True, kw_only=True):
    """A key of the fingerprints whose values differ."""

    key: Annotated[str, Meta(description="The key.")]
    baseline: Annotated[list[str], Meta(description="The baseline's values.")]
    candidate: Annotated[list[str], Meta(description="The candidate's values.")]
    kind: Annotated[
        Literal["subject", "condition"],
        Meta(
            description=(
                "subject: what is compared (agent, model, client). condition: what should "
                "have been equal."
            )
        ),
    ]


class UnscoredDocument(Value, frozen=True, kw_only=True):
    """A run that lacks a score of a compared task."""

    run: Annotated[str, Meta(description="The run's id.")]
    role: Annotated[Literal["baseline", "candidate"], Meta(description="Whose run it is.")]
    trials: Annotated[
        Annotated[int, Meta(ge=1)],
        Meta(description=("Its trials of the compared tasks that have no score.")),
    ]
    command: Annotated[
        str,
        Meta(
            description=(
                "What runs exactly those again; DIR is the run's directory, and a workflow's "
                "run has to be given its other inputs."
            )
        ),
    ]


class FlippingTask(Value, frozen=True, kw_only=True):
    """A task that was both solved and not solved by runs made alike."""

    domain: Annotated[str, Meta(description="The domain that it belongs to.")]
    name: Annotated[str, Meta(description="Its name within the domain.")]
    change: Annotated[
        Literal["lost", "gained"], Meta(description="What it did in this comparison.")
    ]
    successes: Annotated[
        Annotated[int, Meta(ge=1)], Meta(description="How often those runs solved it.")
    ]
    scored: Annotated[
        Annotated[int, Meta(ge=2)], Meta(description="How often those runs scored it.")
    ]


class FlipsDocument(Value, frozen=True, kw_only=True):
    """The tasks that differ here and flip by themselves."""

    where: Annotated[
        str,
        Meta(description=("The branch whose runs were looked at; empty for the baseline's own.")),
    ]
    runs: Annotated[
        Count, Meta(description="How many runs were looked at, the baseline's included.")
    ]
    tasks: Annotated[list[FlippingTask], Meta(description="The tasks.")]


class CandidateDocument(Value, frozen=True, kw_only=True):
    """A candidate, compared with the baseline."""

    side: Annotated[SideDocument, Meta(description="What it is.")]
    verdict: Annotated[VerdictDocument, Meta(description="What was decided of it.")]
    paired: Annotated[PairedDocument, Meta(description="The tasks that both sides expected.")]
    left_out: Annotated[
        LeftOut | None,
        Meta(description=("Tasks of one side alone, as domain/name: they are not compared.")),
    ] = None
    domains: Annotated[list[ComparedDomainDocument], Meta(description="Each domain by itself.")]
    tasks: Annotated[
        list[ComparedTaskDocument], Meta(description="lost first, then gained, then the others.")
    ]
    unlike: Annotated[list[UnlikeDocument], Meta(description="What the runs were not alike in.")]
    warnings: Annotated[list[str], Meta(description="What makes the comparison doubtful.")]
    advice: Annotated[
        list[str],
        Meta(
            description=(
                "What is to be read beside the verdict: tasks that flip anyway, the tipping "
                "point, what to run again. Not in documents of earlier versions."
            )
        ),
    ] = field(default_factory=list)
    unscored: Annotated[
        list[UnscoredDocument],
        Meta(
            description=(
                "The runs that lack a score of a compared task. Not in documents of earlier "
                "versions."
            )
        ),
    ] = field(default_factory=list)
    flips: Annotated[
        FlipsDocument | None,
        Meta(
            description=(
                "The tasks that differ here and were both solved and not solved there, so "
                "that they flip by themselves; null where no task was tried twice. Not in "
                "documents of earlier versions."
            )
        ),
    ] = None


class PublishedGroup(Value, frozen=True, kw_only=True):
    """A group of tasks, against what was published of it."""

    group: Annotated[str, Meta(description="Office, Web, System, Coding, Media, Utilities or All.")]
    tasks: Annotated[Count, Meta(description="Tasks of the group in the published list.")]
    scored: Annotated[Count, Meta(description="Scores of the run.")]
    tasks_scored: Annotated[
        Count, Meta(description="Tasks with a score. scored and successes count trials.")
    ]
    successes: Annotated[Count, Meta(description="Full scores of the run.")]
    rate: Annotated[Share | None, Meta(description="successes over scored.")]
    published_rate: Annotated[Share, Meta(description="What was published.")]
    difference: Annotated[Difference | None, Meta(description="rate minus published_rate.")]
    interval: Annotated[
        DifferenceIntervalDocument | None, Meta(description="Newcombe's, of the difference.")
    ]
    p: Annotated[
        Share | None,
        Meta(description=("Fisher's exact; Holm-adjusted over the groups, All apart.")),
    ]


class PublishedDocument(Value, frozen=True, kw_only=True):
    """A run against published numbers: unpaired, so that only large differences show."""

    run: Annotated[str, Meta(description="The run's name.")]
    name: Annotated[str, Meta(description="Whose numbers.")]
    verdict: Annotated[VerdictValue, Meta(description="What was decided of the run against them.")]
    sentence: Annotated[str, Meta(description="The verdict and why, in one sentence.")]
    groups: Annotated[list[PublishedGroup], Meta(description="Each group of tasks.")]
    warnings: Annotated[list[str], Meta(description="What makes the comparison doubtful.")]


class ComparisonDocument(Value, frozen=True, kw_only=True):
    """What can be decided between a baseline and one or more candidates, paired by task.

    A baseline is one run, or several pooled. Scores, rates, p-values are fractions of 1,
    differences candidate minus baseline in [-1, 1], durations seconds, moments Unix seconds,
    costs US dollars; null stands for what is not known. Texts are one printable line each and
    come from runs: escape them.
    """

    schema: Annotated[Literal["waa-matrix/comparison/1"], Meta(description="The format.")]
    version: Annotated[
        str, Meta(description="The version of this program that wrote the document.")
    ]
    simulated: Annotated[
        bool, Meta(description="A run in it is simulated: its scores mean nothing.")
    ]
    baseline: Annotated[SideDocument, Meta(description="What the candidates are compared with.")]
    candidates: Annotated[
        list[CandidateDocument],
        Meta(
            description=(
                "Each compared with the baseline. With several, the deciding p-values are "
                "Holm-adjusted over them."
            )
        ),
    ]
    published: Annotated[
        list[PublishedDocument], Meta(description="Each run against published numbers, unpaired.")
    ]
