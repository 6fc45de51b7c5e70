"""Groups over a plan's units: each unit in one place, and one root over all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ledger import paths
from orchestrator.ledger.groups import FANOUT, Groups, Node
from orchestrator.planning.suite import TaskKey, Unit

counts = st.integers(1, 600)


def groups_of(count: int) -> tuple[list[Unit], Groups]:
    units = [Unit(TaskKey("d", f"t{number}"), 0) for number in range(count)]
    return units, Groups(units, [float((number * 7) % 13 + 1) for number in range(count)])


def below(groups: Groups, node: Node) -> list[Unit]:
    children = groups.children(node)
    assert len(children) <= FANOUT
    if node.level == 0:
        return [groups.unit(node, child)[0] for child in children]
    return [unit for child in children for unit in below(groups, node.below(child))]


@given(counts)
def test_every_unit_is_below_the_root_once(count: int) -> None:
    units, groups = groups_of(count)
    assert sorted(below(groups, groups.root)) == sorted(units)


@given(counts, st.data())
def test_a_unit_is_found_where_its_leaf_says(count: int, data: st.DataObject) -> None:
    units, groups = groups_of(count)
    unit = data.draw(st.sampled_from(units))
    leaf, child = groups.leaf_of(unit)
    assert groups.unit(leaf, child)[0] == unit
    node = leaf
    while node != groups.root:
        assert node.child in groups.children(node.parent)
        assert node.parent.below(node.child) == node
        node = node.parent


@given(counts)
def test_a_childs_longest_unit_is_its_first(count: int) -> None:
    _, groups = groups_of(count)
    root = groups.root
    for child in groups.children(root):
        node = root.below(child) if root.level else root
        places = range(len(groups.children(node))) if root.level else [child]
        if node.level == 0:
            seconds = [groups.unit(node, place)[1] for place in places]
            assert groups.longest(root, child) == max(seconds)


def test_marks_are_read_back_as_they_were_written() -> None:
    unit = Unit(TaskKey("chrome", "a-b_c"), 3)
    assert paths.parse_touched(paths.touched(2, 17, 5)) == (2, 17, 5)
    assert paths.parse_again(paths.again(unit, 4)) == paths.ClaimPath(unit, 4)
    assert paths.parse_watch(paths.watch("123-1", 2, "w-7")) == (2, "w-7")
    for foreign in (
        f"{paths.MARKED}1.json",
        "touched/1/x/2.json",
        "again/a/1.json",
        "watch/a.json",
    ):
        assert paths.parse_touched(foreign) is None
        assert paths.parse_again(foreign) is None
        assert paths.parse_watch(foreign) is None
