"""Asks a guest whether it lives: ``/probe`` of the server in Windows, and QEMU's monitor (QMP).

Standard library only, for any Python 3: the same file is fed to the container's own interpreter
(``python - HTTP_HOST HTTP_PORT QMP_HOST QMP_PORT``), because both ports answer only inside. It
then prints one JSON object: ``{"probe": "ok", "qmp": "running"}``, or in place of a value what
was wrong.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import IO

TIMEOUT_S = 3.0
_LIMIT = 65536


def ask_server(host: str, port: int) -> str:
    """Return ``ok``, or what ``GET /probe`` met instead."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/probe")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({_short(error)})"
    finally:
        connection.close()
    return "ok" if status == 200 else f"status {status}"


def ask_qemu(host: str, port: int) -> str:
    """Return QEMU's run state (``running`` when all is well), or why it could not be had."""
    try:
        with socket.create_connection((host, port), TIMEOUT_S) as connection:
            replies = connection.makefile("rb")
            json.loads(replies.readline(_LIMIT))
            _command(connection, replies, "qmp_capabilities")
            return str(_command(connection, replies, "query-status")["status"])[:40]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"no answer ({_short(error)})"


def _command(connection: socket.socket, replies: IO[bytes], name: str) -> Any:
    connection.sendall(json.dumps({"execute": name}).encode() + b"\n")
    while True:
        reply = json.loads(replies.readline(_LIMIT))
        if "event" not in reply:
            return reply["return"]


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:120]


if __name__ == "__main__":
    result = {
        "probe": ask_server(sys.argv[1], int(sys.argv[2])),
        "qmp": ask_qemu(sys.argv[3], int(sys.argv[4])),
    }
    sys.stdout.write(json.dumps(result) + "\n")
