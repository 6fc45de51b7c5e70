"""Routes for artifacts, and the storage that a download is redirected to."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any

from tests.fakes.github.call import Answer, Call, RefusedError, Route, page
from tests.fakes.github.schema import complete, instant

if TYPE_CHECKING:
    from tests.fakes.github.state import ArtifactEntry

_KEY = b"the storage's own key"
_SIGNED_FOR_S = 60
_KEPT_FOR_S = 90 * 86_400.0


def artifact_document(entry: ArtifactEntry) -> dict[str, Any]:
    digest = entry.listed_digest or f"sha256:{hashlib.sha256(entry.data).hexdigest()}"
    size = len(entry.data) if entry.listed_size is None else entry.listed_size
    return complete(
        "Artifact",
        {
            "id": entry.id,
            "name": entry.name,
            "size_in_bytes": size,
            "expired": entry.expired,
            "created_at": instant(entry.created_at),
            "updated_at": instant(entry.created_at),
            "expires_at": instant(entry.created_at + _KEPT_FOR_S),
            "digest": digest,
        },
    )


def list_artifacts(call: Call) -> Answer:
    run = call.number("run")
    if run not in call.world.runs:
        raise RefusedError(404, "Not Found")
    items = [
        artifact_document(artifact)
        for artifact in call.world.artifacts.values()
        if artifact.run == run
    ]
    model = "ReposOwnerRepoActionsRunsRunIdArtifactsGetResponse200"
    return page(call, items, f"/actions/runs/{run}/artifacts", "artifacts", model)


def redirect(call: Call) -> Answer:
    entry = call.world.artifacts.get(call.number("id"))
    if entry is None:
        raise RefusedError(404, "Not Found")
    if entry.expired:
        raise RefusedError(410, "Artifact has expired")
    ends = int(call.world.clock.now()) + _SIGNED_FOR_S
    origin = call.world.storage_origin or call.origin
    address = f"{origin}/_storage/{entry.id}?se={ends}&sig={_signature(entry.id, ends)}"
    return Answer(302, headers={"Location": address})


def storage(call: Call) -> Answer:
    """The signed download: no token may be sent along."""
    number, ends = call.number("id"), int(call.query["se"])
    signed = hmac.compare_digest(call.query["sig"], _signature(number, ends))
    if not signed or call.world.clock.now() > ends:
        raise RefusedError(403, "AuthenticationFailed")
    return Answer(200, raw=call.world.artifacts[number].data)


def _signature(number: int, ends: int) -> str:
    return hmac.new(_KEY, f"{number} {ends}".encode(), hashlib.sha256).hexdigest()


ROUTES = (
    Route(
        "GET",
        re.compile(r"/actions/runs/(?P<run>\d+)/artifacts"),
        list_artifacts,
        "actions",
        frozenset({"per_page", "page", "name"}),
    ),
    Route("GET", re.compile(r"/actions/artifacts/(?P<id>\d+)/zip"), redirect, "actions"),
)

STORAGE = Route(
    "GET",
    re.compile(r"/_storage/(?P<id>\d+)"),
    storage,
    None,
    frozenset({"se", "sig"}),
    whole=True,
)
