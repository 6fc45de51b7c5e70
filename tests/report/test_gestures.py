"""What an action's text says that it does on the screen; hostile text says nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.report.model.gestures import GESTURES_LIMIT, Gesture, ScreenPoint, drawn, gestures
from tests.report.hostile import CORPUS

HERE = ScreenPoint(5, 5)


@pytest.mark.parametrize(
    ("action", "gesture"),
    [
        ("import pyautogui; pyautogui.click(412, 318)", Gesture("click", ScreenPoint(412, 318))),
        ("pyautogui.click(x=4, y=3, button='right')", Gesture("right click", ScreenPoint(4, 3))),
        ("pyautogui.click(4, 3, clicks=2)", Gesture("click", ScreenPoint(4, 3), times=2)),
        ("pyautogui.doubleClick(4, 3)", Gesture("click", ScreenPoint(4, 3), times=2)),
        ("pyautogui.click()", Gesture("click", HERE)),
        (
            "pyautogui.moveTo(10, 20); pyautogui.dragTo(300, 400, duration=0.5)",
            Gesture("drag", ScreenPoint(300, 400), ScreenPoint(10, 20)),
        ),
        ("pyautogui.scroll(-5)", Gesture("scroll", HERE, times=-5)),
        ("pyautogui.scroll(3, x=7, y=8)", Gesture("scroll", ScreenPoint(7, 8), times=3)),
        ('computer.mouse.scroll(dir="down")', Gesture("scroll", HERE, times=-1)),
        ("pyautogui.write('=SUM(B2:B12)')", Gesture("type", HERE, text="=SUM(B2:B12)")),
        ("pyautogui.hotkey('ctrl', 's')", Gesture("keys", HERE, text="ctrl+s")),
        ("computer.keyboard.press('enter')", Gesture("keys", HERE, text="enter")),
        (
            "computer.mouse.move_abs(x=0.25, y=0.75); computer.mouse.single_click()",
            Gesture("click", ScreenPoint(0.25, 0.75, relative=True)),
        ),
    ],
)
def test_an_action_is_read(action: str, gesture: Gesture) -> None:
    assert gestures(action, HERE)[0] == [gesture]


def test_an_element_without_a_place_moves_the_pointer_to_nowhere_known() -> None:
    results, pointer = gestures(
        "computer.mouse.move_id(id=14); computer.mouse.double_click()", HERE
    )
    assert results == [Gesture("move", text="element 14"), Gesture("click", times=2)]
    assert pointer is None


def test_the_pointer_stays_where_an_action_left_it() -> None:
    _, pointer = gestures("pyautogui.moveTo(40, 50)")
    results, _ = gestures("pyautogui.click()", pointer)
    assert results == [Gesture("click", ScreenPoint(40, 50))]


def test_what_is_drawn_is_short_and_plain() -> None:
    (gesture,), _ = gestures("pyautogui.rightClick(3, 4)")
    assert drawn(gesture) == {"kind": "right click", "at": [3.0, 4.0]}


@pytest.mark.parametrize(
    "action",
    [
        *CORPUS,
        "DONE",
        "os.system('pyautogui')",
        "click(1, 2)",
        "pyautogui.click(1e999, 2)",
        "pyautogui.click(99999999, 2)",
        "a(" * 2000,
        "pyautogui.click(" * 250,
        "pyautogui.click('" + "\\" * 3900,
        "pyautogui.click(" + "('" * 1900,
        "'" * 4000,
    ],
)
def test_what_is_not_understood_draws_nothing_at_any_place(action: str) -> None:
    results, _ = gestures(action)
    assert all(gesture.at is None for gesture in results)


@given(st.text(alphabet="pyautogui.click(moveTo,'\"\\x=y10.5)[ ]\n", max_size=300))
def test_any_text_ends_in_few_bounded_gestures(text: str) -> None:
    results, _ = gestures("pyautogui." + text)
    assert len(results) <= GESTURES_LIMIT
    for gesture in results:
        assert len(gesture.text) <= 100
        assert gesture.at is None or max(abs(gesture.at.x), abs(gesture.at.y)) <= 100_000
