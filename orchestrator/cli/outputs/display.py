"""The live display of a run, from its ledger: in ``run``, and in ``watch`` from anywhere.

On a terminal a table that redraws itself; elsewhere a plain line now and then. A view judges
nothing: it shows what workers said and how long ago they said it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from orchestrator.errors import StoreError
from orchestrator.ledger.progress import view
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.text import Text

    from orchestrator.ledger.progress import View, WorkerRow
    from orchestrator.ledger.reader import LedgerReader

SIMULATED = "SIMULATED: no Windows is involved"

_LIVE_S = 0.5
_PLAIN_S = 5.0
_SILENT_S = 60.0


class Display:
    """Shows a run while it goes on. Use as a context manager; ``refresh`` as often as you like."""

    def __init__(self, screen: Console, reader: LedgerReader, wall: Callable[[], float]) -> None:
        self._screen, self._reader, self._wall = screen, reader, wall
        self._live: Live | None = None
        self._next = 0.0
        self._trouble = ""

    def __enter__(self) -> Self:
        """Start drawing, on a terminal."""
        if self._screen.is_terminal and not self._screen.is_dumb_terminal:
            from rich.live import Live

            self._live = Live(console=self._screen, auto_refresh=False, transient=False)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing."""
        if self._live is not None:
            self._live.stop()

    @property
    def interval_s(self) -> float:
        """Seconds from one look to the next."""
        return _LIVE_S if self._live is not None else _PLAIN_S

    def refresh(self, *, final: bool = False) -> View | None:
        """Show the run, if it is time to; return what was shown. A store that fails is told of."""
        now = self._wall()
        if now < self._next and not final:
            return None
        self._next = now + self.interval_s
        try:
            return self.show()
        except StoreError as error:
            self.say_once(f"warning: {error}")
            return None

    def show(self) -> View:
        """Read the ledger, draw, and return what was drawn.

        Raises:
            StoreError: The ledger could not be read.
        """
        current = view(self._reader.plan, self._reader.snapshot(), self._wall())
        if self._live is not None:
            self._live.update(draw(current), refresh=True)
        else:
            self._screen.print(plain_line(current), markup=False, soft_wrap=True)
        return current

    def say_once(self, trouble: str) -> None:
        """Print a line above what is drawn, unless it was the last to be printed so."""
        if trouble != self._trouble:
            self._trouble = trouble
            self._screen.print(clean(trouble), markup=False, soft_wrap=True)


def plain_line(current: View) -> str:
    """Return a run as one line."""
    parts = [
        f"{current.settled}/{current.expected} tasks",
        f"{current.scored} scored",
        f"{current.failed} lost to infrastructure",
        f"{current.running} running",
        f"{len(current.workers)} workers",
        f"{_clock(current.elapsed_s)} elapsed",
    ]
    if current.mean is not None:
        parts.append(f"mean {current.mean:.1%} so far")
    if current.eta_s is not None and current.settled < current.expected:
        parts.append(f"about {_clock(current.eta_s)} to go")
    if current.usd is not None:
        parts.append(f"{current.usd:.2f} USD so far")
    return ("[simulated] " if current.simulated else "") + ", ".join(parts)


def plain_lines(current: View) -> list[str]:
    """Return a run as lines: one for all of it, then one for each worker."""
    return [plain_line(current), *(_plain_row(row) for row in current.workers)]


def _plain_row(row: WorkerRow) -> str:
    parts = [row.worker, row.phase, row.task, _clock(row.for_s), f"{row.done}/{row.assigned}"]
    said = _silence(row)
    return "  ".join(part for part in (*parts, said) if part)


def _silence(row: WorkerRow) -> str:
    """Return since when a worker has said nothing, if that is long, or what it said last."""
    return f"silent {row.silent_s:.0f} s" if row.silent_s > _SILENT_S else row.note


def draw(current: View) -> RenderableType:
    """Return a run as a table with a bar."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, expand=True)
    for heading in _COLUMNS:
        # Only a column that may wrap is made narrower; what it holds is cut off and never wraps.
        table.add_column(heading, no_wrap=heading not in _SHORTENED)
    for row in current.workers:
        attempt = f" (attempt {row.attempt})" if row.attempt > 1 else ""
        table.add_row(
            _shortened(row.worker),
            Text(row.phase),
            _shortened(row.task + attempt),
            _clock(row.for_s),
            f"{row.done}/{row.assigned}",
            _shortened(_silence(row), style="yellow"),
        )
    bar = Table.grid(expand=True)
    bar.add_row(ProgressBar(total=max(current.expected, 1), completed=current.settled))
    banner = [Text(SIMULATED, style="bold yellow")] if current.simulated else []
    return Group(*banner, table, bar, Text(_foot(current)))


_COLUMNS = ("worker", "phase", "task", "for", "done/assigned", "")
_SHORTENED = ("worker", "task", "")


def _shortened(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _foot(current: View) -> str:
    import datetime as dt

    text = plain_line(current)
    if current.ends_at is None or current.settled >= current.expected:
        return text
    end = dt.datetime.fromtimestamp(current.ends_at).astimezone()
    return f"{text}, predicted end {end:%H:%M:%S}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
