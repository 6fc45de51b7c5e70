"""A comparison of two runs that never happened, in the published shape."""

from __future__ import annotations

from typing import Any

DOMAINS = ("chrome", "libreoffice_calc", "libreoffice_writer", "vs_code", "vlc", "settings")


def fake_comparison(verdict: str = "better") -> dict[str, Any]:
    """Return a comparison of one candidate with a pooled baseline and published numbers."""
    gained, lost, both, neither = 27, 8, 52, 61
    return {
        "schema": "waa-matrix/comparison/1",
        "version": "0.1.0",
        "simulated": True,
        "baseline": _side("main", 60, 2),
        "candidates": [
            {
                "side": _side("planner-v2", 79, 1),
                "verdict": {
                    "value": verdict,
                    "sentence": "27 tasks gained, 8 lost: more than chance, however filled.",
                    "reasons": ["6 missing scores filled the worst way leave p at 0.0166"],
                    "test": "mcnemar-exact",
                    "alpha": 0.05,
                    "p": 0.0019,
                    "p_worst": 0.0166,
                    "survives": True,
                },
                "paired": {
                    "tasks": gained + lost + both + neither,
                    "undecided": 6,
                    "only_baseline": 0,
                    "only_candidate": 0,
                    "both": both,
                    "gained": gained,
                    "lost": lost,
                    "neither": neither,
                    "discordance": 0.236,
                    "difference": 0.128,
                    "difference_interval": _interval(0.054, 0.203),
                    "score_difference": 0.117,
                    "score_interval": _interval(0.046, 0.189),
                    "wilcoxon_p": 0.0021,
                    "detectable": 0.113,
                },
                "domains": [_domain(n, name) for n, name in enumerate(DOMAINS)],
                "tasks": [_task(n) for n in range(gained + lost)],
                "unlike": [
                    _unlike("agent", "navi", "planner", "subject"),
                    _unlike("region", "westeurope", "northeurope", "condition"),
                ],
                "warnings": ["Regions differ: 31 tasks ran in northeurope."],
            }
        ],
        "published": [_published()],
    }


def _interval(low: float, high: float) -> dict[str, Any]:
    return {"low": low, "high": high, "level": 0.95, "method": "paired-bootstrap"}


def _side(name: str, successes: int, runs: int) -> dict[str, Any]:
    scored = 148 * runs
    rate = successes / 148
    return {
        "name": name,
        "runs": [_run(f"91827364{50 + n}", successes + n) for n in range(runs)],
        "tasks": 154,
        "trials": 154 * runs,
        "scored": scored,
        "successes": successes * runs,
        "rate": rate,
        "interval": _interval(rate - 0.075, rate + 0.077),
        "mean": rate + 0.04,
    }


def _run(name: str, successes: int) -> dict[str, Any]:
    return {
        "id": name,
        "source": f"az://waaruns/{name}",
        "started": 1_714_557_600.0,
        "ended": 1_714_559_400.0,
        "makespan_s": 1800.0,
        "simulated": True,
        "expected": 154,
        "scored": 148,
        "infrastructure": 5,
        "missing": 1,
        "successes": successes,
        "rate": successes / 148,
        "interval": _interval(0.4, 0.6),
        "mean": 0.5,
        "worst_case": 0.47,
        "best_case": 0.54,
        "cost_usd": 14.2,
        "cost_per_success_usd": 14.2 / successes,
        "retries": 9,
        "attempts": 163,
        "causes": {"arena": 5},
        "agent": "navi",
        "model": "gpt-4o",
    }


def _domain(number: int, name: str) -> dict[str, Any]:
    difference = (0.24, 0.17, -0.06, 0.21, 0.0, 0.2)[number]
    return {
        "domain": name,
        "tasks": 24 - number,
        "gained": 5 - number // 2,
        "lost": number // 2,
        "difference": difference,
        "p": min(1.0, 0.18 + number * 0.2),
        "baseline_rate": 0.4,
        "candidate_rate": 0.4 + difference,
    }


def _task(number: int) -> dict[str, Any]:
    kind = "lost" if number < 8 else "gained"
    won = {"trials": 1, "scored": 1, "successes": 1, "score": 1.0, "status": "scored"}
    zero = {**won, "successes": 0, "score": 0.0}
    first, second = (won, zero) if kind == "lost" else (zero, won)
    return {
        "domain": DOMAINS[number % len(DOMAINS)],
        "name": f"demo-task-{number:02d}",
        "kind": kind,
        "baseline": {**first, "cause": None},
        "candidate": {**second, "cause": "timeout" if kind == "lost" and number % 3 else None},
    }


def _unlike(key: str, before: str, after: str, kind: str) -> dict[str, Any]:
    return {"key": key, "baseline": [before], "candidate": [after], "kind": kind}


def _published() -> dict[str, Any]:
    return {
        "run": "planner-v2",
        "name": "Windows Agent Arena, Navi",
        "verdict": "better",
        "sentence": "79 of 148 against 19.5% published: a large difference.",
        "groups": [
            {
                "group": "All",
                "tasks": 154,
                "scored": 148,
                "successes": 79,
                "rate": 0.534,
                "published_rate": 0.195,
                "difference": 0.339,
                "interval": _interval(0.24, 0.43),
                "p": 0.0000004,
            }
        ],
        "warnings": [],
    }
