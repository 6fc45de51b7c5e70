"""Reads the exceptions of a traceback: their classes, from the innermost to the one that ended it.

Classes are read, not wording: a class is what a library promises, its text is what it likes today.
The text is what ``traceback.format_exc()`` prints in Python 3.9 to 3.14.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LINKS_LIMIT = 64
_HEADER = "Traceback (most recent call last):"
_RAISED = re.compile(r"^([A-Za-z_][\w.]*)(?:: ?(.*))?$", re.DOTALL)
_NEXT = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)

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


def chain_of(traceback: str) -> tuple[Link, ...]:
    """Return the exceptions of a traceback in the order it prints them: the outermost is last."""
    links = [link for block in _blocks(traceback.splitlines()) if (link := _link(block))]
    return tuple(links[-_LINKS_LIMIT:])


def _blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the lines below each ``Traceback`` header, up to the next."""
    block: list[str] | None = None
    for line in lines:
        if line == _HEADER:
            if block is not None:
                yield block
            block = []
        elif block is not None:
            block.append(line)
    if block is not None:
        yield block


def _link(block: list[str]) -> Link | None:
    """Return what a block raised: the first line after its frames, and what belongs to it."""
    start = next((at for at, line in enumerate(block) if line and not line[0].isspace()), None)
    if start is None:
        return None
    text: list[str] = []
    for line in block[start:]:
        if line in _NEXT:
            break
        text.append(line)
    match = _RAISED.match("\n".join(text).strip())
    return None if match is None else Link(match.group(1), match.group(2) or "")
