"""``s3://``: what opens it, and what its refusals say."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
import trustme

from orchestrator.errors import BadInputError, StoreError, StoreRefusedError
from orchestrator.store import check_store_url, credentials_from, open_store
from tests.fakes.blob_front import BUSY, LOST, Trouble, always
from tests.fakes.metadata import role_on
from tests.fakes.s3 import (
    ACCESS_KEY_ID,
    BUCKET,
    CONFLICT,
    ENVIRONMENT,
    REGION,
    SECRET_ACCESS_KEY,
    tls_before,
)
from tests.store.test_store import calls_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from orchestrator.store import Store
    from tests.fakes.s3 import S3

NO_METADATA = {"AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(autouse=True)
def _no_aws_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library looks there by itself."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


def opened(
    url: str, environment: Mapping[str, str] = ENVIRONMENT, *, ca: str = "", timeout_s: float = 5.0
) -> Store:
    credentials = credentials_from(environment, ca)
    return open_store(url, f"run-{secrets.token_hex(4)}", credentials, timeout_s=timeout_s)


def failure_of(store: Store, kind: type[StoreError] = StoreRefusedError) -> str:
    """Return what the calls of a store say, each of which fails like that."""
    said = []
    calls: list[Callable[[], object]] = [*calls_of(store).values(), lambda: store.get("plan.json")]
    for call in calls:
        with pytest.raises(StoreError) as failed:
            call()
        assert type(failed.value) is kind
        said.append(str(failed.value))
    return "\n".join(said)


def test_a_runs_objects_are_below_the_prefix(s3: S3) -> None:
    run, credentials = f"run-{secrets.token_hex(4)}", credentials_from(ENVIRONMENT, "")
    below = open_store(s3.url("a/b"), run, credentials, timeout_s=5)
    assert below.create("plan.json", b"{}")
    assert below.url == f"s3://{BUCKET}/a/b/{run}"
    above = open_store(s3.url("a"), "b00", credentials, timeout_s=5)
    assert above.list("") == []
    at_the_top = open_store(s3.url(""), run, credentials, timeout_s=5)
    assert at_the_top.get("plan.json") is None
    assert at_the_top.create("plan.json", b"top")
    assert below.get("plan.json") == b"{}"


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3://UPPER/x",
        "s3://b/x",
        "s3://id:secret@bucket/x",
        "s3://bucket:99/x",
        "s3://bucket/a//b",
        "s3://bucket/../b",
        "s3://bucket/a?sig=TOPSECRET",
        "s3://bucket/a#b",
    ],
)
def test_what_names_no_bucket_is_bad_input(url: str) -> None:
    with pytest.raises(BadInputError) as refused:
        check_store_url(url)
    assert "secret" not in str(refused.value).lower()


def test_secrets_are_in_no_repr() -> None:
    shown = repr(credentials_from({**ENVIRONMENT, "AWS_SESSION_TOKEN": "the-token"}, ""))
    assert SECRET_ACCESS_KEY not in shown
    assert ACCESS_KEY_ID not in shown
    assert "the-token" not in shown


def test_a_bucket_that_is_not_there_is_said(s3: S3) -> None:
    said = failure_of(opened(s3.url(bucket="nobody-made-this")))
    assert said.count("NoSuchBucket: there is no such bucket: make it, or correct --store") == 4


def test_a_key_that_is_not_known_is_said(s3: S3) -> None:
    store = opened(s3.url(), {**ENVIRONMENT, "AWS_ACCESS_KEY_ID": "AKIAOTHER"})
    assert failure_of(store).count("InvalidAccessKeyId: no such access key") == 4


def test_a_secret_that_does_not_fit_is_said_and_not_shown(s3: S3) -> None:
    store = opened(s3.url(), {**ENVIRONMENT, "AWS_SECRET_ACCESS_KEY": "TOPSECRET"})
    said = failure_of(store)
    assert said.count("SignatureDoesNotMatch: the key does not fit") == 4
    assert "TOPSECRET" not in said


def test_a_bucket_of_another_region_is_said(s3: S3) -> None:
    url = f"s3://{BUCKET}/x?{urlencode({'endpoint': s3.endpoint, 'region': 'us-west-2'})}"
    assert failure_of(opened(url)).count("the bucket is in another region: set AWS_REGION") == 4


EXPIRED = Trouble(400, "ExpiredToken")


def test_a_session_that_has_expired_is_a_refusal(s3: S3) -> None:
    s3.front.trouble = always(EXPIRED)
    try:
        assert failure_of(opened(s3.url())).count("ExpiredToken: the session has expired") == 4
    finally:
        s3.front.clear()


@pytest.mark.parametrize("trouble", [BUSY, LOST])
def test_an_outage_is_no_refusal(s3: S3, trouble: Trouble) -> None:
    s3.front.trouble = always(trouble)
    try:
        failure_of(opened(s3.url(), timeout_s=1), StoreError)
    finally:
        s3.front.clear()


def test_a_call_takes_no_longer_than_it_may(s3: S3) -> None:
    s3.front.trouble = always(Trouble(after_s=3.0))
    try:
        store = opened(s3.url(), timeout_s=0.5)
        with pytest.raises(StoreError, match="could not read"):
            store.get("plan.json")
    finally:
        s3.front.clear()


def test_without_a_credential_nobody_is_asked(s3: S3) -> None:
    with pytest.raises(BadInputError, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        opened(s3.url(), NO_METADATA)


@pytest.mark.parametrize(
    ("given", "absent"),
    [
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
    ],
)
def test_half_a_key_is_bad_input(s3: S3, given: str, absent: str) -> None:
    with pytest.raises(BadInputError, match=f"{absent} is not set"):
        opened(s3.url(), {given: "x"})


def test_a_machine_with_a_role_needs_no_key(s3: S3) -> None:
    with role_on(ACCESS_KEY_ID, SECRET_ACCESS_KEY) as metadata:
        store = opened(s3.url(), {"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata})
        assert store.create("plan.json", b"{}")


def test_a_machine_without_a_role_is_told_so(s3: S3) -> None:
    metadata = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9"}
    said = failure_of(opened(s3.url(), metadata, timeout_s=1))
    assert said.count("AWS_ACCESS_KEY_ID is not set, and this machine's metadata gives it no") == 4


def test_region_and_endpoint_may_come_from_the_environment(
    s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = {**ENVIRONMENT, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": s3.endpoint}
    assert opened(f"s3://{BUCKET}/runs", usual).create("plan.json", b"{}")
    # The URL's own word goes first, before what the library finds by itself as well.
    elsewhere = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_REGION": "us-west-2"}
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)
    assert opened(s3.url(), {**ENVIRONMENT, **elsewhere}).create("plan.json", b"{}")


@pytest.mark.parametrize("named", ["--store-ca", "AWS_CA_BUNDLE"])
def test_a_private_authority_is_trusted_where_it_is_named(
    s3: S3, tmp_path: Path, named: str
) -> None:
    authority, file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    with tls_before(s3.front.port, authority) as endpoint:
        url = f"s3://{BUCKET}/runs?{urlencode({'endpoint': endpoint, 'region': REGION})}"
        with pytest.raises(StoreError, match="could not read"):
            opened(url, timeout_s=1).get("plan.json")
        bundle = {"AWS_CA_BUNDLE": str(file)} if named == "AWS_CA_BUNDLE" else {}
        ca = str(file) if named == "--store-ca" else ""
        assert opened(url, {**ENVIRONMENT, **bundle}, ca=ca).create("plan.json", b"{}")


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_is_bad_input(
    s3: S3, tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadInputError, match="--store-ca"):
        opened(s3.url(), ca=str(file))


def test_of_many_creates_at_once_one_wins(s3: S3) -> None:
    from concurrent.futures import ThreadPoolExecutor

    store = opened(s3.url())
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda n: store.create("claims/a.json", b"%d" % n), range(16)))
    assert won.count(True) == 1
    assert store.get("claims/a.json") == b"%d" % won.index(True)


def test_creates_at_once_that_meet_conflicts_have_one_winner(s3: S3) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from itertools import count

    met = count()
    store = opened(s3.url())
    s3.front.trouble = lambda verb, _path: CONFLICT if verb == "PUT" and next(met) % 2 else None
    try:
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda n: store.create("claims/a.json", b"%d" % n), range(8)))
    finally:
        s3.front.clear()
    assert won.count(True) == 1
