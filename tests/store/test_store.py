"""One contract for every store a ledger may live in."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import BadInputError, StoreError, StoreRefusedError
from orchestrator.store import (
    AlreadyThereError,
    Store,
    StoreCredentials,
    UnclearError,
    check_run_name,
    check_store_url,
    open_store,
)
from tests.fakes.azurite import ACCOUNT, KEY
from tests.fakes.blob_front import (
    BUSY,
    CONDITION,
    FORBIDDEN,
    LOST,
    NO_CONTAINER,
    TAKEN,
    UNAUTHENTICATED,
    always,
    front_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.store import Listed
    from tests.fakes.azurite import Azurite
    from tests.fakes.s3 import S3


@pytest.fixture(params=["file", "s3", pytest.param("azurite", marks=pytest.mark.azurite)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "file":
        url = tmp_path.as_uri()
        return open_store(url, "run", StoreCredentials(), timeout_s=10, create=True)
    server: Azurite | S3 = request.getfixturevalue(request.param)
    return server.open(f"run-{secrets.token_hex(4)}")


def test_a_second_create_is_refused_and_changes_nothing(store: Store) -> None:
    assert store.create("claims/a.json", b"mine")
    assert not store.create("claims/a.json", b"theirs")
    assert store.get("claims/a.json") == b"mine"


def test_my_own_create_repeated_is_still_mine(store: Store) -> None:
    assert store.create("claims/a.json", b"mine")
    assert store.create("claims/a.json", b"mine")


def test_a_mark_is_made_once_and_costs_one_request_whoever_makes_it(store: Store) -> None:
    asked: list[str] = []
    watched = store.observed(lambda verb, _path: asked.append(verb))
    for _ in range(3):
        watched.mark("touched/a.json", b"mark")
    assert asked == ["create"] * 3
    assert store.get("touched/a.json") == b"mark"


def test_an_owner_overwrites(store: Store) -> None:
    store.put("workers/w.json", b"one")
    store.put("workers/w.json", b"two")
    assert store.get("workers/w.json") == b"two"


def test_a_listing_has_everything_below_its_prefix_and_nothing_else(store: Store) -> None:
    for path in ("claims/d/a/0/1.json", "claims/d/b/0/1.json", "claimsx/c.json", "left/w.json"):
        store.create(path, b"12345")
    entries = store.list("claims/")
    assert sorted(entry.path for entry in entries) == ["claims/d/a/0/1.json", "claims/d/b/0/1.json"]
    assert {entry.size for entry in entries} == {5}


def test_times_come_from_the_stores_clock_and_do_not_run_back(store: Store) -> None:
    store.create("a/1.json", b"")
    store.create("a/2.json", b"")
    times = {entry.path: entry.modified for entry in store.list("a/")}
    assert times["a/1.json"] <= times["a/2.json"]


def test_what_is_not_there_is_none_and_an_empty_prefix_is_empty(store: Store) -> None:
    assert store.get("left/nobody.json") is None
    assert store.list("left/") == []


def test_a_listing_of_more_than_a_page_is_whole(store: Store) -> None:
    paths = {f"outcomes/d/t{number:04d}/0/1-w.json" for number in range(300)}
    for path in paths:
        store.create(path, b"{}")
    assert {entry.path for entry in store.list("outcomes/")} == paths


def test_the_probe_passes_where_creates_are_exclusive(store: Store) -> None:
    store.probe("control/s/probe.json", "nonce")
    assert store.get("control/s/probe.json") == b"nonce\n"


class Careless:
    """A store that lets a second create through."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_new(self, path: str, data: bytes) -> None:
        self.objects[path] = data

    put = put_new

    def list(self, prefix: str) -> list[Listed]:
        raise NotImplementedError(prefix)

    def get(self, path: str) -> bytes | None:
        return self.objects.get(path)


class Flaky(Careless):
    """A store whose creates take effect, or not, and answer with an error."""

    def __init__(self, *, takes_effect: bool, readable: bool = True) -> None:
        super().__init__()
        self._takes_effect, self._readable = takes_effect, readable

    def put_new(self, path: str, data: bytes) -> None:
        if path in self.objects:
            raise AlreadyThereError(path)
        if self._takes_effect:
            self.objects[path] = data
        raise UnclearError("connection reset")

    def get(self, path: str) -> bytes | None:
        if not self._readable:
            raise UnclearError("connection refused")
        return super().get(path)


def test_the_probe_refuses_a_store_that_lets_a_second_create_through() -> None:
    with pytest.raises(StoreError, match="second create"):
        Store(Careless(), "careless://").probe("p.json", "nonce")


def test_a_create_that_took_effect_and_answered_with_an_error_is_mine() -> None:
    assert Store(Flaky(takes_effect=True), "x://").create("a.json", b"mine")


def test_a_mark_that_may_not_be_there_is_an_error() -> None:
    with pytest.raises(StoreError, match="could not create touched/a"):
        Store(Flaky(takes_effect=False), "x://").mark("touched/a.json", b"mark")


def test_a_create_that_failed_without_effect_is_an_error() -> None:
    with pytest.raises(StoreError, match="could not create a"):
        Store(Flaky(takes_effect=False), "x://").create("a.json", b"mine")


def test_a_create_of_which_nothing_can_be_told_is_an_error() -> None:
    with pytest.raises(StoreError, match="could not read a"):
        Store(Flaky(takes_effect=True, readable=False), "x://").create("a.json", b"mine")


class Vanishing(Careless):
    """A store that refuses a create as taken and shows nothing there."""

    def put_new(self, path: str, data: bytes) -> None:
        raise AlreadyThereError(path, data)


def test_a_create_refused_as_taken_where_nothing_is_is_an_error_in_the_end() -> None:
    with pytest.raises(StoreError, match=r"could not create a\.json.*nothing is there"):
        Store(Vanishing(), "x://").create("a.json", b"mine")


def test_somebody_elses_object_after_an_unclear_answer_is_theirs() -> None:
    flaky = Flaky(takes_effect=False)
    flaky.objects["a.json"] = b"theirs"
    assert not Store(flaky, "x://").create("a.json", b"mine")


@pytest.mark.parametrize(
    "url", ["gs://bucket", "s3:bucket", "file://host/path", "file://", "az://"]
)
def test_a_store_that_cannot_be_opened_is_bad_input(url: str) -> None:
    with pytest.raises(BadInputError):
        check_store_url(url)


@pytest.mark.parametrize("run", ["ab", "UPPER", "-lead", "trail-", "two--hyphens", "a" * 64, "ä-b"])
def test_a_name_that_azure_would_refuse_is_bad_input(run: str) -> None:
    with pytest.raises(BadInputError):
        check_run_name(run)


@pytest.mark.parametrize("run", ["run", "9876543210", "nightly-2026-11-22", "a" * 63])
def test_a_name_that_azure_takes_is_fine(run: str) -> None:
    assert check_run_name(run) == run


def test_azure_without_a_credential_is_bad_input_and_asks_nobody() -> None:
    with pytest.raises(BadInputError, match="AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN"):
        open_store("az://account", "run", StoreCredentials(), timeout_s=1)


def test_an_account_that_does_not_answer_is_a_store_error() -> None:
    url = "az://account?endpoint=http://127.0.0.1:9/account"
    with pytest.raises(StoreError, match="could not be made"):
        open_store(url, "run", StoreCredentials(key="QUFBQQ=="), timeout_s=5, create=True)


def test_a_missing_run_is_named_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="holds no run"):
        open_store(tmp_path.as_uri(), "run", StoreCredentials(), timeout_s=1)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(
            (tmp_path / "file").as_uri(), "run", StoreCredentials(), timeout_s=1, create=True
        )


def test_secrets_are_in_no_repr() -> None:
    shown = repr(StoreCredentials(key="the-key", sas="sv=1&sig=the-sas"))
    assert "the-key" not in shown
    assert "the-sas" not in shown


def test_an_error_of_the_store_shows_no_signature(tmp_path: Path) -> None:  # noqa: ARG001  # a closed port is enough
    credentials = StoreCredentials(sas="sv=2025-01-01&sig=TOPSECRET")
    url = "az://account?endpoint=http://127.0.0.1:9/account"
    store = open_store(url, "run", credentials, timeout_s=2)
    with pytest.raises(StoreError) as caught:
        store.get("plan.json")
    assert "TOPSECRET" not in str(caught.value)
    assert "TOPSECRET" not in repr(caught.value.__cause__)


REFUSALS = {
    "403": FORBIDDEN,
    "401": UNAUTHENTICATED,
    "404 of the container": NO_CONTAINER,
}
OUTAGES = {"503": BUSY, "409": TAKEN, "412": CONDITION, "lost": LOST}


def calls_of(store: Store) -> dict[str, Callable[[], object]]:
    return {
        "put": lambda: store.put("workers/w.json", b"1"),
        "create": lambda: store.create(f"claims/{secrets.token_hex(4)}.json", b"1"),
        "list": lambda: store.list("claims/"),
    }


@pytest.mark.azurite
@pytest.mark.parametrize("name", [*REFUSALS, *OUTAGES])
def test_a_refusal_is_told_from_an_outage(azurite: Azurite, name: str) -> None:
    run = f"refusal-{secrets.token_hex(4)}"
    azurite.open(run)
    with front_of(azurite.port) as front:
        url = f"az://{ACCOUNT}?endpoint=http://127.0.0.1:{front.port}/{ACCOUNT}"
        store = open_store(url, run, StoreCredentials(key=KEY), timeout_s=2)
        front.trouble = always({**REFUSALS, **OUTAGES}[name])
        for call in calls_of(store).values():
            with pytest.raises(StoreError) as failed:
                call()
            assert isinstance(failed.value, StoreRefusedError) == (name in REFUSALS)


@pytest.mark.azurite
def test_a_container_that_is_not_there_refuses(azurite: Azurite) -> None:
    store = open_store(azurite.url, "nobody-made-this", StoreCredentials(key=KEY), timeout_s=5)
    for call in calls_of(store).values():
        with pytest.raises(StoreRefusedError):
            call()
