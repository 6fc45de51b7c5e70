"""Standard streams that cannot take what is written: another encoding, a full disk, no reader."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import TYPE_CHECKING

from orchestrator.cli.outputs.printable import unwrapped
from orchestrator.errors import EXIT_INCOMPLETE, EXIT_INFRASTRUCTURE

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

_OF_A_STREAM = frozenset({errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT})


def written(command: Callable[[], int]) -> int:
    """Run a command whose output may be impossible to write; return its exit code.

    A character that the terminal's encoding lacks is shown as a question mark. A reader that left
    ends the command with 1, as click does it, a stream that is full with 4 and a line.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = command()
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in _OF_A_STREAM or error.filename is not None:
            raise
        return _unwritten(error)
    return code


def _unwritten(error: OSError) -> int:
    """Give up both streams, so that nothing is tried again at the end; say why if that goes."""
    left = error.errno == errno.EPIPE
    discard(sys.stdout)
    with contextlib.suppress(OSError):
        if not left:
            sys.stderr.write(f"error: the output cannot be written ({error.strerror}).\n")
        sys.stderr.flush()
    discard(sys.stderr)
    return EXIT_INCOMPLETE if left else EXIT_INFRASTRUCTURE


def discard(stream: TextIO) -> None:
    """Let a stream lead nowhere: what its buffer still holds is dropped without a complaint."""
    stream = unwrapped(stream)
    if isinstance(stream, io.TextIOWrapper):
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
            stream.flush()
