from __future__ import annotations

import pytest

from orchestrator.results.arguments import asked_of, differences, parse_arguments

SAID = (
    "Namespace(headless=False, action_space='pyautogui', observation_type='som', max_steps=15, "
    "agent_name='navi', model='gpt-4o', temperature=1.0, stop_token=None)"
)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((), ""),
        (("--observation_type", "som", "--max_steps=15", "--temperature", "1"), ""),
        (("--observation", "som"), ""),
        (("--observation_type", "a11y_tree"), "observation_type was asked as 'a11y_tree'"),
        (("--max_steps", "30"), "max_steps was asked as '30', the client has '15'"),
        (("--max_steps", "30", "--max_steps", "15"), ""),
        (("--headless",), "headless"),
        (("--a_forks_own", "1"), ""),
    ],
)
def test_what_was_asked_is_compared_with_what_the_client_says(
    arguments: tuple[str, ...], what: str
) -> None:
    said = parse_arguments(SAID)
    assert said is not None

    texts = differences(asked_of("navi", "gpt-4o", arguments), said)

    assert what in "; ".join(texts)
    assert bool(texts) == bool(what)


def test_another_agent_or_model_is_a_difference() -> None:
    said = parse_arguments(SAID) or {}

    assert differences(asked_of("mine", "gpt-4o", ()), said) == [
        "agent_name was asked as 'mine', the client has 'navi'"
    ]
    assert differences(asked_of("navi", "gpt-5", ()), said) == [
        "model was asked as 'gpt-5', the client has 'gpt-4o'"
    ]
    assert differences(asked_of("navi", "gpt-4o", ()), {"agent": "navi", "model": "gpt-4o"}) == []
    assert differences(asked_of("navi", "gpt-4o", ()), {"model": "gpt-4o"}) == [
        "agent was asked as 'navi', and the client does not know it"
    ]


@pytest.mark.parametrize(
    "text", ["", "Namespace(", "Namespace(a=open('x'))", "Namespace(1)", "(" * 9000, "x" * 9000]
)
def test_what_is_no_namespace_says_nothing(text: str) -> None:
    assert parse_arguments(text) is None
