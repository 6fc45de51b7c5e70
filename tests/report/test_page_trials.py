"""The page of several trials of each task in a real browser: the section, the grid, the sheets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from orchestrator import stats
from tests.report.pages import trials_results, write_trials

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.report import Results
    from tests.report.conftest import Visit, Visitor

pytestmark = [pytest.mark.chromium, pytest.mark.xdist_group("chromium")]

ROWS = ".tasks tbody tr"
FLAKY = "#trials .flaky li"


@dataclass(frozen=True, slots=True)
class Shown:
    """The written page, and the scores that it is of: by label, in the order of the trials."""

    path: Path
    scores: dict[str, list[float | None]]

    @property
    def known(self) -> list[list[float]]:
        """The scores that there are, of each task that has any."""
        results = [
            [score for score in scores if score is not None] for scores in self.scores.values()
        ]
        return [scores for scores in results if scores]

    @property
    def flaky(self) -> dict[str, list[float | None]]:
        """The tasks of which some trials succeed and some do not."""
        return {
            label: scores
            for label, scores in self.scores.items()
            if len({score == 1.0 for score in scores if score is not None}) == 2
        }


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    _, results = trials_results()
    return Shown(write_trials(tmp_path_factory.mktemp("trials")), _scores(results))


def _scores(results: Results) -> dict[str, list[float | None]]:
    scores: dict[str, list[float | None]] = {}
    for task in sorted(results.tasks, key=lambda task: task.trial):
        scores.setdefault(task.label, []).append(task.score)
    return scores


def percent(value: float | None) -> str:
    assert value is not None
    return f"{100 * value:.1f}%"


def with_interval(value: float, interval: stats.Interval | None) -> str:
    assert interval is not None
    return f"{percent(value)} ({percent(interval.low).rstrip('%')} to {percent(interval.high)})"


def trial_column(seen: Visit) -> list[int]:
    return [int(text) for text in seen.texts(f"{ROWS} td:nth-of-type(1)")]


def test_the_section_tells_what_the_statistics_of_the_scores_say(
    visit: Visitor, page: Shown
) -> None:
    seen = visit(page.path)
    trials = stats.over_trials(page.known)
    assert trials is not None
    rows = seen.page.locator("#trials tbody tr").all()
    assert [row.locator("th, td").all_inner_texts() for row in rows] == [
        [
            str(k),
            with_interval(trials.pass_at[k], trials.pass_at_intervals[k]),
            with_interval(trials.pass_all[k], trials.pass_all_intervals[k]),
        ]
        for k in (1, 2, 3)
    ]
    lead = seen.page.locator("#trials .lead").inner_text()
    assert f"over the same {trials.pass_tasks} tasks with 3 scored trials" in lead
    said = seen.page.locator("#trials dl").inner_text()
    assert f"{percent(trials.flip_rate)} of pairs of trials, over {trials.tasks} tasks" in said
    assert f"{len(page.flaky)} of {trials.tasks}" in said
    assert "resampled" not in said, "the mean has one interval, beside the mean"
    assert 0 < len(page.flaky) < trials.tasks / 2


def test_the_flaky_tasks_are_named_with_every_trials_score(visit: Visitor, page: Shown) -> None:
    seen = visit(page.path)
    listed = {
        item.locator(".link").inner_text(): item.locator(".marks a").all_inner_texts()
        for item in seen.page.locator(FLAKY).all()
    }
    assert listed == {
        label: ["—" if score is None else f"{score:.2f}" for score in scores]
        for label, scores in page.flaky.items()
    }
    assert any(None in scores for scores in page.flaky.values())


def test_a_flaky_tasks_name_shows_its_rows(visit: Visitor, page: Shown) -> None:
    seen = visit(page.path)
    label = sorted(page.flaky)[3]
    seen.page.locator(f"{FLAKY} .link", has_text=label.partition("/")[2]).click()
    seen.page.locator("#shown").get_by_text("3 of").wait_for()
    assert seen.texts(f"{ROWS} th") == [label] * 3
    assert sorted(trial_column(seen)) == [0, 1, 2]
    assert seen.page.locator("#query").input_value() == label
    assert seen.complaints == []


def test_a_flaky_trials_score_opens_that_trial(visit: Visitor, page: Shown) -> None:
    seen = visit(page.path)
    item = seen.page.locator(FLAKY).first
    label = item.locator(".link").inner_text()
    item.locator(".marks a").nth(2).click()
    assert seen.page.locator("#task-title").inner_text() == f"{label} trial 2"
    assert seen.page.url.endswith(f"#task={label.replace('/', '%2F')}%2F2")
    assert seen.complaints == []


def test_the_trial_column_sorts_both_ways(visit: Visitor, page: Shown) -> None:
    seen = visit(page.path)
    for descending in (False, True):
        seen.page.get_by_role("button", name="Trial", exact=True).click()
        shown = trial_column(seen)
        assert len(shown) == 3 * len(page.scores)
        assert shown == sorted(shown, reverse=descending)
        assert set(shown) == {0, 1, 2}


def test_the_search_finds_a_trial(visit: Visitor, page: Shown) -> None:
    seen = visit(page.path)
    seen.page.locator("#query").fill("trial 2")
    assert trial_column(seen) == [2] * len(page.scores)
    seen.page.locator("#query").fill("trial 1 demo-vlc-03")
    assert seen.texts(f"{ROWS} th") == ["vlc/demo-vlc-03"]
    assert trial_column(seen) == [1]


def test_each_trial_has_its_sheet_and_leads_to_the_others(visit: Visitor, page: Shown) -> None:
    label = "vlc/demo-vlc-03"
    for trial, score in enumerate(page.scores[label]):
        seen = visit(page.path, f"#task=vlc%2Fdemo-vlc-03%2F{trial}")
        assert seen.page.locator("#task-title").inner_text() == f"{label} trial {trial}"
        reported = seen.page.locator("dialog .facts").first.inner_text().split()
        assert reported[:2] == ["Score", "none" if score is None else f"{score:g}"]
        others = seen.page.locator("dialog .marks a")
        assert others.all_inner_texts() == ["0", "1", "2"]
        others.nth((trial + 1) % 3).click()
        title = seen.page.locator("#task-title")
        title.get_by_text(f"trial {(trial + 1) % 3}").wait_for()
        assert seen.page.locator("dialog [aria-current=page]").inner_text() == str((trial + 1) % 3)
        assert seen.complaints == []


def test_the_page_asks_for_nothing_and_fits_a_narrow_screen(visit: Visitor, page: Shown) -> None:
    seen = visit(page.path, width=390)
    seen.page.locator("#trials").scroll_into_view_if_needed()
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert [url for url in seen.requests if not url.startswith("data:")] == [page.path.as_uri()]
    assert seen.complaints == []
