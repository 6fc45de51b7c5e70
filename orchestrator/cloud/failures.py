"""What a cloud's refusal means for the fleet, whichever cloud it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestrator.errors import MatrixError
from orchestrator.masking import masked_head

if TYPE_CHECKING:
    from collections.abc import Mapping

_MESSAGE_LIMIT = 500
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\u1fff\u2030-\u205f\u2070-\ud7ff\uf900-\ufffd]+")
# Encoded payloads, tokens and keys run on without a break; no machine name is longer than 64. A
# run that starts after a slash or a word is part of a path, and stays readable.
_OPAQUE_RUN = re.compile(r"(?<![\w/.-])[A-Za-z0-9+][A-Za-z0-9+/_=.-]{64,}")


class FailureKind(StrEnum):
    """What to do about a failure."""

    CAPACITY = "capacity"
    QUOTA = "quota"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    CONFIGURATION = "configuration"
    CREDENTIALS = "credentials"


class QuotaScope(StrEnum):
    """Which limit a quota failure hit, and so what escapes it."""

    REGION = "region"  # every size of the region shares it: another region
    FAMILY = "family"  # another size family
    SPOT = "spot"  # its own limit: regular machines, or another region


STOPS_THE_RUN = frozenset({FailureKind.CONFIGURATION, FailureKind.CREDENTIALS})
"""Kinds that no other size, zone or region escapes: nothing more is launched."""

RETRIED = frozenset({FailureKind.THROTTLED, FailureKind.TRANSIENT})
"""Kinds for which the same call may succeed later."""

_ADVICE: Mapping[FailureKind, str] = {
    FailureKind.CAPACITY: "No room for this size here: use another zone, size or region.",
    FailureKind.QUOTA: "Waiting does not help: use another family or region, or fewer machines.",
    FailureKind.THROTTLED: "Too many calls: wait as long as was asked and try again.",
    FailureKind.TRANSIENT: "Likely to pass: the same call may be made again.",
    FailureKind.CONFIGURATION: "The request or set-up is wrong: a retry cannot help, correct it.",
    FailureKind.CREDENTIALS: "The identity was refused: check login, roles and subscription.",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One refusal, classified.

    ``code`` is the cloud's own word for it; ``message`` is the cloud's text, bounded, printable and
    free of encoded payloads. ``retry_after_s`` is what the cloud asked to wait. ``quota`` is set
    for quota failures only.
    """

    kind: FailureKind
    code: str
    message: str
    retry_after_s: float | None = None
    quota: QuotaScope | None = None

    def __str__(self) -> str:
        said = f"{self.code}: {self.message}" if self.message else self.code
        return f"{said.rstrip('.')}. {_ADVICE[self.kind]}"


class CloudError(MatrixError):
    """A call to the cloud failed, after the retries that its kind allows."""

    def __init__(self, failure: Failure, *, during: str = "") -> None:
        self.failure = failure
        self.during = during
        super().__init__(f"{during}: {failure}" if during else str(failure))

    @property
    def kind(self) -> FailureKind:
        """What to do about it."""
        return self.failure.kind

    @property
    def stops_the_run(self) -> bool:
        """Whether nothing more may be launched after this."""
        return self.kind in STOPS_THE_RUN


def printable(text: str) -> str:
    """Return a cloud's text as one bounded line, without control characters or encoded payloads."""
    line = " ".join(_UNPRINTABLE.sub(" ", masked_head(text, 8 * _MESSAGE_LIMIT)).split())
    line = _OPAQUE_RUN.sub("[…]", line)
    return line if len(line) <= _MESSAGE_LIMIT else f"{line[: _MESSAGE_LIMIT - 1]}…"
