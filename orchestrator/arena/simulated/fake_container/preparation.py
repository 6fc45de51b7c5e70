"""A task's reset and set-up, as they are logged: what is closed, cleaned, fetched and opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .phrases import BROWSER_RETRY, EXECUTED, FRAMES, REVERTING, SETUP_LOGGED
from .stage import RESET_SHARE, EpisodeError, at, raise_if, strike

if TYPE_CHECKING:
    from .stage import Episode

_DOWNLOAD_SHARE = 0.03
_DOWNLOAD = b"PK\x03\x04 a whole download \x50\x4b\x05\x06"


def reset(episode: Episode) -> None:
    """Close windows, clean files, set the task up, and take the first observation."""
    journal, faults = episode.journal, episode.faults
    journal.info("desktop_env/245", "Resetting environment...")
    journal.error("desktop_env/260", REVERTING)
    if "reset-line" in faults:
        journal.error("setup/367", faults["reset-line"].text)
    journal.info("desktop_env/265", "Starting emulator...")
    journal.info("desktop_env/276", "Setting task info...")
    journal.info("desktop_env/285", "Setting up environment...")
    _download(episode)
    raise_if(episode, "reset-error")
    raise_if(episode, "wrapped-reset")
    at(episode, RESET_SHARE)
    _set_up(episode)
    journal.info("desktop_env/288", "Environment setup complete.")
    if "no-observation" not in faults:
        episode.record.first()


def _set_up(episode: Episode) -> None:
    journal, faults = episode.journal, episode.faults
    if "setup-logged" in faults:
        journal.error("setup/258", SETUP_LOGGED)
        journal.info("setup/62", "SETUP: _launch_setup({'command': ['winword']})")
    if "setup-line" in faults:
        journal.error("setup/351", faults["setup-line"].text)
    if "setup-retry" in faults:
        for number in (1, 2):
            journal.error("setup/484", BROWSER_RETRY.format(number))
        journal.info("setup/62", "SETUP: _chrome_open_tabs_setup({'urls_to_open': ['https://a']})")
    if "execute-retry" in faults:
        for _ in range(2):
            journal.error("setup/296", SETUP_LOGGED)
        journal.info("setup/290", EXECUTED)
        journal.info("setup/62", "SETUP: _execute_setup({'until': {'returncode': 0}})")


def _download(episode: Episode) -> None:
    """Fetch into ``cache/<id>``; a file that is there is trusted, however short."""
    path = Path("cache") / episode.name / "document.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    if "truncated-cache" in episode.faults:
        path.write_bytes(_DOWNLOAD[:9])
    if not path.exists():
        path.write_bytes(_DOWNLOAD[:9])
        at(episode, _DOWNLOAD_SHARE)
        strike(episode, 0)
        path.write_bytes(_DOWNLOAD)
    if path.read_bytes() != _DOWNLOAD:
        raise EpisodeError(FRAMES["truncated-cache"])
