"""Reads the exceptions of a traceback: their classes, from the innermost to the one that ended it.

Classes are read, not wording: a class is what a library promises, its text is what it likes today.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.results.tracebacks import Exceptional

_LINKS_LIMIT = 1_024
# A class may be another's, or a function's: "agent.Agent.GaveUp", "agent.ask.<locals>.GaveUp".
_RAISED = re.compile(r"^([A-Za-z_](?:\w|\.|<locals>)*)(?::(?: (.*))?|\n(.*))?$", re.DOTALL)

CONNECTION_NAMES = frozenset(
    {
        "BrokenPipeError",
        "ChunkedEncodingError",
        "ClientConnectionError",
        "ClientConnectorError",
        "ConnectError",
        "ConnectTimeout",
        "ConnectTimeoutError",
        "ConnectionAbortedError",
        "ConnectionClosed",
        "ConnectionClosedError",
        "ConnectionError",
        "ConnectionRefusedError",
        "ConnectionResetError",
        "ConnectionTimeout",
        "IncompleteRead",
        "MaxRetryError",
        "NameResolutionError",
        "NetworkError",
        "NewConnectionError",
        "PoolTimeout",
        "ProtocolError",
        "ProxyError",
        "ReadError",
        "ReadTimeout",
        "ReadTimeoutError",
        "RemoteDisconnected",
        "RemoteProtocolError",
        "SSLError",
        "ServerDisconnectedError",
        "Timeout",
        "TimeoutError",
        "TimeoutException",
        "WriteError",
        "WriteTimeout",
        "gaierror",
        "herror",
        "timeout",
    }
)
"""Classes that say that the other side was not reached, hung up or kept silent."""

# A plain OSError of the network: unreachable, reset, timed out, refused, no route.
_NETWORK_ERRNO = re.compile(r"^\[Errno (?:32|100|101|103|104|107|110|111|112|113)\]")
_FILE_ERRORS = frozenset(
    {"OSError", "IOError", "MemoryError", "FileNotFoundError", "PermissionError", "BlockingIOError"}
    | {"IsADirectoryError", "NotADirectoryError", "FileExistsError", "InterruptedError"}
)


@dataclass(frozen=True, slots=True)
class Link:
    """One exception of a chain: its dotted class, and its message."""

    path: str
    message: str

    @property
    def name(self) -> str:
        """The class without its module."""
        return self.path.rpartition(".")[2]

    @property
    def root(self) -> str:
        """The package that the class belongs to; empty for Python's own."""
        return self.path.partition(".")[0] if "." in self.path else ""

    @property
    def lost_connection(self) -> bool:
        """Whether the other side was not reached, hung up or kept silent."""
        return self.name in CONNECTION_NAMES or bool(
            self.name in _FILE_ERRORS and _NETWORK_ERRNO.match(self.message)
        )

    @property
    def of_this_machine(self) -> bool:
        """Whether a file, the disk or the memory was at fault."""
        return self.name in _FILE_ERRORS and not self.lost_connection


def chain_of(exceptions: Sequence[Exceptional]) -> tuple[Link, ...]:
    """Return what the exceptions of a traceback are, in the same order: the outermost is last."""
    links = [link for exceptional in exceptions if (link := _link(exceptional.text))]
    return tuple(links[-_LINKS_LIMIT:])


def _link(text: str) -> Link | None:
    match = _RAISED.match(text)
    return None if match is None else Link(match.group(1), match.group(2) or match.group(3) or "")
