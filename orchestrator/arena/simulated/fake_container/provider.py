"""The model's provider, as the client's library and its retries make it heard."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .phrases import (
    ANSWERED,
    ANSWERS,
    CONNECTING,
    LIMITED,
    LIMITED_ERROR,
    NOT_CONNECTED,
    PROVIDER_RETRIES,
    PROVIDER_WAITS_S,
    RETRYING,
    gave_up,
)
from .stage import EpisodeError, due

if TYPE_CHECKING:
    from .phrases import Said
    from .script import Fault
    from .stage import Episode


def ask(episode: Episode, done: int) -> None:
    """Ask for the next action, ``done`` steps into the episode; raise when it gives up."""
    if due(episode, "model-401", done):
        _insist(episode, ANSWERS["401"], None)
    if due(episode, "model-error", done):
        fault = episode.faults["model-error"]
        _insist(episode, ANSWERS[fault.text or "503"], fault)
    if due(episode, "model-429", done):
        _limited(episode)


def _insist(episode: Episode, said: Said, fault: Fault | None) -> None:
    """Try thirty times, as tenacity does around the library; an outage may end meanwhile."""
    for count in range(PROVIDER_RETRIES):
        if fault is not None and 0 < fault.until <= time.time():
            episode.journal.info("_client/1038", ANSWERED)
            return
        if said.request:
            episode.journal.info("_client/1038", said.request)
        else:
            episode.journal.detail("_base_client/1012", f"{CONNECTING}\n{NOT_CONNECTED}")
            episode.journal.info("_base_client/1087", RETRYING)
        if said.request and fault is None:
            episode.journal.printed(said.error)
        episode.pace.sleep(PROVIDER_WAITS_S[min(count, len(PROVIDER_WAITS_S) - 1)])
    raise EpisodeError(gave_up(said))


def _limited(episode: Episode) -> None:
    recovers = episode.pace.now() + episode.faults["model-429"].seconds
    while episode.pace.now() < recovers:
        episode.journal.info("_client/1038", LIMITED)
        episode.journal.printed(LIMITED_ERROR)
        episode.pace.sleep(PROVIDER_WAITS_S[3])
    episode.journal.info("_client/1038", ANSWERED)
