"""``results.json`` of runs that never happened, as far as a comparison reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.comparison import Side, read_record, side_of
from orchestrator.comparison.schema import SCHEMA
from orchestrator.planning.suite import demo_suite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FINGERPRINT = {"agent": "navi", "model": "gpt-4o", "machine_size": "Standard_D8s_v5"}


def task(
    name: str, score: float | None, *, domain: str = "chrome", trial: int = 0, cause: str = "arena"
) -> dict[str, Any]:
    """Return an entry of ``tasks``; without a score it was lost to ``cause``, "" for missing."""
    lost = "infrastructure" if cause else "missing"
    return {
        "domain": domain,
        "name": name,
        "trial": trial,
        "status": lost if score is None else "scored",
        "cause": (cause or None) if score is None else None,
        "score": score,
        "seconds": 300.0,
        "attempts": [{"cause": cause}] if score is None and cause else [{"cause": None}],
    }


def document(
    tasks: Iterable[dict[str, Any]],
    run: str = "run-1",
    *,
    simulated: bool = False,
    fingerprint: Mapping[str, str] | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """Return a ``results.json``; further ``facts`` go into ``run``."""
    return {
        "schema": SCHEMA,
        "run": {"id": run, "simulated": simulated, "started": 1.7e9, **facts},
        "tasks": list(tasks),
        "fingerprint": {"common": dict(fingerprint or FINGERPRINT), "varying": {}},
    }


def tasks_of(
    wins: Iterable[int], total: int = 40, missing: Iterable[int] = ()
) -> list[dict[str, Any]]:
    """Return tasks by number: these succeed, these have no score, the others fail."""
    won, lost = set(wins), set(missing)
    return [
        task(f"t{n:03d}", None if n in lost else float(n in won), domain=f"d{n % 4}")
        for n in range(total)
    ]


def side(result: Mapping[str, Any], *more: Mapping[str, Any]) -> Side:
    """Return the side that these documents make."""
    return side_of([read_record(entry, "here") for entry in (result, *more)])


def full_run(rate: float, missing: int = 0) -> dict[str, Any]:
    """Return the demo suite's run with this share of full successes; the last tasks are missing."""
    keys = demo_suite().tasks
    wins = round(rate * len(keys))
    results = [
        task(key.name, None if n >= len(keys) - missing else float(n < wins), domain=key.domain)
        for n, key in enumerate(keys)
    ]
    return document(results)
