"""How far back a baseline must be looked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.comparison import RunRecord, read_record
from orchestrator.comparison.baseline import choose_baseline, is_settled
from tests.report.run_documents import document, tasks_of

MACHINES, MODELS = ("small", "large"), ("one", "two")
KINDS = st.tuples(st.sampled_from(MACHINES), st.sampled_from(MODELS), st.booleans())


def record(name: str, machine: str, model: str, *, common: bool = True) -> RunRecord:
    tasks = tasks_of(range(2), total=3)
    if not common:
        tasks = [{**task, "domain": "elsewhere"} for task in tasks]
    fingerprint = {"machine_size": machine, "model": model}
    return read_record(document(tasks, name, fingerprint=fingerprint), name)


@given(st.lists(KINDS, max_size=12), st.integers(1, 3))
def test_once_settled_no_older_run_changes_the_baseline(
    kinds: list[tuple[str, str, bool]], count: int
) -> None:
    candidate = record("new", MACHINES[0], MODELS[0])
    earlier = [
        record(str(number), machine, model, common=common)
        for number, (machine, model, common) in enumerate(kinds)
    ]
    whole = choose_baseline(candidate, earlier, count)
    for start in range(len(earlier) + 1):
        if is_settled(candidate, earlier[start:], count):
            assert choose_baseline(candidate, earlier[start:], count) == whole


def test_it_is_settled_by_as_many_alike_as_are_wanted_and_by_no_others() -> None:
    candidate = record("new", "small", "one")
    alike = [record(str(number), "small", "two") for number in range(3)]
    assert is_settled(candidate, alike, 3)
    assert not is_settled(candidate, alike[1:], 3)
    assert not is_settled(candidate, [record(run.id, "large", "two") for run in alike], 3)
    assert not is_settled(candidate, [], 3)
