"""The pages' accessibility, as axe-core judges it, in both themes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.report.pages import ADDRESS, write_comparison, write_demo, write_trials
from tests.tiers import axe_script

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.conftest import Visit, Visitor

pytestmark = [pytest.mark.axe, pytest.mark.xdist_group("chromium")]

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")


def violations(seen: Visit) -> list[dict[str, Any]]:
    """Return what axe-core finds wrong, with the elements it is wrong of."""
    script = axe_script()
    assert script is not None
    # Below the fold nothing is laid out before it is scrolled to; axe looks at everything.
    seen.page.evaluate(
        "document.querySelectorAll('main > section').forEach(s => s.style.contentVisibility = "
        "'visible'); document.querySelectorAll('details').forEach(d => d.open = true)"
    )
    seen.page.evaluate(script.read_text("utf-8"))
    result: dict[str, Any] = seen.page.evaluate("axe.run()")
    assert result["passes"], "axe-core judged nothing"
    return [
        {"rule": entry["id"], "of": [node["html"][:200] for node in entry["nodes"][:5]]}
        for entry in result["violations"]
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("page"))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [1280, 360])
def test_the_report_is_clean(visit: Visitor, page: Path, theme: Theme, width: int) -> None:
    results = violations(visit(page, theme=theme, width=width, bypass_csp=True))
    assert results == [], json.dumps(results, indent=1)


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trials(tmp_path_factory.mktemp("trials"))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("fragment", ["", "#task=vlc%2Fdemo-vlc-03%2F2"])
def test_a_run_of_several_trials_is_clean(
    visit: Visitor, trials: Path, theme: Theme, fragment: str
) -> None:
    results = violations(visit(trials, fragment, theme=theme, bypass_csp=True))
    assert results == [], json.dumps(results, indent=1)


@pytest.mark.parametrize("theme", THEMES)
def test_an_open_task_is_clean(visit: Visitor, page: Path, theme: Theme) -> None:
    results = violations(visit(page, ADDRESS, theme=theme, bypass_csp=True))
    assert results == [], json.dumps(results, indent=1)


@pytest.mark.parametrize("theme", THEMES)
def test_a_comparison_is_clean(visit: Visitor, tmp_path: Path, theme: Theme) -> None:
    results = violations(visit(write_comparison(tmp_path), theme=theme, bypass_csp=True))
    assert results == [], json.dumps(results, indent=1)
