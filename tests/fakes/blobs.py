"""Blob Storage as far as its authorization is asked: it takes what it is sent and remembers it.

Nothing is kept; what the real protocol does is Azurite's to say (``tests/fakes/azurite.py``).
"""

from __future__ import annotations

import contextlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SERVICE = "Microsoft.Storage/storageAccounts/blobServices"
_KEY = b"""<?xml version="1.0" encoding="utf-8"?><UserDelegationKey><SignedOid>o</SignedOid>
<SignedTid>t</SignedTid><SignedStart>2026-01-01T00:00:00Z</SignedStart>
<SignedExpiry>2026-01-02T00:00:00Z</SignedExpiry><SignedService>b</SignedService>
<SignedVersion>2025-11-05</SignedVersion><Value>a2V5</Value></UserDelegationKey>"""


def action_of_blob(verb: str, url: str) -> str:
    """Return the action that a request signed by an identity asks for.

    Of the service, containers and blobs, as "Authorize with Microsoft Entra ID: Permissions for
    calling data operations" lists them.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    if query.get("comp") == ["userdelegationkey"]:
        return f"{_SERVICE}/generateUserDelegationKey/action"
    verbs = {"GET": "read", "HEAD": "read", "PUT": "write", "DELETE": "delete"}
    listing = query.get("comp") == ["list"]
    if query.get("restype") == ["container"] and not listing:
        return f"{_SERVICE}/containers/{verbs[verb]}"
    return f"{_SERVICE}/containers/blobs/{verbs[verb]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[str]

    def _serve(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append(action_of_blob(self.command, self.path))
        body = _KEY if self.command == "POST" else b""
        self.send_response(200 if body else 201)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815  # http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Say nothing."""


@contextlib.contextmanager
def recording(directory: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """Serve until the block ends; yields the URL, its authority's file, the actions asked for."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = directory / "blobs.pem"
    authority.cert_pem.write_to_path(str(file))
    handler = type("Handler", (_Handler,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/account", file, handler.seen  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
