"""A run's artifacts: listed, and downloaded within bounds.

GitHub answers a download with a redirect to a signed address of its storage. That address is
followed without the token, and appears in no message.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from orchestrator.github.archive import ArchiveError, ArchiveLimits, Unpacked, unpack
from orchestrator.github.failures import FailureKind, GitHubError, judge
from orchestrator.github.runs import unix_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

    from orchestrator.github.wire import Wire

_READ: Final = "Actions: read on the repository"
_CHUNK: Final = 1 << 16
_TIMEOUT_S: Final = 60
_DEFAULT_LIMITS: Final = ArchiveLimits()


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact as listed. ``digest`` is ``sha256:…`` or empty; ``created_at`` Unix seconds."""

    id: int
    name: str
    size_bytes: int
    expired: bool
    digest: str
    created_at: float | None


class Artifacts:
    """The artifacts of the repository's runs."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def of_run(self, run_id: int) -> list[Artifact]:
        """Return a run's artifacts, of all its attempts, expired ones too."""
        path = f"/actions/runs/{run_id}/artifacts"
        items = self._wire.pages(path, "artifacts", needs=_READ)
        return list({item["id"]: _artifact(item) for item in items}.values())

    def download(
        self,
        artifact: Artifact,
        target: Path,
        limits: ArchiveLimits = _DEFAULT_LIMITS,
        *,
        only: str = "",
    ) -> Unpacked:
        """Download and unpack ``artifact`` below ``target``, which is made if needed.

        With ``only``, nothing but the files of this name are unpacked, in whichever directory.

        Raises:
            GitHubError: ``not-found`` when it is gone or has expired.
            ArchiveError: damaged, not what its digest says, or beyond ``limits``.
        """
        if artifact.size_bytes > limits.packed:
            raise ArchiveError(_too_large(artifact, limits))
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target) as packed:
            self._wire.retrying(lambda: self._fetch(artifact, packed, limits))
            return unpack(packed, target, limits, only=only)

    def _fetch(self, artifact: Artifact, packed: IO[bytes], limits: ArchiveLimits) -> None:
        """Fill ``packed`` from the start: the signed address lives for one minute only."""
        reply = self._wire.send("GET", f"/actions/artifacts/{artifact.id}/zip", needs=_READ)
        address = reply.headers.get("location")
        if reply.status != 302 or not address:
            detail = "no redirect to the artifact"
            raise GitHubError(FailureKind.TRANSIENT, _operation(artifact), detail=detail)
        packed.seek(0)
        packed.truncate()
        digest = hashlib.sha256()
        for chunk in self._chunks(artifact, address):
            digest.update(chunk)
            packed.write(chunk)
            if packed.tell() > limits.packed:
                raise ArchiveError(_too_large(artifact, limits))
        if artifact.digest and artifact.digest != f"sha256:{digest.hexdigest()}":
            raise ArchiveError(f"artifact {artifact.name!r} differs from the digest GitHub lists")

    def _chunks(self, artifact: Artifact, address: str) -> Iterator[bytes]:
        import requests

        with requests.Session() as session:
            session.auth = _anonymous
            try:
                with session.get(address, stream=True, timeout=_TIMEOUT_S) as reply:
                    self._check(artifact, reply)
                    yield from reply.iter_content(_CHUNK)
            except requests.exceptions.RequestException as error:
                kind = type(error).__name__
                # not chained: the error's text holds the signed address
                raise GitHubError(
                    FailureKind.TRANSIENT, _operation(artifact), detail=kind
                ) from None

    def _check(self, artifact: Artifact, reply: requests.Response) -> None:
        if reply.status_code < 400:
            return
        headers = {name.lower(): value for name, value in reply.headers.items()}
        kind = judge(reply.status_code, headers, "", self._wire.clock.now()).kind
        if kind is FailureKind.CREDENTIALS:  # the signature ended; the next try gets a new one
            kind = FailureKind.TRANSIENT
        raise GitHubError(kind, _operation(artifact), status=reply.status_code)


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no credentials: without an ``auth``, requests would look for some in a netrc file."""
    return request


def _operation(artifact: Artifact) -> str:
    return f"the download of artifact {artifact.id}"


def _too_large(artifact: Artifact, limits: ArchiveLimits) -> str:
    return f"artifact {artifact.name!r} is larger than the {limits.packed} bytes allowed"


def _artifact(item: dict[str, Any]) -> Artifact:
    return Artifact(
        id=item["id"],
        name=item["name"],
        size_bytes=item["size_in_bytes"],
        expired=item["expired"],
        digest=item.get("digest") or "",
        created_at=unix_seconds(item["created_at"]),
    )
