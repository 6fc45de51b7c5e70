from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import BadInputError, NothingToRunError
from orchestrator.planning.suite import (
    DOMAIN_COUNTS,
    Selection,
    Suite,
    TaskKey,
    demo_suite,
    parse_suite,
    select,
    suite_of,
)
from tests.records import NAMES


def problems(text: str) -> list[str]:
    with pytest.raises(BadInputError) as caught:
        parse_suite(text, "list.json")
    return [str(problem) for problem in caught.value.problems]


def test_a_list_keeps_its_order_and_keys_on_domain_and_name() -> None:
    suite = parse_suite('{"b": ["x", "y"], "a": ["x"]}', "list.json")
    assert suite.tasks == (TaskKey("b", "x"), TaskKey("b", "y"), TaskKey("a", "x"))
    assert suite.domains == ("b", "a")
    assert parse_suite(json.dumps(suite.as_lists()), "again") == suite


def test_the_digest_is_of_the_tasks_and_not_of_the_text() -> None:
    suite = parse_suite('{"a": ["x"]}', "one")
    assert suite.digest == parse_suite('{ "a" : [ "x" ] }\n', "two").digest
    assert suite.digest != parse_suite('{"a": ["y"]}', "three").digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[]", "not a JSON object"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("{}", "holds no task"),
        ('{"a": []}', "holds no task"),
        ('{"a": "x"}', "is not a list of names"),
        ('{"a": [1]}', "is not a usable task name"),
        ('{"a": [""]}', "is not a usable task name"),
        ('{"a": ["../x"]}', "is not a usable task name"),
        ('{"a": [".hidden"]}', "is not a usable task name"),
        ('{"a": ["x\\n"]}', "is not a usable task name"),
        ('{"a/b": ["x"]}', "is not a usable name"),
        ('{"a": ["x", "x"]}', "appears twice"),
        ('{"a": ["x"], "a": ["y"]}', "appears twice"),
        ('{"a": ["x", "X"]}', "differs from a/x only by case"),
        ('{"a": ["x"], "A": ["y"]}', "differs from a only by case"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(text: str, words: str) -> None:
    texts = problems(text)
    assert any(words in problem for problem in texts), texts
    assert all("list.json" in problem for problem in texts)


def test_every_problem_is_said_at_once() -> None:
    texts = problems('{"a": ["x", "x", "../y"], "b": 3, "c d": ["z"]}')
    assert len(texts) == 4


@given(st.text(max_size=100))
def test_arbitrary_text_is_a_list_or_bad_input(text: str) -> None:
    try:
        tasks = parse_suite(text, "fuzz").tasks
    except BadInputError:
        tasks = (TaskKey("refused", "with-a-reason"),)
    assert tasks


def test_the_demo_has_the_full_lists_domains_and_counts() -> None:
    suite = demo_suite()
    assert Counter(task.domain for task in suite.tasks) == DOMAIN_COUNTS
    assert len(suite.tasks) == 154
    assert sum(task.infeasible for task in suite.tasks) == 13
    assert parse_suite(json.dumps(suite.as_lists()), "demo") == suite


def test_a_selection_is_by_domain_by_name_and_by_seeded_sample() -> None:
    suite = demo_suite()
    vlc = select(suite, Selection(domains=("vlc", "clock")))
    assert {task.domain for task in vlc.tasks} == {"vlc", "clock"}
    entry = select(suite, Selection(tasks=("vlc/demo-vlc-07",)))
    assert entry.tasks == (TaskKey("vlc", "demo-vlc-07"),)
    assert select(suite, Selection(tasks=("demo-vlc-07",))) == entry
    ten = select(suite, Selection(sample=10, seed=1))
    assert len(ten.tasks) == 10
    assert ten == select(suite, Selection(sample=10, seed=1))
    assert ten != select(suite, Selection(sample=10, seed=2))
    order = [suite.tasks.index(task) for task in ten.tasks]
    assert order == sorted(order)


def test_unknown_names_and_sizes_are_all_said() -> None:
    with pytest.raises(BadInputError) as caught:
        select(demo_suite(), Selection(domains=("nope",), tasks=("nope/x",), sample=0))
    assert len(caught.value.problems) == 3


def test_an_ambiguous_name_is_bad_input() -> None:
    suite = suite_of((TaskKey("a", "x"), TaskKey("b", "x")))
    with pytest.raises(BadInputError, match="is in several domains"):
        select(suite, Selection(tasks=("x",)))


def test_a_selection_of_nothing_is_nothing_to_run() -> None:
    with pytest.raises(NothingToRunError) as caught:
        select(demo_suite(), Selection(domains=("clock",), tasks=("vlc/demo-vlc-07",)))
    assert caught.value.exit_code == 3


@given(st.lists(st.builds(TaskKey, NAMES, NAMES), min_size=1, max_size=20, unique=True), st.data())
def test_a_sample_is_a_part_of_its_suite(tasks: list[TaskKey], data: st.DataObject) -> None:
    suite: Suite = suite_of(tuple(tasks))
    size = data.draw(st.integers(1, 30))
    sample = select(suite, Selection(sample=size, seed=data.draw(st.integers(0, 9))))
    assert len(sample.tasks) == min(size, len(tasks))
    assert set(sample.tasks) <= set(tasks)
