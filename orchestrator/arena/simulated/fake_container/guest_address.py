"""Asking the guest, with as little as can be imported: the client does this before every step."""

from __future__ import annotations

import _socket  # the C half of socket: importing the whole costs more than the client's own work

_TIMEOUT_S = 5.0
_DEATH_PATH = "/standin/die"


def probe(where: tuple[str, int]) -> bool:
    """Whether ``GET /probe`` answers 200 at this IPv4 address and port."""
    return b" 200 " in _ask(where, "GET /probe")


def listens(where: tuple[str, int]) -> bool:
    """Whether anybody accepts a connection there: the cheap question, for every step."""
    connection = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    connection.settimeout(_TIMEOUT_S)
    try:
        connection.connect(where)
    except OSError:
        return False
    else:
        return True
    finally:
        connection.close()


def die(where: tuple[str, int]) -> None:
    """Tell the guest to end without a word; returns once it answers no more."""
    _ask(where, f"POST {_DEATH_PATH}")
    while listens(where):
        pass


def _ask(where: tuple[str, int], request: str) -> bytes:
    """Return the status line of the reply; empty when nobody answers."""
    host, port = where
    connection = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    connection.settimeout(_TIMEOUT_S)
    try:
        connection.connect((host, port))
        head = f"{request} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n"
        connection.sendall(head.encode() + b"\r\n")
        reply = b""
        while part := connection.recv(4096):
            reply += part
        return reply.partition(b"\r\n")[0]
    except OSError:
        return b""
    finally:
        connection.close()
