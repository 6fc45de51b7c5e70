"""Intervals, paired and unpaired tests, verdicts, trials, and what a run could show.

Pure and deterministic: the only random draws are seeded. numpy and scipy are imported where they
are used, so that commands which compute nothing do not pay for them.
"""

from orchestrator.stats.chances import FEWEST_TASKS, fit_chances
from orchestrator.stats.clusters import clustered
from orchestrator.stats.credit import (
    DRAWN,
    DRAWS,
    PERMUTATION,
    ScorePair,
    Scores,
    drawn_error,
    score_test,
)
from orchestrator.stats.differences import agreeing, difference_interval, mean_change, paired_score
from orchestrator.stats.intervals import (
    LEVEL,
    Band,
    Interval,
    by_task,
    effective_tasks,
    share_interval,
    success_interval,
    wilson,
    worst_best,
)
from orchestrator.stats.multiple import holm, holm_levels
from orchestrator.stats.paired import (
    MCNEMAR,
    STRATIFIED,
    UNCONDITIONAL,
    WILCOXON,
    Pair,
    Significance,
    Tally,
    mcnemar,
    mean_difference,
    paired_test,
    single_trial_test,
    stratified,
    wilcoxon,
)
from orchestrator.stats.power import (
    ALPHA,
    POWER,
    mcnemar_power,
    unpaired_detectable,
)
from orchestrator.stats.reach import CHANCES, Chances, chance_to_decide, detectable
from orchestrator.stats.tipping import MOST_MISSING, Tipping, tipping_point
from orchestrator.stats.trend import FEWEST_RUNS, Trend, trend
from orchestrator.stats.trials import (
    Trials,
    flip_rate,
    over_trials,
    pass_all,
    pass_at,
)
from orchestrator.stats.unconditional import (
    FEWEST_DISCORDANT,
    MOST_TASKS,
    unconditional_mcnemar,
)
from orchestrator.stats.unpaired import fisher, newcombe
from orchestrator.stats.verdict import Decision, Verdict, decide, decide_all, decide_scores

__all__ = [
    "ALPHA",
    "CHANCES",
    "DRAWN",
    "DRAWS",
    "FEWEST_DISCORDANT",
    "FEWEST_RUNS",
    "FEWEST_TASKS",
    "LEVEL",
    "MCNEMAR",
    "MOST_MISSING",
    "MOST_TASKS",
    "PERMUTATION",
    "POWER",
    "STRATIFIED",
    "UNCONDITIONAL",
    "WILCOXON",
    "Band",
    "Chances",
    "Decision",
    "Interval",
    "Pair",
    "ScorePair",
    "Scores",
    "Significance",
    "Tally",
    "Tipping",
    "Trend",
    "Trials",
    "Verdict",
    "agreeing",
    "by_task",
    "chance_to_decide",
    "clustered",
    "decide",
    "decide_all",
    "decide_scores",
    "detectable",
    "difference_interval",
    "drawn_error",
    "effective_tasks",
    "fisher",
    "fit_chances",
    "flip_rate",
    "holm",
    "holm_levels",
    "mcnemar",
    "mcnemar_power",
    "mean_change",
    "mean_difference",
    "newcombe",
    "over_trials",
    "paired_score",
    "paired_test",
    "pass_all",
    "pass_at",
    "score_test",
    "share_interval",
    "single_trial_test",
    "stratified",
    "success_interval",
    "tipping_point",
    "trend",
    "unconditional_mcnemar",
    "unpaired_detectable",
    "wilcoxon",
    "wilson",
    "worst_best",
]
