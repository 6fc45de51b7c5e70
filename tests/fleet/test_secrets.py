"""No secret of a run shows: not in what its commands say, nor in what they leave behind."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from orchestrator.ledger.reader import LedgerReader
from tests.fakes.arm.faults import Fault
from tests.fakes.azurite import KEY
from tests.fleet.killing import Blade
from tests.fleet.stand import Stand, arguments_of

if TYPE_CHECKING:
    from tests.fleet.blob_stand import BlobStand

COMMAND = str(Path(sys.executable).with_name("waa-matrix"))
PATIENCE_S = 240.0
SHORTEST = 12


@dataclass
class Shown:
    """Everything that anybody could read, by where it was."""

    texts: dict[str, str] = field(default_factory=dict)
    arguments: set[str] = field(default_factory=set)

    def secrets_in(self, secrets: dict[str, str]) -> list[str]:
        """Name each secret that shows, and where."""
        everything = {**self.texts, "arguments": "\n".join(self.arguments)}
        return [
            f"{name} in {where}"
            for where, text in everything.items()
            for name, secret in secrets.items()
            if any(form in text for form in forms(secret))
        ]


def forms(secret: str) -> set[str]:
    """Return a secret as it could be written: plain, without its escapes, in base64."""
    plain = {secret, unquote(secret), *secret.splitlines()[1:-1]}
    texts = {entry for entry in plain if len(entry) >= SHORTEST}
    encoded = {base64.b64encode(entry.encode()).decode().rstrip("=") for entry in texts}
    return texts | encoded | {entry[:64] for entry in encoded if len(entry) > 64}


def as_the_app(stand: Stand) -> dict[str, str]:
    """A job's environment in which an App calls GitHub."""
    app = stand.fake.tokens.app
    environment = {
        **stand.environment,
        "WAA_MATRIX_APP_ID": app.app_id,
        "WAA_MATRIX_APP_PRIVATE_KEY": app.private_key,
    }
    return {name: text for name, text in environment.items() if "GITHUB_TOKEN" not in name}


def called(stand: Stand, shown: Shown, environment: dict[str, str], *arguments: str) -> int:
    """Run the installed command; its arguments are read from outside at each of its requests."""
    blade = Blade(stand)
    process = subprocess.Popen(
        [COMMAND, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    counted = stand.arm.faults.on_request

    def read_arguments(number: int, call: str, when: str) -> None:
        shown.arguments.add(Path(f"/proc/{process.pid}/cmdline").read_text().replace("\0", " "))
        counted(number, call, when)

    stand.arm.faults.on_request = stand.fake.faults.on_request = read_arguments
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert blade.requests
    shown.texts[f"{len(shown.texts)} {arguments[0]}"] = said
    return process.returncode


def left_behind(stand: Stand) -> dict[str, str]:
    """Return every file and every object of the ledger."""
    files = {
        str(path): path.read_bytes().decode("utf-8", "replace")
        for path in stand.directory.rglob("*")
        if path.is_file()
    }
    objects = {
        entry.path: (stand.store.get(entry.path) or b"").decode("utf-8", "replace")
        for entry in stand.store.list("")
    }
    return {**files, **objects}


def secrets_of(stand: Stand) -> dict[str, str]:
    """Return everything that nobody may read."""
    inside = {f"machine's {at}": text for at, text in enumerate(stand.insides.secrets)}
    signatures = {
        f"signature {at}": match[1]
        for at, text in enumerate(stand.insides.secrets)
        if (match := re.search(r"sig=([^&]+)", text))
    }
    assert len(signatures) >= 2
    assert len(inside) > len(signatures)
    issued = {f"Azure's {at}": text for at, text in enumerate(stand.arm.identity.issued)}
    tokens = {f"GitHub's {at}": text for at, text in enumerate(stand.fake.tokens.given())}
    assert issued
    assert tokens
    return {
        **inside,
        **signatures,
        **issued,
        **tokens,
        "request token": stand.arm.identity.request_token,
        "App's key": stand.fake.tokens.app.private_key,
        "account's key": KEY,
    }


@pytest.mark.azurite
def test_a_whole_run_and_its_failures_show_no_secret_anywhere(
    blob_stand: BlobStand,
) -> None:
    stand, reach = blob_stand.stand, blob_stand.reach
    shown, environment = Shown(), as_the_app(stand)
    events = ["--events", str(stand.directory / "events")]
    launching = [*reach, *events]

    def call(command: str, *more: str) -> int:
        return called(stand, shown, environment, *arguments_of(stand, command, *more))

    assert call("provision", "--workers", "2", *launching) == 0, shown.texts
    stand.plan = LedgerReader(stand.store).plan
    stand.queue(2)
    assert call("supervise", "--shards", "2", *launching) == 0, shown.texts
    assert call("teardown", *reach) == 0, shown.texts
    stand.arm.faults.add(Fault("PUT", status=400, code="InvalidParameter", times=1000))
    # A run that is complete launches nothing more: this is another, with all its work to do.
    more = ["--workers", "2", "--run", "run-2", *launching]
    assert call("provision", "--attempt", "2", *more) == 4, shown.texts
    stand.arm.faults.add(Fault("POST .*/token", status=401, code="invalid_client", times=1000))
    assert call("provision", "--attempt", "3", *more) == 4, shown.texts
    assert call("teardown", *reach) == 5, shown.texts
    shown.texts |= left_behind(stand)
    assert "waa-500" in (stand.directory / "github-output").read_text()
    assert any(name.startswith("events/") for name in shown.texts)
    assert any("provision" in line for line in shown.arguments)
    assert shown.secrets_in(secrets_of(stand)) == []


@pytest.mark.parametrize(
    "text",
    [
        "sv=1&sig=a%2Fsecret%3Dsignature",
        "sv=1&sig=a/secret=signature",
        base64.b64encode(b"sv=1&sig=a%2Fsecret%3Dsignature").decode(),
    ],
)
def test_a_secret_is_found_in_whichever_form_it_shows(text: str) -> None:
    shown = Shown({"log": f"before {text} after"})
    assert shown.secrets_in({"SAS": "sv=1&sig=a%2Fsecret%3Dsignature"}) == ["SAS in log"]
    assert shown.secrets_in({"SAS": "sv=1&sig=another-signature"}) == []
