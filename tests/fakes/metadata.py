"""A machine's metadata as EC2 gives it, version 2: a token first, then the role's keys."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = "metadata-token"
_ROLES = "/latest/meta-data/iam/security-credentials/"
_ROLE = "waa-worker"


class _Handler(BaseHTTPRequestHandler):
    key_id: str
    secret: str

    def do_PUT(self) -> None:  # http.server's name
        asked = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        self._answer(_TOKEN if self.path == "/latest/api/token" and asked else "")

    def do_GET(self) -> None:  # http.server's name
        if self.headers.get("X-aws-ec2-metadata-token") != _TOKEN:
            self._answer("", 401)
        elif self.path == _ROLES:
            self._answer(_ROLE)
        elif self.path == f"{_ROLES}{_ROLE}":
            until = dt.datetime.now(dt.UTC) + dt.timedelta(hours=6)
            keys = {"AccessKeyId": self.key_id, "SecretAccessKey": self.secret, "Token": "session"}
            kept = {"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z"}
            self._answer(json.dumps({**kept, **keys, "Expiration": f"{until:%Y-%m-%dT%H:%M:%SZ}"}))
        else:
            self._answer("")

    def _answer(self, text: str, status: int = 200) -> None:
        self.send_response(status if text else max(status, 404))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Say nothing."""


@contextlib.contextmanager
def role_on(key_id: str, secret: str) -> Iterator[str]:
    """Serve a machine's metadata until the block ends; yields where."""
    handler = type("Handler", (_Handler,), {"key_id": key_id, "secret": secret})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
