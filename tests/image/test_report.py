from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from orchestrator.ledger import paths
from tests.image.machine import SAS

if TYPE_CHECKING:
    from tests.image.machine import Sandbox, Server

ACTOR = "machine-waa-7-1-000-ab"


def store(server: Server) -> str:
    return f"az://acct?endpoint={server.url}/acct"


def test_an_event_has_the_shape_and_the_place_of_every_event(
    sandbox: Sandbox, server: Server
) -> None:
    detail = 'no "KVM" \\ here'
    done = sandbox.run(
        "waa-report", "machine-check", "failed", detail, WAA_MATRIX_WORKER_STORE=store(server)
    )
    assert done.returncode == 0
    event = server.events()[f"/acct/nightly/{paths.event(ACTOR, 1)}"]
    assert event.pop("at") > 1_700_000_000
    assert event == {
        "actor": ACTOR,
        "seq": 1,
        "kind": "machine-check",
        "stage": "failed",
        "machine": "waa-7-1-000-ab",
        "detail": detail,
    }
    assert f"machine-check failed: {detail}" in sandbox.console


def test_it_is_created_and_never_overwritten(sandbox: Sandbox, server: Server) -> None:
    for word in ("one", "two"):
        sandbox.run("waa-report", "k", "seen", word, WAA_MATRIX_WORKER_STORE=store(server))
    assert [event["detail"] for event in server.events().values()] == ["one", "two"]
    assert [event["seq"] for event in server.events().values()] == [1, 2]
    assert all(head["If-None-Match"] == "*" for head in server.headers)
    assert all(head["x-ms-blob-type"] == "BlockBlob" for head in server.headers)


def test_the_key_is_in_no_argument_and_no_output(sandbox: Sandbox, server: Server) -> None:
    curl = shutil.which("curl")
    log = sandbox.root / "argv"
    sandbox.stub("curl", f'echo "$@" >>{log}; env >>{log}; exec {curl} "$@"')
    done = sandbox.run("waa-report", "k", "seen", "d", WAA_MATRIX_WORKER_STORE=store(server))
    assert server.queries == [SAS]
    assert "sig=" not in log.read_text() + done.stdout + done.stderr + sandbox.console


def test_the_public_endpoint_is_https(sandbox: Sandbox) -> None:
    log = sandbox.root / "request"
    sandbox.stub("curl", f"cat >{log}; printf 201")
    sandbox.run("waa-report", "k", "seen", "d", WAA_MATRIX_WORKER_STORE="az://acct")
    assert log.read_text().startswith('url = "https://acct.blob.core.windows.net/nightly/events/')


def test_a_store_that_does_not_answer_stops_nothing(sandbox: Sandbox) -> None:
    where = "az://acct?endpoint=http://127.0.0.1:1/acct"
    done = sandbox.run("waa-report", "k", "seen", "d", WAA_MATRIX_WORKER_STORE=where)
    assert done.returncode == 0
    assert "the ledger did not take this" in sandbox.console
