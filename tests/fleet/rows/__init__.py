"""What can go wrong with a fleet, one row each, and how each phase that meets it must end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fleet.rows.cloud import cloud_rest
from tests.fleet.rows.creates import passing_creates, refused_creates, stopping_creates
from tests.fleet.rows.github import mints, runners_and_jobs
from tests.fleet.rows.machines import machines

if TYPE_CHECKING:
    from tests.fleet.faulting import Row

ROWS: tuple[Row, ...] = (
    *refused_creates(),
    *stopping_creates(),
    *passing_creates(),
    *cloud_rest(),
    *mints(),
    *runners_and_jobs(),
    *machines(),
)
