"""S3 on loopback: moto behind a front door of our own, which is as strict as the service.

moto takes any key and any signature. The door checks both as "Authenticating Requests (AWS
Signature Version 4)" describes, and the region, and answers with the codes of S3's "Error
responses". A create that meets another on its way is answered 409 ConditionalRequestConflict and
writes nothing ("Add preconditions to S3 operations"): ``CONFLICT`` is that answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from orchestrator.store import Store, credentials_from, open_store
from tests.fakes.blob_front import Front, Trouble, front_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

    import trustme

ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # AWS's documented example
REGION = "eu-central-1"
BUCKET = "waa-runs"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY}

CONFLICT = Trouble(409, "ConditionalRequestConflict")
ANONYMOUS = Trouble(403, "AccessDenied")
UNKNOWN_KEY = Trouble(403, "InvalidAccessKeyId")
WRONG_SIGNATURE = Trouble(403, "SignatureDoesNotMatch")
WRONG_REGION = Trouble(301, "PermanentRedirect")

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
    r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class S3:
    """A running S3 with one bucket."""

    front: Front

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.front.port}"

    def url(self, prefix: str = "runs", bucket: str = BUCKET) -> str:
        """The ``--store`` of this server."""
        query = urlencode({"endpoint": self.endpoint, "region": REGION})
        return f"s3://{bucket}/{prefix}?{query}"

    def open(self, run: str, *, timeout_s: float = 10.0) -> Store:
        """Open a run's objects."""
        credentials = credentials_from(ENVIRONMENT, "")
        return open_store(self.url(), run, credentials, timeout_s=timeout_s, create=True)


def admits(verb: str, path: str, headers: Message) -> Trouble | None:
    """Return S3's refusal of a request that is not signed with the key, None for one that is."""
    signed = _AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    if signed is None:
        return ANONYMOUS
    key_id, day, region, names, signature = signed.groups()
    if key_id != ACCESS_KEY_ID:
        return UNKNOWN_KEY
    if region != REGION:
        return WRONG_REGION
    request = _canonical(verb, path, headers, names)
    expected = _signature(day, region, headers["x-amz-date"], request)
    return None if hmac.compare_digest(signature, expected) else WRONG_SIGNATURE


def _canonical(verb: str, path: str, headers: Message, names: str) -> str:
    resource, _, query = path.partition("?")
    pairs = sorted(pair if "=" in pair else f"{pair}=" for pair in query.split("&") if pair)
    signed = "".join(f"{name}:{headers[name].strip()}\n" for name in names.split(";"))
    return "\n".join(
        (verb, resource, "&".join(pairs), signed, names, headers["x-amz-content-sha256"])
    )


def _signature(day: str, region: str, moment: str, request: str) -> str:
    key = f"AWS4{SECRET_ACCESS_KEY}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    digest = hashlib.sha256(request.encode()).hexdigest()
    scope = f"{day}/{region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
    return hmac.digest(key, text.encode(), "sha256").hex()


def _make_bucket(port: int) -> None:
    to = http.client.HTTPConnection("127.0.0.1", port)
    with contextlib.closing(to):
        where = f"<LocationConstraint>{REGION}</LocationConstraint>"
        body = f"<CreateBucketConfiguration>{where}</CreateBucketConfiguration>"
        to.request("PUT", f"/{BUCKET}", body)
        assert to.getresponse().status == 200


@contextlib.contextmanager
def running() -> Iterator[S3]:
    """Run a server with an empty bucket until the block ends."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        _host, port = server.get_host_and_port()
        _make_bucket(port)
        with front_of(port) as front:
            front.admits = admits
            front.prolog = '<?xml version="1.0" encoding="UTF-8"?>\n'  # on a line of its own
            yield S3(front)
    finally:
        server.stop()


@contextlib.contextmanager
def tls_before(port: int, authority: trustme.CA) -> Iterator[str]:
    """Serve what is on ``port`` over TLS until the block ends; yields the endpoint."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with front_of(port, context) as front:
        yield f"https://127.0.0.1:{front.port}"
