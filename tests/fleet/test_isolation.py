"""A machine's key opens its own run's container, to read and add, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from orchestrator.compute.azure_vm.credentials import Federated
from orchestrator.compute.azure_vm.settings import Endpoints
from orchestrator.compute.azure_vm.storage import RunStorage
from orchestrator.errors import StoreError
from tests.fakes.arm.identity import CLIENT, TENANT
from tests.fleet.faulting import called
from tests.fleet.stand import ATTEMPT

if TYPE_CHECKING:
    from tests.fleet.blob_stand import BlobStand

OTHER_RUN = "run-2"
_BLOB = {"x-ms-blob-type": "BlockBlob"}


def key_of_a_machine(blob_stand: BlobStand) -> str:
    """Provision, and return the key that a machine found in its custom data."""
    stand = blob_stand.stand
    code, said = called(stand, "provision", "--workers", "1", *blob_stand.reach)
    assert code == 0, said
    stand.move(60.0)
    return next(text for text in stand.insides.secrets if "sig=" in text)


def status(blob_stand: BlobStand, verb: str, path: str, sas: str, query: str = "") -> int:
    """Return what the account answers."""
    url = f"{blob_stand.url}/{path}?{query}{sas}"
    trusted = str(blob_stand.ca_file)
    return requests.request(
        verb, url, data=b"{}", headers=_BLOB, verify=trusted, timeout=30
    ).status_code


@pytest.mark.azurite
def test_a_machines_key_reads_and_adds_in_its_own_run_alone(blob_stand: BlobStand) -> None:
    other = blob_stand.opened(OTHER_RUN)
    other.create("plan.json", b"theirs")
    sas = key_of_a_machine(blob_stand)
    mine = blob_stand.opened(ATTEMPT.run, sas=sas)
    assert mine.create("claims/mine.json", b"{}")
    assert mine.get("claims/mine.json") == b"{}"
    assert "claims/mine.json" in {entry.path for entry in mine.list("claims/")}
    theirs = blob_stand.opened(OTHER_RUN, sas=sas)
    for attempt in (
        lambda: theirs.get("plan.json"),
        lambda: theirs.list(""),
        lambda: theirs.create("claims/mine.json", b"{}"),
        lambda: theirs.put("plan.json", b"{}"),
    ):
        with pytest.raises(StoreError):
            attempt()
    assert other.get("plan.json") == b"theirs"


@pytest.mark.azurite
def test_what_a_machines_key_does_not_allow_is_answered_403(blob_stand: BlobStand) -> None:
    blob_stand.opened(OTHER_RUN).create("plan.json", b"theirs")
    sas = key_of_a_machine(blob_stand)
    own, theirs = ATTEMPT.run, OTHER_RUN
    container, listing = "restype=container&", "restype=container&comp=list&"
    allowed = {
        "read": status(blob_stand, "GET", f"{own}/plan.json", sas),
        "create": status(blob_stand, "PUT", f"{own}/new.json", sas),
        "list": status(blob_stand, "GET", own, sas, listing),
    }
    refused = {
        "delete an object": status(blob_stand, "DELETE", f"{own}/plan.json", sas),
        "delete the container": status(blob_stand, "DELETE", own, sas, container),
        "read theirs": status(blob_stand, "GET", f"{theirs}/plan.json", sas),
        "create theirs": status(blob_stand, "PUT", f"{theirs}/new.json", sas),
        "list theirs": status(blob_stand, "GET", theirs, sas, listing),
        "delete theirs": status(blob_stand, "DELETE", f"{theirs}/plan.json", sas),
        "delete their container": status(blob_stand, "DELETE", theirs, sas, container),
        "list containers": status(blob_stand, "GET", "", sas, "comp=list&"),
    }
    assert allowed == {"read": 200, "create": 201, "list": 200}
    assert refused == dict.fromkeys(refused, 403)


@pytest.mark.azurite
def test_a_key_past_its_end_opens_nothing(blob_stand: BlobStand) -> None:
    stand, trusted = blob_stand.stand, str(blob_stand.ca_file)
    login = Federated(
        TENANT,
        CLIENT,
        f"{stand.arm.url}/assertion",
        stand.arm.identity.request_token,
        ca_file=trusted,
    )
    ends = Endpoints(
        arm=stand.arm.url, authority=stand.arm.url, known_authority=True, ca_file=trusted
    )
    storage = RunStorage(blob_stand.url, login, ends)
    now = datetime.now(UTC)
    old = storage.key(ATTEMPT.run, now - timedelta(hours=2), now - timedelta(minutes=30))
    good = storage.key(ATTEMPT.run, now, now + timedelta(minutes=30))
    storage.close()
    stand.store.create("plan.json", b"{}")
    assert status(blob_stand, "GET", f"{ATTEMPT.run}/plan.json", good.sas) == 200
    assert status(blob_stand, "GET", f"{ATTEMPT.run}/plan.json", old.sas) == 403
