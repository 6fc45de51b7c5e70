"""A store that answers a create with a conflict and writes nothing."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import StoreError
from orchestrator.store import Store, StoreCredentials, open_store
from tests.fakes.azurite import ACCOUNT, KEY
from tests.fakes.blob_front import TAKEN, Trouble, always, front_of, once
from tests.fakes.s3 import CONFLICT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.azurite import Azurite
    from tests.fakes.blob_front import Front
    from tests.fakes.s3 import S3


def on_s3(s3: S3) -> Store:
    return s3.open(f"run-{secrets.token_hex(4)}")


@pytest.fixture(params=["s3", pytest.param("azurite", marks=pytest.mark.azurite)])
def conflicting(request: pytest.FixtureRequest) -> Iterator[tuple[Store, Front, Trouble]]:
    """Yield a store, what stands before it, and the answer by which it refuses as taken."""
    if request.param == "s3":
        s3: S3 = request.getfixturevalue("s3")
        yield on_s3(s3), s3.front, CONFLICT
        s3.front.clear()
        return
    azurite: Azurite = request.getfixturevalue("azurite")
    run = f"conflict-{secrets.token_hex(4)}"
    azurite.open(run)
    with front_of(azurite.port) as front:
        url = f"az://{ACCOUNT}?endpoint=http://127.0.0.1:{front.port}/{ACCOUNT}"
        yield open_store(url, run, StoreCredentials(key=KEY), timeout_s=5), front, TAKEN


def test_a_create_refused_once_as_taken_where_nothing_is_is_made_again(
    conflicting: tuple[Store, Front, Trouble],
) -> None:
    store, front, refusal = conflicting
    front.trouble = once(refusal, "PUT")
    assert store.create("claims/a.json", b"mine")
    assert store.get("claims/a.json") == b"mine"
    assert not store.create("claims/a.json", b"theirs")


def test_a_create_always_refused_as_taken_where_nothing_is_is_an_error_that_says_so(
    conflicting: tuple[Store, Front, Trouble],
) -> None:
    store, front, refusal = conflicting
    front.trouble = lambda verb, _path: refusal if verb == "PUT" else None
    with pytest.raises(StoreError, match=r"claims/a\.json.*taken.*nothing is there"):
        store.create("claims/a.json", b"mine")
    front.clear()
    assert store.get("claims/a.json") is None


def test_a_mark_that_met_a_conflict_is_made_again(s3: S3) -> None:
    store = on_s3(s3)
    s3.front.trouble = once(CONFLICT, "PUT")
    store.mark("touched/a.json", b"mark")
    assert store.get("touched/a.json") == b"mark"


def test_a_mark_that_always_meets_a_conflict_is_an_error(s3: S3) -> None:
    store = on_s3(s3)
    s3.front.trouble = always(CONFLICT)
    with pytest.raises(StoreError, match="could not create touched/a"):
        store.mark("touched/a.json", b"mark")
    s3.front.clear()
