"""The store's checks on a real Azurite, which takes the fake authority's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.compute.azurite import running_over_tls
from tests.fakes.azurite import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.doctor.conftest import SetUp


@pytest.fixture
def on_azurite(set_up: SetUp, tmp_path: Path) -> Iterator[SetUp]:
    place = tmp_path / "azurite"
    place.mkdir()
    with running_over_tls(place) as (url, authority):
        both = tmp_path / "both.pem"
        both.write_bytes(authority.read_bytes() + set_up.ca_file.read_bytes())
        set_up.options |= {
            "--store": [f"az://{ACCOUNT}?endpoint={url}"],
            "--store-ca": [str(authority)],
            "--cloud-ca": [str(both)],
        }
        set_up.flags.remove("--shared-path")
        yield set_up


@pytest.mark.azurite
def test_a_machines_key_does_what_it_must_and_no_more(on_azurite: SetUp) -> None:
    for _ in range(2):  # what the first look left is not in the second's way
        code, results = on_azurite.look()
        said = [entry["what"] for entry in results if entry["check"] == "store"]
        assert code == 0, results
        assert [words in line for words, line in zip(_SAID, said, strict=True)] == [True] * 5


_SAID = (
    "containers can be made",
    "a machine's key can be minted",
    "created once, read and listed",
    "a delete with a machine's key is refused",
    "another run's container with a machine's key is refused",
)


@pytest.mark.azurite
def test_the_keys_are_in_nothing_it_says(on_azurite: SetUp) -> None:
    done = on_azurite.call()
    assert done.returncode == 0, done.stdout
    assert "sig=" not in done.stdout + done.stderr
    for token in on_azurite.arm.identity.issued:
        assert token not in done.stdout + done.stderr


@pytest.mark.azurite
def test_a_store_that_refuses_the_login_is_a_failure(on_azurite: SetUp) -> None:
    on_azurite.options["--storage-scope"] = ["https://vault.azure.net/.default"]
    code, results = on_azurite.look()
    (line,) = [entry for entry in results if entry["check"] == "store"]
    assert (code, line["status"]) == (4, "fail")
    assert "scripts/azure-setup" in line["fix"]


def test_a_store_that_cannot_be_reached_is_a_failure(set_up: SetUp) -> None:
    set_up.options["--store"] = ["az://nobody?endpoint=https://127.0.0.1:9/nobody"]
    code, results = set_up.look()
    (line,) = [entry for entry in results if entry["check"] == "store"]
    assert (code, line["status"]) == (4, "fail")
    assert "create container waa-doctor" in line["what"]
