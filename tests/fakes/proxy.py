"""A TCP proxy on loopback that can be cut: a network between a run and its store."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 65536


class Proxy:
    """Forwards connections to ``target`` while ``up``; cutting it breaks those that are open."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._up = threading.Event()
        self._up.set()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._spawn(self._accept)

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._up.clear()
        for entry in list(self._open):
            with contextlib.suppress(OSError):
                entry.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self._up.set()

    def close(self) -> None:
        """End for good."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self.cut()
        for thread in self._threads:
            thread.join()
        for entry in (self._listener, *self._open):
            entry.close()

    def _spawn(self, target: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            if not self._up.is_set():
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._target))
            self._open |= {client, server}
            for entry, other in ((client, server), (server, client)):
                self._spawn(self._pump, entry, other)

    def _pump(self, entry: socket.socket, other: socket.socket) -> None:
        try:
            while data := entry.recv(_CHUNK):
                other.sendall(data)
        except OSError:
            pass  # cut, or closed by either end: both ends are closed below
        finally:
            for end in (entry, other):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """Run a proxy until the block ends."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
