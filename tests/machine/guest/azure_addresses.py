"""Answers on Azure's two addresses, in a network of its own: what a container could reach.

``azure_addresses.py serve``: every port by TCP with its number, and names by UDP on port 53, until
it is ended; ``serve PORT``: that port alone, on every address of this machine's.
``azure_addresses.py ask ADDRESS PORT [udp]``: prints ``answered`` or ``nothing``.
"""

from __future__ import annotations

import socket
import sys
import threading

ADDRESSES = ("169.254.169.254", "168.63.129.16")
PORTS = (53, 80, 32526)
"""DNS; the metadata service and the agent's wire server; its host plug-in."""

NAME_ADDRESS = bytes((10, 1, 2, 3))
WAIT_S = 10.0


def serve_port(port: int) -> None:
    _listen("", port)
    _wait()


def serve() -> None:
    for address in ADDRESSES:
        for port in PORTS:
            _listen(address, port)
        names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        names.bind((address, 53))
        threading.Thread(target=_resolve, args=(names,), daemon=True).start()
    _wait()


def _wait() -> None:
    sys.stdout.write("serving\n")
    sys.stdout.flush()
    threading.Event().wait()


def _listen(address: str, port: int) -> None:
    listening = socket.create_server((address, port))
    threading.Thread(target=_greet, args=(listening, port), daemon=True).start()


def _greet(listening: socket.socket, port: int) -> None:
    while True:
        connection, _ = listening.accept()
        with connection:
            body = f"port {port}\n".encode()
            head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            connection.sendall(head + body)


def _resolve(names: socket.socket) -> None:
    """Give every name the one address (RFC 1035, 4.1: header, question, one answer)."""
    while True:
        query, sender = names.recvfrom(512)
        is_address = query[-4:-2] == b"\0\1"
        head = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_address else b"\0\0") + b"\0" * 4
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + NAME_ADDRESS if is_address else b""
        names.sendto(head + query[12:] + answer, sender)


def ask(address: str, port: int, kind: str) -> bool:
    try:
        if kind == "udp":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
                asking.settimeout(WAIT_S)
                asking.connect((address, port))
                asking.send(b"\0\1\1\0\0\1" + b"\0" * 6 + b"\1a\0\0\1\0\1")
                return bool(asking.recv(512))
        with socket.create_connection((address, port), timeout=WAIT_S) as asking:
            return bool(asking.recv(512))
    except OSError:
        return False


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    if sys.argv[1] == "serve":
        serve_port(int(sys.argv[2]))
    answered = ask(sys.argv[2], int(sys.argv[3]), "udp" if "udp" in sys.argv else "tcp")
    sys.stdout.write("answered\n" if answered else "nothing\n")
