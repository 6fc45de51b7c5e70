"""What of a whole run must show nowhere, and everything in which it could."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.ledger import paths
from tests.fakes.azurite import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fleet.whole import WholeRun


def secrets_of(run: WholeRun) -> list[str]:
    """Everything that must show nowhere."""
    texts = [*run.arm.identity.issued, run.arm.identity.request_token]
    texts += [*run.github.tokens.given(), *run.metal.secrets, KEY]
    texts += run.github.tokens.app.private_key.splitlines()[1:-1]
    return [secret for secret in texts if secret]


def texts_of(run: WholeRun) -> Iterator[tuple[str, bytes]]:
    """Everything that anybody may see, by name: outputs, arguments, files, objects."""
    for done in run.done:
        yield f"output of {done.name}", done.output.encode()
        yield f"arguments of {done.name}", " ".join(done.arguments).encode()
    for name, inside in run.metal.inside.items():
        yield f"arguments on {name}", " ".join(inside.arguments).encode()
    for file in run.root.rglob("*"):
        if file.is_file() and file.name != "store-sas":
            yield str(file.relative_to(run.root)), file.read_bytes()
    store = run.store
    for top in (paths.EVENTS, paths.WORKERS, paths.LEFT, paths.OUTCOMES, paths.CONTROL):
        for listed in store.list(top):
            yield listed.path, store.get(listed.path) or b""
    yield paths.PLAN, store.get(paths.PLAN) or b""
