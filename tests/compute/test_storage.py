from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import ContainerClient

from orchestrator.compute.azure_vm.settings import Endpoints
from orchestrator.compute.azure_vm.storage import RunStorage, account_name
from orchestrator.compute.failures import CloudError, FailureKind
from orchestrator.compute.retry import RetryPolicy
from tests.compute.azurite import running_over_tls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.compute.azure_vm.credentials import Federated
    from orchestrator.compute.keys import ContainerKey

NOW = datetime.now(UTC)  # Azurite judges keys by its own clock
LATER = NOW + timedelta(hours=6)


@pytest.fixture
def azurite_ca(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    with running_over_tls(tmp_path) as served:
        yield served


@pytest.fixture
def storage(
    azurite_ca: tuple[str, Path], login: Federated, endpoints: Endpoints, ca_file: Path
) -> Iterator[RunStorage]:
    url, azurite_authority = azurite_ca
    both = azurite_authority.with_name("both.pem")
    both.write_bytes(azurite_authority.read_bytes() + ca_file.read_bytes())
    storage = RunStorage(url, login, dataclasses.replace(endpoints, ca_file=str(both)))
    yield storage
    storage.close()


def opened(key: ContainerKey, ca_file: Path) -> ContainerClient:
    return ContainerClient.from_container_url(
        f"{key.url}?{key.sas}", connection_verify=str(ca_file), retry_total=0
    )


@pytest.mark.azurite
def test_a_key_reads_creates_writes_and_lists_its_own_container_alone(
    storage: RunStorage, azurite_ca: tuple[str, Path]
) -> None:
    assert storage.create("run-a") is True
    assert storage.create("run-a") is False
    assert storage.create("run-b") is True
    key = storage.key("run-a", NOW, LATER)
    with opened(key, azurite_ca[1]) as mine:
        mine.upload_blob("plan.json", b"{}")
        assert [blob.name for blob in mine.list_blobs()] == ["plan.json"]
        assert mine.download_blob("plan.json").readall() == b"{}"
        with pytest.raises(HttpResponseError) as refused:
            mine.delete_blob("plan.json")
        assert refused.value.status_code == 403
    other = dataclasses.replace(key, url=key.url.replace("run-a", "run-b"))
    with opened(other, azurite_ca[1]) as theirs:
        for action in (
            lambda: theirs.upload_blob("x", b""),
            lambda: list(theirs.list_blobs()),
            theirs.delete_container,
        ):
            with pytest.raises(HttpResponseError) as refused:
                action()
            assert refused.value.status_code == 403


@pytest.mark.azurite
def test_a_key_says_what_it_allows_and_shows_nothing(storage: RunStorage) -> None:
    key = storage.key("run-a", NOW, LATER)
    fields = {name: values[0] for name, values in parse_qs(key.sas).items()}
    assert (fields["sp"], fields["spr"], fields["sr"]) == ("rcwl", "https", "c")
    assert "skoid" in fields  # signed by a delegation key, not by the account's
    assert fields["se"] == LATER.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert fields["sig"] not in repr(key)


def test_a_key_beyond_a_week_or_in_the_past_is_refused_before_any_call() -> None:
    storage = RunStorage("https://x.blob.core.windows.net", _nobody(), Endpoints())
    for expires in (NOW + timedelta(days=8), NOW - timedelta(hours=1)):
        with pytest.raises(CloudError) as caught:
            storage.key("run-a", NOW, expires)
        assert caught.value.kind is FailureKind.CONFIGURATION


def test_an_account_that_cannot_be_reached_is_transient(
    login: Federated, endpoints: Endpoints
) -> None:
    storage = RunStorage("https://127.0.0.1:9/x", login, endpoints, RetryPolicy(attempts=1))
    with pytest.raises(CloudError) as caught:
        storage.create("run-a")
    storage.close()
    assert caught.value.kind is FailureKind.TRANSIENT


@pytest.mark.parametrize(
    ("url", "account"),
    [
        ("https://waaruns.blob.core.windows.net", "waaruns"),
        ("https://waaruns.blob.core.usgovcloudapi.net/", "waaruns"),
        ("https://127.0.0.1:10000/devstoreaccount1", "devstoreaccount1"),
    ],
)
def test_an_account_is_read_from_its_url(url: str, account: str) -> None:
    assert account_name(url) == account


def _nobody() -> Federated:
    from orchestrator.compute.azure_vm.credentials import Federated

    return Federated("t", "c", "https://127.0.0.1:9", "unused")
