"""The real ``az``, kept warm: one process that has imported it and serves every call in a fork.

Run by the Python of the environment that azure-cli is installed in, with the path of its socket.
A call comes with its arguments, directory, environment and its three streams, and is answered with
the exit code that ``az`` itself ends with. Every HTTP request of a call goes to the stand-in that
the caller's ``AZGH_WORLD`` names, whatever host it is for: none leaves this machine.
"""

from __future__ import annotations

import array
import contextlib
import gc
import http.client
import io
import json
import os
import socket
import sys
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3 import HTTPResponse

STREAMS = 3


class WorldConnection(http.client.HTTPConnection):
    """A connection to the stand-in, for a host that it plays."""

    def connect(self) -> None:
        """Connect to the stand-in of the call that is being served."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(os.environ["AZGH_WORLD"])


def send(
    adapter: requests.adapters.HTTPAdapter,
    request: requests.PreparedRequest,
    **_options: object,
) -> requests.Response:
    """Stand for ``HTTPAdapter.send``, which azure-core, MSAL and az's Graph client go through."""
    url = urlsplit(str(request.url))
    connection = WorldConnection(url.netloc)
    path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    body = request.body
    if body is not None and not isinstance(body, (bytes, str)):
        body = body.read()
    headers = {**request.headers, "Host": url.netloc, "Connection": "close"}
    connection.request(str(request.method), path, body=body, headers=headers)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    answer = HTTPResponse(
        body=io.BytesIO(content),
        headers=dict(reply.getheaders()),
        status=reply.status,
        reason=reply.reason,
        preload_content=False,
        request_method=request.method,
    )
    return adapter.build_response(request, answer)


def run(arguments: list[str]) -> int:
    """Run one command as ``az`` does, and return its exit code."""
    try:
        return int(import_module("azure.cli.core").get_default_cli().invoke(arguments) or 0)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)


def receive(connection: socket.socket) -> tuple[array.array[int], dict[str, Any]]:
    """Return the caller's three streams and its call."""
    streams = array.array("i")
    _message, ancillary, _flags, _address = connection.recvmsg(1, socket.CMSG_SPACE(STREAMS * 4))
    streams.frombytes(ancillary[0][2][: STREAMS * 4])
    with connection.makefile("r") as file:
        return streams, json.loads(file.readline())


def serve(connection: socket.socket, report: int) -> None:
    """Serve one call in a process of its own; report what it had to import."""
    streams, call = receive(connection)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.environ.clear()
    os.environ.update(call["environment"])
    os.chdir(call["directory"])
    sys.argv = ["az", *call["arguments"]]
    before = set(sys.modules)
    status = run(call["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    imported = [name for name in sys.modules if name not in before]
    os.write(report, " ".join(imported).encode())
    connection.sendall(f"{status}\n".encode())


def learn(report: int) -> None:
    """Import what a call had to, so that the next one finds it; some names are no modules."""
    with os.fdopen(report) as file:
        for name in file.read().split():
            with contextlib.suppress(ImportError):
                import_module(name)


def main(path: str) -> None:
    """Serve one call after the other until the parent ends this process."""
    requests.adapters.HTTPAdapter.send = send  # type: ignore[assignment, method-assign]
    import_module("azure.cli.core")
    gc.disable()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        connection, _address = listener.accept()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            listener.close()
            serve(connection, writing)
            os._exit(0)
        connection.close()
        os.close(writing)
        learn(reading)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1])
