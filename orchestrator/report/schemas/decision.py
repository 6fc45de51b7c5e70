"""Of ``comparison.json``: what was decided, and what it rests on."""

from typing import Annotated, Literal

from msgspec import Meta

from orchestrator.report.schemas.value import Count, Difference, Share, Value

Method = Literal[
    "wilson",
    "task-bootstrap",
    "cluster-cr2",
    "cluster-t",
    "paired-bootstrap",
    "trial-bootstrap",
    "newcombe",
    "task-t",
    "paired-score",
]
VerdictValue = Literal["better", "worse", "not-distinguishable", "underpowered", "none"]
ScoreTest = Literal["score-permutation-exact", "score-permutation-drawn"]
Test = Literal[
    "mcnemar-unconditional",
    "mcnemar-exact",
    "stratified-exact",
    "score-permutation-exact",
    "score-permutation-drawn",
]
Direction = Literal["better", "worse", "even"]


class DifferenceIntervalDocument(Value, frozen=True, kw_only=True):
    """An interval of a figure, and how it was made."""

    low: Annotated[Difference, Meta(description="Its lower end.")]
    high: Annotated[Difference, Meta(description="Its upper end.")]
    level: Annotated[
        Share,
        Meta(description=("The chance with which an interval that is made so covers the figure.")),
    ]
    method: Annotated[
        Method,
        Meta(
            description=(
                "How it was made; cluster-t and paired-bootstrap are in documents of earlier "
                "versions alone."
            )
        ),
    ]


class TippingDocument(Value, frozen=True, kw_only=True):
    """How little undoes a finding that does not survive."""

    needed: Annotated[
        Count,
        Meta(
            description=(
                "So many of them, ended against the finding and the others for it, undo it. "
                "0: other candidates' missing scores do."
            )
        ),
    ]
    missing: Annotated[
        Count, Meta(description=("The missing scores of the compared tasks, both sides together."))
    ]


class VerdictDocument(Value, frozen=True, kw_only=True):
    """What was decided of the candidate."""

    value: Annotated[
        VerdictValue,
        Meta(
            description=(
                "none: no verdict may be given (simulated against real, or nothing in common)."
            )
        ),
    ]
    sentence: Annotated[str, Meta(description="The verdict and why, in one sentence.")]
    reasons: Annotated[list[str], Meta(description="What it rests on, in sentences.")]
    on: Annotated[
        Literal["success", "score"],
        Meta(
            description=(
                "What decided: full successes, or mean scores, as was fixed beforehand. "
                "Absent in documents of earlier versions: success."
            )
        ),
    ] = "success"
    test: Annotated[
        Test | None,
        Meta(
            description=(
                "One trial a side: the exact unconditional McNemar test; mcnemar-exact, the "
                "conditional one, above 1,000 tasks and in documents of earlier versions. "
                "Several trials: stratified-exact. Mean scores (on is score): each task's "
                "trials dealt anew to its sides, counted exactly or by 20,000 seeded deals."
            )
        ),
    ]
    alpha: Annotated[Share, Meta(description="The level of the test.")]
    p: Annotated[
        Share | None,
        Meta(
            description=(
                "Two-sided, on the tasks that both sides scored; Holm-adjusted with several "
                "candidates."
            )
        ),
    ]
    p_worst: Annotated[
        Share | None,
        Meta(
            description=(
                "The same with every missing score filled the worst way for the verdict; null"
                " where nothing was found that missing scores could undo."
            )
        ),
    ]
    survives: Annotated[
        bool | None,
        Meta(description=("Whether the finding survives that; null where nothing was found.")),
    ]
    tipping: Annotated[
        TippingDocument | None,
        Meta(
            description=(
                "How little undoes a finding that does not survive; null where there is none."
                " Not in documents of earlier versions."
            )
        ),
    ] = None
    direction: Annotated[
        Direction | None, Meta(description="Of the difference that p is the p of.")
    ]
    direction_worst: Annotated[
        Direction | None,
        Meta(
            description=(
                "The same of p_worst: what the missing scores could turn round is the "
                "opposite of direction."
            )
        ),
    ]


class PairedDocument(Value, frozen=True, kw_only=True):
    """The tasks that both sides expected."""

    tasks: Annotated[
        Count, Meta(description="Scored on both sides: both + tied + gained + lost + neither.")
    ]
    unscored: Annotated[
        Count,
        Meta(
            description=(
                "Expected on both, not scored on one or both: tasks + unscored are all that "
                "both expected."
            )
        ),
    ]
    undecided: Annotated[
        Count,
        Meta(
            description=(
                "Expected on both, with a trial or more that has no score: all of unscored, "
                "and those of tasks that lack some."
            )
        ),
    ]
    only_baseline: Annotated[Count, Meta(description="Tasks that the candidate's suite lacks.")]
    only_candidate: Annotated[Count, Meta(description="Tasks that the baseline's suite lacks.")]
    both: Annotated[Count, Meta(description="Every trial succeeded on both sides.")]
    tied: Annotated[
        Count,
        Meta(description=("The same rate on both sides, between 0 and 1 (several trials each).")),
    ]
    gained: Annotated[Count, Meta(description="Tasks on which the candidate succeeded more often.")]
    lost: Annotated[Count, Meta(description="Tasks on which the baseline succeeded more often.")]
    neither: Annotated[Count, Meta(description="No trial succeeded on either side.")]
    gained_cut_off: Annotated[
        Count,
        Meta(
            description=(
                "Of gained: the baseline's trial was cut off by the deadline, and so scored 0."
            )
        ),
    ]
    lost_cut_off: Annotated[
        Count,
        Meta(
            description=(
                "Of lost: the candidate's trial was cut off by the deadline, and so scored 0."
            )
        ),
    ]
    discordance: Annotated[Share | None, Meta(description="(gained + lost) / tasks.")]
    difference: Annotated[Difference | None, Meta(description="Of the success rates.")]
    difference_interval: Annotated[
        DifferenceIntervalDocument | None,
        Meta(
            description=(
                "For tasks like these. One trial each: Tango's score interval; else Student's"
                " t over tasks. Reaches to 0 unless the deciding test rejects."
            )
        ),
    ]
    score_difference: Annotated[Difference | None, Meta(description="Of the mean scores.")]
    score_interval: Annotated[
        DifferenceIntervalDocument | None,
        Meta(
            description=(
                "For tasks like these: Student's t over tasks; null where all differ alike. "
                "Describes."
            )
        ),
    ]
    clustered_interval: Annotated[
        DifferenceIntervalDocument | None,
        Meta(
            description=(
                "Of difference, with domains as clusters: CR2, Student's t at Satterthwaite's"
                " degrees of freedom. Describes; with a dozen clusters of unlike sizes it is "
                "indicative only. Absent in documents of earlier versions."
            )
        ),
    ] = None
    clusters: Annotated[
        Count,
        Meta(
            description=(
                "Domains with a task that both sides scored. Absent in documents of earlier "
                "versions."
            )
        ),
    ] = 0
    score_test: Annotated[
        ScoreTest | None,
        Meta(
            description=(
                "Of the mean scores: each task's trials dealt anew to its sides. null where "
                "all scores are 0 or 1: the success rates say the same. Describes, unless "
                "verdict.on is score. This and the following three are absent in documents of"
                " earlier versions."
            )
        ),
    ] = None
    score_p: Annotated[
        Share | None,
        Meta(description=("Two-sided, on the scored tasks; not adjusted for several candidates.")),
    ] = None
    score_direction: Annotated[
        Direction | None, Meta(description="Of the difference that score_p is the p of.")
    ] = None
    score_differing: Annotated[Count, Meta(description="Tasks whose mean scores differ.")] = 0
    wilcoxon_p: Annotated[
        Share | None, Meta(description="Wilcoxon's signed rank test on the scores; describes.")
    ]
    wilcoxon_direction: Annotated[
        Direction | None, Meta(description=("Of the ranks; not always that of score_difference."))
    ]
    detectable: Annotated[
        Share | None,
        Meta(
            description=(
                "The smallest difference of success rates that these tasks and trials would "
                "show with chance 0.8, by the test and the gate that decide; each task has a "
                "chance of success of its own, spread as Beta(0.35, 0.9)."
            )
        ),
    ]
