"""Groups of a plan's units, and groups of these: where marks stand that spare others a listing.

Pure. Units stand in the order in which they are to be taken, longest first. Eight neighbours are
a node of level 0, eight nodes a node of the next level, up to one root: a listing of one node has
at most eight marks, however many units there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.planning.schedule import longest_first

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.planning.suite import Unit

FANOUT = 8


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A group: ``number`` counts the nodes of a ``level`` from 0."""

    level: int
    number: int

    @property
    def parent(self) -> Node:
        """The node that this one is a child of."""
        return Node(self.level + 1, self.number // FANOUT)

    @property
    def child(self) -> int:
        """Which child of its parent this node is."""
        return self.number % FANOUT

    def below(self, child: int) -> Node:
        """Return a child, which is a node (not of level 0, where children are units)."""
        return Node(self.level - 1, self.number * FANOUT + child)


class Groups:
    """The nodes over a plan's units.

    Args:
        units: Of the plan, in its order; at least one.
        expected: Their expected seconds.
    """

    def __init__(self, units: Sequence[Unit], expected: Sequence[float]) -> None:
        self._order = longest_first(expected)
        self._units, self._expected = units, expected
        self._place = {units[index]: place for place, index in enumerate(self._order)}
        self._sizes = [len(units)]
        while self._sizes[-1] > 1 or len(self._sizes) == 1:
            self._sizes.append(-(-self._sizes[-1] // FANOUT))

    @property
    def root(self) -> Node:
        """The node over everything."""
        return Node(len(self._sizes) - 2, 0)

    def children(self, node: Node) -> range:
        """Return the numbers of a node's children."""
        return range(min(FANOUT, self._sizes[node.level] - node.number * FANOUT))

    def leaf_of(self, unit: Unit) -> tuple[Node, int]:
        """Return the node of level 0 that has this unit, and which child it is."""
        return Node(0, self._place[unit] // FANOUT), self._place[unit] % FANOUT

    def unit(self, leaf: Node, child: int) -> tuple[Unit, float]:
        """Return a leaf's unit, and its expected seconds."""
        index = self._order[leaf.number * FANOUT + child]
        return self._units[index], self._expected[index]

    def longest(self, node: Node, child: int) -> float:
        """Return the expected seconds of the longest unit below a child: its first."""
        place: int = (node.number * FANOUT + child) * FANOUT**node.level
        return self._expected[self._order[place]]
