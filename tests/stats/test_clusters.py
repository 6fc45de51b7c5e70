"""The interval by application: CR2, against the matrices that define it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import fractional_matrix_power
from scipy.stats import t, ttest_1samp

from orchestrator import stats
from orchestrator.stats.clusters import degrees_of_freedom


def by_matrices(clusters: list[list[float]]) -> tuple[float, float, float]:
    """Mean, CR2 variance and degrees of freedom, as Bell and McCaffrey define them."""
    values = np.concatenate(clusters)
    places = np.repeat(np.arange(len(clusters)), [len(values) for values in clusters])
    design = np.ones((len(values), 1))
    bread = np.linalg.inv(design.T @ design)
    left = np.eye(len(values)) - design @ bread @ design.T
    estimate = float((bread @ design.T @ values)[0])
    weights = []
    for cluster in range(len(clusters)):
        mine = places == cluster
        adjusted = fractional_matrix_power(left[np.ix_(mine, mine)], -0.5)
        weights.append(left[:, mine] @ adjusted @ design[mine] @ bread)
    table = np.hstack(weights).real
    variance = float(((table.T @ values) ** 2).sum())
    products = table.T @ table
    return estimate, variance, float(np.trace(products) ** 2 / (products**2).sum())


CLUSTERS = st.lists(
    st.lists(st.sampled_from([-1.0, 0.0, 0.25, 1.0]), min_size=1, max_size=9),
    min_size=2,
    max_size=8,
)


@settings(deadline=None, max_examples=60)
@given(CLUSTERS)
def test_it_is_cr2_with_satterthwaites_degrees_of_freedom(clusters: list[list[float]]) -> None:
    estimate, variance, freedom = by_matrices(clusters)
    total = sum(map(len, clusters))
    assert degrees_of_freedom([len(cluster) / total for cluster in clusters]) == pytest.approx(
        freedom
    )
    interval = stats.clustered(clusters, bounds=(-9.0, 9.0))
    if variance < 1e-12:
        assert interval is None
        return
    reach = float(t.ppf(0.975, freedom)) * variance**0.5
    assert interval is not None
    assert interval.method == "cluster-cr2"
    if reach < 8:
        assert (interval.low, interval.high) == pytest.approx((estimate - reach, estimate + reach))


def test_clusters_of_equal_size_are_a_t_interval_of_their_means() -> None:
    clusters = [[0.2, 0.4], [0.9, 0.7], [0.5, 0.1], [0.6, 0.2]]
    other = ttest_1samp([sum(scores) / 2 for scores in clusters], 0).confidence_interval(0.95)
    interval = stats.clustered([*clusters, []])
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((other.low, other.high))


def test_one_large_application_leaves_few_degrees_of_freedom() -> None:
    """The full list's applications are of unlike sizes: 12 of them are not 11 degrees."""
    assert degrees_of_freedom([1 / 12] * 12) == pytest.approx(11)
    assert degrees_of_freedom([0.5] + [0.5 / 11] * 11) < 4


def test_scores_that_go_together_widen_the_clustered_interval() -> None:
    together = stats.clustered([[1.0] * 10, [0.0] * 10, [1.0] * 10, [0.0] * 10])
    apart = stats.clustered([[1.0, 0.0] * 5] * 4)
    assert together is not None
    assert together.high - together.low > 0.9
    assert apart is None, "an interval of no width would say that the mean is known"
    assert stats.clustered([[1.0, 0.0]]) is None
