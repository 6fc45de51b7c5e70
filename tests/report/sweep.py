"""Finds every figure of a text or a document, and fails where nothing computed it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.report.accounts import PairSaid, RunSaid
from tests.report.recomputed import read_start, read_units

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.report.ledger_pair import Surfaces

NOT_FIGURES = {
    "a task's name": r"\w+/ ?(INF-)?task-\d( trial \d)?",
    "a model's name": r"gpt-[45]o?",
    "the version": r"waa-matrix \d+\.\d+\.\d+",
    "a moment": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
    "a digest": r"plan [0-9a-f]{12}",
    "where it lies": r"(store|Report:) \S*/\S*",
    "a level or a rule": r"9[05]%( of the rate| interval)?|decides at 0\.05|with chance 0\.8",
    "an estimand": r"pass@k|pass\^k",
    "what the rule counts": r"[Ss]cored 0( without an evaluation)?",
}


class Ledgers:
    """The surfaces, and both runs as their ledgers have them."""

    def __init__(self, surfaces: Surfaces) -> None:
        self.shown = surfaces
        self.first, self.second = (read_units(ledger) for ledger in surfaces.ledgers)
        self.base, self.run = (
            RunSaid(units, read_start(ledger))
            for units, ledger in zip((self.first, self.second), surfaces.ledgers, strict=True)
        )
        self.pair = PairSaid(self.first, self.second)


def plain(text: str) -> str:
    """Return a surface's text without its marks, on one line."""
    text = re.sub(r"```mermaid\n.*?```", " ", text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"</?[a-z][^>]*>", " ", text)).split())


def section(page: str, name: str) -> str:
    """Return a section of a page: its text, and what its drawings are said to show."""
    (result,) = re.findall(rf'<section id="{name}".*?</section>', page, flags=re.DOTALL)
    labels = " ".join(set(re.findall(r'aria-label="([^"]*)"', result)))
    return plain(re.sub(r"<svg.*?</svg>", " ", result, flags=re.DOTALL)) + " " + plain(labels)


def sweep(surface: str, text: str, phrases: Sequence[str]) -> None:
    """Take every phrase out of a text, which must have it; no figure may be left."""
    for phrase in sorted(map(plain, phrases), key=len, reverse=True):
        assert phrase in text, f"{surface} does not say: {phrase}"
    for phrase in sorted(map(plain, phrases), key=len, reverse=True):
        text = text.replace(phrase, " § ")
    for pattern in NOT_FIGURES.values():
        text = re.sub(pattern, " § ", text)
    left = [text[max(0, m.start() - 60) : m.end() + 30] for m in re.finditer(r"\d[\d.,]*", text)]
    assert not left, f"{surface}: nothing accounts for {left[0]!r} and {len(left) - 1} more"


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Yield every number of a document with its path."""
    if isinstance(value, dict):
        for name, held in value.items():
            yield from leaves(held, f"{path}.{name}")
    elif isinstance(value, list):
        for number, held in enumerate(value):
            yield from leaves(held, f"{path}[{number}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, float(value)


def held(result: Any, level: float = 0.95) -> dict[str, float]:
    return {} if result is None else {"low": result[0], "high": result[1], "level": level}


def agree(result: Any, computed: Any) -> None:
    ours, theirs = dict(leaves(computed)), dict(leaves(result))
    assert theirs.keys() == ours.keys(), sorted(theirs.keys() ^ ours.keys())
    for path, value in theirs.items():
        assert value == pytest.approx(ours[path], abs=2e-6), path
