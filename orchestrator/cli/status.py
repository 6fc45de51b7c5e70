"""``waa-matrix status`` and ``watch``: where a run stands, from its ledger alone."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from orchestrator.cli.command import command
from orchestrator.cli.inputs.run_store import readable
from orchestrator.cli.inputs.waiting import Waiting
from orchestrator.cli.options.output import AsJson, Colours
from orchestrator.cli.options.store import StoreOptions, located
from orchestrator.cli.options.values import argument, option, option_values
from orchestrator.cli.outputs.terminal import console
from orchestrator.errors import EXIT_COMPLETE, EXIT_INCOMPLETE, StoreError
from orchestrator.store import WATCH_PATIENCE

if TYPE_CHECKING:
    from orchestrator.ledger.progress import View
    from orchestrator.ledger.reader import LedgerReader

_TIMEOUT_S = 30.0
_LEASES = 3
"""After so many leases of silence, seen by this process, nobody is at work for anybody."""

_DESERTED = (
    "No worker has said anything for {}: watching ends here. If they are gone, go on with the "
    "run's --resume; if the machine slept, watch again."
)
_SCREEN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_SCREEN_KINDS = frozenset({"png", "jpg", "jpeg", "webp"})


@option_values
class RunPlace:
    """A run by its directory, or by its store and name."""

    store: StoreOptions
    out: Annotated[str | None, argument(type=click.Path(file_okay=False))] = None


@option_values
class StatusOptions:
    """Which run, and how its state is printed."""

    place: RunPlace
    output: AsJson
    colours: Colours


@option_values
class WatchOptions:
    """Which run, and what is kept of it."""

    place: RunPlace
    screens: Annotated[
        str | None,
        option(
            "--screens",
            type=click.Path(file_okay=False),
            help="Keep each worker's latest here.",
        ),
    ] = None
    colours: Colours


def _reader(place: RunPlace) -> LedgerReader:
    from orchestrator.ledger.reader import LedgerReader

    url, name = located(place.out, place.store.store, place.store.run_name)
    return LedgerReader(readable(url, name, place.store.trust.store_ca, _TIMEOUT_S))


@command(StatusOptions)
def status(options: StatusOptions) -> int:
    """Show where a run stands: OUT is its directory, or name its --store and --run.

    Exits 0 when every task is scored, 1 otherwise.

    \b
    Example:
      waa-matrix status demo-run
      waa-matrix status --store az://myaccount --run 9876543210 --json
    """
    from orchestrator.cli.outputs.display import draw, plain_lines
    from orchestrator.ledger.progress import view

    reader = _reader(options.place)
    now = time.time()
    current = replace(view(reader.plan, reader.snapshot(), now), usd=_spent(reader, now))
    if options.output.as_json:
        click.echo(json.dumps(asdict(current), indent=1))
    elif (screen := console(no_color=options.colours.no_color)).is_dumb_terminal:
        screen.print("\n".join(plain_lines(current)), markup=False, soft_wrap=True)
    else:
        screen.print(draw(current))
    return EXIT_COMPLETE if current.scored == current.expected else EXIT_INCOMPLETE


def _spent(reader: LedgerReader, now: float) -> float | None:
    """Return US dollars that the run's machines cost until now, None when it has none."""
    from orchestrator.ledger.events import read_events
    from orchestrator.report.model.fleet import FleetEvents, spent_so_far

    events, _damage = read_events(reader.events())
    return spent_so_far(FleetEvents(events, now))


@command(WatchOptions)
def watch(options: WatchOptions) -> int:
    """Follow a run live, from another terminal or another machine, or look at one that is over.

    \b
    Example:
      waa-matrix watch demo-run --screens latest
    """
    from orchestrator.cli.outputs.display import Display
    from orchestrator.ledger.silence import Silence
    from orchestrator.report.phrases.amounts import span_of_time

    reader, screens = _reader(options.place), options.screens
    with Display(console(no_color=options.colours.no_color), reader, time.time) as display:
        waiting = Waiting(say=display.say_once, patience=WATCH_PATIENCE)
        silence = Silence(reader.store, time.monotonic)
        current, silent_s, patience_s = (
            waiting.out(display.show),
            0.0,
            _LEASES * reader.plan.lease_s,
        )
        while current.workers and silent_s < patience_s:
            if screens is not None:
                _keep_screens(reader, current, Path(screens))
            time.sleep(display.interval_s)
            current = waiting.out(display.show)
            silent_s = min(silence.of(row.worker for row in current.workers).values(), default=0.0)
        if screens is not None:
            _keep_screens(reader, current, Path(screens))
    if current.workers:
        click.echo(_DESERTED.format(span_of_time(silent_s)))
    return EXIT_COMPLETE


def _keep_screens(reader: LedgerReader, current: View, directory: Path) -> None:
    """Write each worker's latest screenshot as ``<worker>.png`` or what kind it is of.

    One that is missing is passed over; the one before it goes when it was of another kind.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for row in current.workers:
        # A worker's id and its screenshot's name come from the ledger: neither may lead elsewhere.
        if not row.screenshot or not _SCREEN_NAME.match(row.worker):
            continue
        try:
            data = reader.store.get(row.screenshot)
        except StoreError:
            continue  # the display says so; the next round tries again
        if data is not None:
            kind = row.screenshot.rpartition(".")[2].lower()
            shown = kind if kind in _SCREEN_KINDS else "png"
            for other in _SCREEN_KINDS - {shown}:
                (directory / f"{row.worker}.{other}").unlink(missing_ok=True)
            (directory / f"{row.worker}.{shown}").write_bytes(data)
