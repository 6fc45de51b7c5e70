"""Finds units that nobody has claimed, by the marks that claims leave: a few listed objects a look.

A claim marks its unit in the unit's group. Whoever sees a whole group marked marks the group in the
group above. Marks only spare a listing: a unit without one is tried, and its claim decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.encoding import canonical
from orchestrator.ledger import paths
from orchestrator.ledger.groups import Groups, Node
from orchestrator.planning.schedule import steal_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.planning.suite import Unit
    from orchestrator.store import Store

MARK = canonical({"claimed": "all"})
"""What a mark holds: every worker writes the same."""


class FreshUnits:
    """What one worker knows of which units are claimed. Each call may raise StoreError."""

    def __init__(
        self, store: Store, units: Sequence[Unit], expected: Sequence[float], worker: str
    ) -> None:
        self._store, self._worker = store, worker
        self._groups = Groups(units, expected)
        self._claimed: set[tuple[Node, int]] = set()
        self._marked: set[tuple[Node, int]] = set()
        self._leaf: Node | None = None
        self._to_check: list[Node] = []

    def look(self) -> list[tuple[Unit, float]]:
        """Return units of one group that nobody has claimed as far as marks tell; [] if none is.

        The group is the longest, and among near equals the first in this worker's own order.
        """
        if self._leaf is not None and (unclaimed := self._listed(self._leaf)):
            return self._units(self._leaf, unclaimed)
        return self._search(self._groups.root)

    def may_be_free(self, unit: Unit) -> bool:
        """Whether no mark that this worker has seen says that a unit is claimed."""
        node, child = self._groups.leaf_of(unit)
        while node != self._groups.root:
            if (node, child) in self._claimed:
                return False
            node, child = node.parent, node.child
        return (node, child) not in self._claimed

    def taken(self, unit: Unit) -> None:
        """Note that somebody else has a unit's first claim."""
        self._claimed.add(self._groups.leaf_of(unit))

    def claimed(self, unit: Unit) -> None:
        """Mark a unit that this worker has claimed.

        Of a group the worker that claimed the first unit looks, once it claims again, whether the
        whole was claimed meanwhile: nobody else may come by.
        """
        leaf, child = self._groups.leaf_of(unit)
        self._mark(leaf, child)
        due, self._to_check = self._to_check, [leaf] if child == 0 else []
        for node in due:
            self._listed(node)

    def _search(self, node: Node) -> list[tuple[Unit, float]]:
        unclaimed = self._listed(node)
        if node.level == 0:
            self._leaf = node
            return self._units(node, unclaimed)
        for child in self._in_order(node, unclaimed):
            if results := self._search(node.below(child)):
                return results
        return []

    def _in_order(self, node: Node, children: Sequence[int]) -> list[int]:
        names = {f"{node.level}/{node.number}/{child}": child for child in children}
        pairs = [(name, self._groups.longest(node, child)) for name, child in names.items()]
        return [names[name] for name in steal_order(pairs, self._worker)]

    def _units(self, leaf: Node, children: Sequence[int]) -> list[tuple[Unit, float]]:
        return [self._groups.unit(leaf, child) for child in children]

    def _listed(self, node: Node) -> list[int]:
        """List a node's marks unless it is known to be full; return its unclaimed children."""
        if not self._unclaimed(node):
            if node != self._groups.root and (node.parent, node.child) not in self._claimed:
                self._full(node)
            return []
        for entry in self._store.list(paths.touched_of(node.level, node.number)):
            key = paths.parse_touched(entry.path)
            if key is not None:
                self._claimed.add((node, key[2]))
                self._marked.add((node, key[2]))
        unclaimed = self._unclaimed(node)
        if not unclaimed:
            self._full(node)
        return unclaimed

    def _unclaimed(self, node: Node) -> list[int]:
        return [
            child for child in self._groups.children(node) if (node, child) not in self._claimed
        ]

    def _full(self, node: Node) -> None:
        """Mark a whole group in the group above, and that one above it if it is full by now."""
        for child in self._groups.children(node):
            # A claim whose worker died before it could mark it.
            self._mark(node, child)
        if node == self._groups.root:
            return
        self._mark(node.parent, node.child)
        if not self._unclaimed(node.parent):
            self._full(node.parent)

    def _mark(self, node: Node, child: int) -> None:
        if (node, child) not in self._marked:
            self._store.mark(paths.touched(node.level, node.number, child), MARK)
            self._marked.add((node, child))
        self._claimed.add((node, child))
