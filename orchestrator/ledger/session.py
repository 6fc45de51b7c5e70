"""Opens a run: its plan, written once, and a session, written each time it starts."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from orchestrator.errors import BadInputError, Problem
from orchestrator.ledger import paths
from orchestrator.ledger.reader import read_plan
from orchestrator.ledger.records import Session, to_json
from orchestrator.planning.plan_file import differences

if TYPE_CHECKING:
    from orchestrator.planning.plan import Plan
    from orchestrator.store import Store


def open_session(store: Store, plan: Plan, session: Session) -> None:
    """Probe the store, write the plan if it is new, and the session.

    Raises:
        BadInputError: The run exists with another plan; every difference is named.
        StoreError: The store refuses, or does not honour create-only puts.
    """
    nonce = secrets.token_hex(8)
    store.probe(paths.trial_write(session.session, nonce), nonce)
    if not store.create(paths.PLAN, plan.to_json()):
        _check_same(store, plan)
    store.create(paths.session(session.session), to_json(session))


def _check_same(store: Store, plan: Plan) -> None:
    there = read_plan(store)
    if there.digest == plan.digest:
        return
    fix = "Resume with the same settings, or start a new run elsewhere."
    raise BadInputError([Problem(store.url, line, fix) for line in differences(plan, there)])
