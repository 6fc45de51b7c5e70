"""The one taxonomy of failures of what lies elsewhere: a cloud, GitHub, a store.

A kind says why, a scope how far it reaches, an action what to do about it. Whoever talks to the
other side judges its reply once; everybody else decides by the kind, never by a sentence.
"""

from __future__ import annotations

from enum import StrEnum


class FailureKind(StrEnum):
    """Why the other side refused, or did not answer."""

    CAPACITY = "capacity"  # no room there now
    QUOTA = "quota"  # a limit of the subscription's
    UNSUITABLE = "unsuitable"  # this size or this region refuses whatever is tried
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    BROKEN = "broken"  # this machine failed; nothing is said of the next
    UNKNOWN = "unknown"  # a code that is in no table, or that has several meanings
    CONFIGURATION = "configuration"
    CREDENTIALS = "credentials"
    NOT_FOUND = "not-found"  # a success, when deleting it
    CONFLICT = "conflict"  # it is in another state than the call needs


class Scope(StrEnum):
    """How far a refusal reaches: what has to be another for the next create to be granted."""

    MACHINE = "machine"
    ZONE = "zone"
    SIZE = "size"
    FAMILY = "family"  # every size that shares its quota
    SPOT = "spot"  # spot machines of the region
    REGION = "region"
    SUBSCRIPTION = "subscription"
    RUN = "run"  # what every create of the run has in common


class Action(StrEnum):
    """What to do about a failure."""

    REPEAT = "repeat"  # the same call may be answered otherwise later
    REPLACE = "replace"  # this machine is given up; another may be tried at the same place
    ELSEWHERE = "elsewhere"  # the scope is left alone, and the next zone, size or region tried
    STOP = "stop"  # nothing more is launched
    JUDGE = "judge"  # the caller knows what it means of the thing it asked for


STOPS_THE_RUN = frozenset({FailureKind.CONFIGURATION, FailureKind.CREDENTIALS})
"""Kinds that no other size, zone or region escapes: nothing more is launched."""

RETRIED = frozenset({FailureKind.THROTTLED, FailureKind.TRANSIENT})
"""Kinds for which the same call may succeed later."""

_GIVEN_UP = frozenset({FailureKind.BROKEN, FailureKind.UNKNOWN})
_JUDGED = frozenset({FailureKind.NOT_FOUND, FailureKind.CONFLICT})


def action_for(kind: FailureKind) -> Action:
    """Return what to do about failures of a kind."""
    if kind in RETRIED:
        return Action.REPEAT
    if kind in STOPS_THE_RUN:
        return Action.STOP
    if kind in _JUDGED:
        return Action.JUDGE
    return Action.REPLACE if kind in _GIVEN_UP else Action.ELSEWHERE
