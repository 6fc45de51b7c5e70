#!/usr/bin/env python3
"""Prints what becomes of a fleet when its orchestrator is killed, and when anything goes wrong.

All tables are of fakes of Azure and GitHub that the real SDKs and the installed command talk to;
the attacks are on real processes of ``waa-matrix run``, over directories and a real Azurite.
Exit status 1 when anything is left over, when another run's machine was touched, when a fault is
answered otherwise than it should be, when a refusal costs more than its scope, when a healthy
machine is deleted because a listing lags or a clock is off, or when an outage costs more than half
an hour a machine, or when an attack on a run loses or doubles a task, breaks its bound or leaves
anything.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.fleet.lagging import Found as Lagged

_FAULTS = "{:<52}{:>10}{:>10}{:>10}{:>8}{:>9}{:>6}"
_CODES = "{:<58}{:<14}{:<11}{:>10}{:>10}{:>13}{:>7}{:>8}{:>9}{:>8}{:>6}{:>5}"
_KILLS = "{:<26}{:>8}{:>8}{:>10}{:>10}{:>6}{:>9}"
_LAGS = "{:<34}" + 5 * "{:>10}"
_ATTACKS = "{:<42}{:>6}{:>9}{:>8}{:>8}{:>9}{:>6}"
_OUTAGES = "{:<42}{:>6}{:>10}{:>8}{:>8}{:>8}{:>8}{:>6}"

Row = TypeVar("Row")
Played = TypeVar("Played")


@click.command()
@click.option("--machines", type=int, default=4, show_default=True, help="Of the killed fleet.")
@click.option("--lanes", type=int, default=2, show_default=True, help="Points or rows at a time.")
@click.option(
    "--only",
    type=click.Choice(["kills", "faults", "codes", "lags", "outages", "attacks"]),
    default=None,
    help="One of the tables.  [default: all]",
)
@click.option("--codes", default="", help="Of the table of codes only those that begin so.")
@click.option("--part", is_flag=True, help="Of lags, outages and attacks, what the tests play.")
def main(machines: int, lanes: int, only: str | None, codes: str, *, part: bool) -> None:
    """Print the tables."""
    tables: dict[str, Callable[[], bool]] = {
        "kills": lambda: kills(machines, lanes),
        "faults": faults,
        "codes": lambda: refusals(codes),
        "lags": lambda: lags(lanes, part=part),
        "outages": lambda: outages(lanes, part=part),
        "attacks": lambda: attacks(part=part),
    }
    holds = [print_table() for name, print_table in tables.items() if only in (None, name)]
    sys.exit(0 if all(holds) else 1)


def kills(machines: int, lanes: int) -> bool:
    """Print what became of every kill point; return whether all of them are clean."""
    from tests.fleet.killing import PHASES, kill_points, summary

    click.echo(f"Every kill point, {machines} machines (simulated cloud; its listings lag)")
    click.echo(_KILLS.format("", "before", "after", "orphaned", "2 sweeps", "left", "others'"))
    killed, bad = 0, []
    for phase in PHASES:
        points = kill_points(phase, machines, lanes)
        entry = summary(phase, points)
        figures = (
            entry.before,
            entry.after,
            entry.orphaned,
            entry.second_sweeps,
            entry.left,
            entry.lost,
        )
        click.echo(_KILLS.format(phase.name, *figures))
        killed += entry.before + entry.after
        bad += [point for point in points if point.call and not point.clean]
        bad += [point for point in points if not point.call and entry.gaps]
    for point in bad:
        click.echo(f"  {point.at} {point.when}: {point.call} {point.left} {point.lost}")
    verdict = "FAIL" if bad else "ok  "
    click.echo(f"{verdict} {killed} kill points, none left out: {len(bad)} <= 0 unclean")
    return not bad


def faults() -> bool:
    """Print how each phase ended with each fault; return whether all are as they must be."""
    from tests.fleet.faulting import LAUNCHES_LIMIT, Phase, outcome, wrongs
    from tests.fleet.rows import ROWS

    click.echo(
        "\nEvery fault in each phase: exit code, + when it is the right one; - no such request"
    )
    click.echo(_FAULTS.format("", *Phase, "launches", "left"))
    cells, bad = 0, []
    for row in ROWS:
        result = {phase: outcome(row, phase) for phase in Phase if phase in row.ends}
        wrong = {phase: list(wrongs(row, phase, entry)) for phase, entry in result.items()}
        codes = [
            f"{result[phase].code} {'FAIL' if wrong[phase] else '+'}" if phase in result else "-"
            for phase in Phase
        ]
        most = max(entry.launches for entry in result.values())
        left = sum(len(entry.after) for entry in result.values())
        click.echo(_FAULTS.format(row.name, *codes, most, left))
        cells += len(result)
        bad += [f"{row.name}, {phase}: {'; '.join(w)}" for phase, w in wrong.items() if w]
    for line in bad:
        click.echo(f"  {line}")
    verdict = "FAIL" if bad else "ok  "
    click.echo(f"{verdict} {cells} faults met: {len(bad)} <= 0 wrong; launches <= {LAUNCHES_LIMIT}")
    return not bad


def refusals(prefix: str) -> bool:
    """Print what each code of Azure's costs at each moment; return whether none costs more."""
    from orchestrator.compute.azure_vm.codes import CODES
    from tests.fleet.coded import UNKNOWN, Moment, met, wrongs

    click.echo(
        "\nEvery code of Azure's table at each moment: exit code, + when it is the right one"
    )
    last = ("creates", "launched", "minutes", "USD", "left")
    click.echo(_CODES.format("", "scope", "action", *Moment, *last))
    cells, bad = 0, []
    for code in (*CODES, UNKNOWN):
        if not code.code.startswith(prefix):
            continue
        result = {moment: met(code, moment) for moment in Moment}
        wrong = {moment: list(wrongs(code, moment, entry)) for moment, entry in result.items()}
        ends = [f"{result[moment].code} {'FAIL' if wrong[moment] else '+'}" for moment in Moment]
        every = result.values()
        click.echo(
            _CODES.format(
                code.code,
                code.scope,
                code.action,
                *ends,
                max(entry.asked for entry in every),
                max(entry.launches for entry in every),
                f"{max(entry.minutes for entry in every):.0f}",
                f"{max(entry.usd for entry in every):.2f}",
                sum(len(entry.left) for entry in every),
            )
        )
        cells += len(result)
        bad += [f"{code.code}, {moment}: {'; '.join(w)}" for moment, w in wrong.items() if w]
    for line in bad:
        click.echo(f"  {line}")
    click.echo(f"{'FAIL' if bad else 'ok  '} {cells} refusals met: {len(bad)} <= 0 wrong")
    return not bad


def lags(lanes: int, *, part: bool) -> bool:
    """Print what late listings and a wrong clock cost; return whether no healthy machine did."""
    from tests.fleet import lagging

    cells = lagging.covering() if part else lagging.EVERY
    click.echo(
        f"\nListings that lag and a hosted clock that is off, {lagging.MACHINES} machines of which "
        "one dies: healthy machines deleted / replaced / runs cancelled"
    )
    heads = [f"{minutes:+d} min" for minutes in lagging.CLOCKS_MIN]
    click.echo(_LAGS.format("Azure's, GitHub's list, late by", *heads))
    result = _played(lagging.played, cells, lanes)
    bad = []
    for azure in lagging.LAGS_S:
        for github in lagging.LAGS_S:
            rows = [cell for cell in cells if (cell.azure_s, cell.github_s) == (azure, github)]
            shown = [
                _lag_cell([result[cell] for cell in rows if cell.clock_min == minutes])
                for minutes in lagging.CLOCKS_MIN
            ]
            click.echo(_LAGS.format(f"{azure:.0f} s, {github:.0f} s", *shown))
            bad += [f"{cell}: {wrong}" for cell in rows for wrong in result[cell].wrongs(cell)]
    for line in bad:
        click.echo(f"  {line}")
    dead = len(cells)
    replaced = sum(seen.replaced for seen in result.values())
    verdict = "FAIL" if bad else "ok  "
    click.echo(f"{verdict} {dead} runs: {len(bad)} <= 0 wrong; {replaced} replaced for {dead} dead")
    return not bad


def _lag_cell(outcomes: Sequence[Lagged]) -> str:
    """Return the figures of the runs of one cell: of each time of death."""
    if not outcomes:
        return "-"
    slain = sum(len(seen.slain) for seen in outcomes)
    replaced = sum(seen.replaced for seen in outcomes)
    cancelled = sum(seen.cancelled for seen in outcomes)
    return f"{slain}/{replaced}/{cancelled}"


def outages(lanes: int, *, part: bool) -> bool:
    """Print what outages cost, and what is left; return whether each keeps its bound."""
    from tests.fleet import outages as module

    rows = module.covering() if part else module.ROWS
    click.echo(
        f"\nOutages, {module.MACHINES} machines of {module.JOB_S / 60:.0f} minutes' work: "
        "billed minutes <= 1.3 x needed + 30 a machine"
    )
    click.echo(_OUTAGES.format("", "exit", "machines", "needed", "billed", "bound", "USD", "left"))
    result = _played(module.played, rows, lanes)
    bad = []
    for row in rows:
        seen = result[row]
        wrong = list(seen.wrongs())
        name = f"{row.side}, {row.minutes} min, at {row.phase}{' FAIL' if wrong else ''}"
        minutes = [f"{m:.0f}" for m in (seen.needed_min, seen.billed_min, seen.bound_min)]
        usd = f"{seen.usd:.2f}"
        click.echo(_OUTAGES.format(name, seen.code, seen.machines, *minutes, usd, len(seen.left)))
        bad += [f"{name}: {text}" for text in wrong]
    for line in bad:
        click.echo(f"  {line}")
    click.echo(f"{'FAIL' if bad else 'ok  '} {len(rows)} outages: {len(bad)} <= 0 wrong")
    return not bad


def attacks(*, part: bool) -> bool:
    """Print what became of each attack on a run; return whether nothing was lost or left."""
    from tests.attacks import rows as module
    from tests.fakes.azurite import running
    from tests.tiers import missing

    click.echo(
        f"\nAttacks on a run of {module.TASKS} tasks on {module.WORKERS} workers of this machine: "
        "seconds to its last process, tasks scored then and once it was resumed"
    )
    click.echo(_ATTACKS.format("", "exit", "seconds", "bound", "scored", "resumed", "left"))
    away = {tier: missing(tier) for tier in ("azurite", "docker")}
    rows = [row for row in module.EVERY if not part or row.name in module.PART]
    bad, count = [], 0
    with ExitStack() as over:
        scratch = Path(over.enter_context(tempfile.TemporaryDirectory()))
        azurite = None if away["azurite"] else over.enter_context(running(scratch))
        for row in rows:
            why = away["azurite"] if row.blobs else away["docker"] if row.docker else ""
            if why:
                click.echo(f"{row.name:<42} not played: {why}")
                continue
            seen = module.played(row, azurite)
            wrong = list(seen.wrongs(row))
            name = f"{row.name}{' FAIL' if wrong else ''}"
            ended = "-" if seen.code is None else seen.code
            figures = (f"{seen.seconds:.1f}", f"{row.bound_s:.0f}", seen.scored, seen.again)
            click.echo(_ATTACKS.format(name, ended, *figures, len(seen.left)))
            count += 1
            bad += [f"{row.name}: {text}" for text in wrong]
    for poison in module.POISONS:
        killed, budget, unscored = module.poisoned(poison)
        death = "is proved" if poison.proven else "is silence"
        name = f"poison task, {poison.workers} workers, their death {death}"
        click.echo(f"{name:<55} {killed} workers killed, {budget} allowed; {unscored} unscored")
        count += 1
        bad += [name] if (killed, unscored) != (budget, 0) else []
    for line in bad:
        click.echo(f"  {line}")
    click.echo(f"{'FAIL' if bad else 'ok  '} {count} attacks: {len(bad)} <= 0 wrong")
    return not bad


def _played(play: Callable[[Row], Played], rows: Sequence[Row], lanes: int) -> dict[Row, Played]:
    """Play rows in processes of their own, and say on a terminal how far it is."""
    with ProcessPoolExecutor(lanes) as pool:
        shown = pool.map(play, rows)
        with click.progressbar(shown, length=len(rows), file=sys.stderr) as bar:
            return dict(zip(rows, bar, strict=True))


if __name__ == "__main__":
    main()
