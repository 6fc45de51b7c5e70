"""Screenshots of a desktop that is not there: small valid PNG files, drawn from nothing.

A taskbar, a window that moves from step to step, and the word SIMULATED, so that nobody takes one
for Windows. It is drawn in points of 4 by 4 pixels, so that it takes little time and room. Format:
Portable Network Graphics (ISO/IEC 15948), palette colour, 4 bits a pixel.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_POINT = 4
_WIDE, _HIGH = 320, 200
_WINDOW_WIDE, _WINDOW_HIGH = 150, 96
WIDTH, HEIGHT = _WIDE * _POINT, _HIGH * _POINT
WINDOW_WIDTH, WINDOW_HEIGHT = _WINDOW_WIDE * _POINT, _WINDOW_HIGH * _POINT
_TASKBAR = 12
_TITLE = 9
_SCALE = 2

_BACKGROUND, _WINDOW, _BAR, _INK, _ACCENT = range(5)
# One row of each letter a number, its five lowest bits the pixels, left to right.
_LETTERS = {
    "S": (15, 16, 16, 14, 1, 1, 30),
    "I": (14, 4, 4, 4, 4, 4, 14),
    "M": (17, 27, 21, 17, 17, 17, 17),
    "U": (17, 17, 17, 17, 17, 17, 14),
    "L": (16, 16, 16, 16, 16, 16, 31),
    "A": (14, 17, 17, 31, 17, 17, 17),
    "T": (31, 4, 4, 4, 4, 4, 4),
    "E": (31, 16, 16, 30, 16, 16, 31),
    "D": (30, 17, 17, 17, 17, 17, 30),
}
_BANNER = "SIMULATED"
_TWICE = bytes(colour * 0x11 & 0xFF for colour in range(256))
"""A colour of the palette as the byte of two pixels of it."""


def desktop(tint: int, step: int) -> bytes:
    """Return the whole screen as PNG; ``tint`` (any integer) colours it, ``step`` moves it."""
    left = 14 + (step * 37 + tint * 13) % (_WIDE - _WINDOW_WIDE - 28)
    top = 8 + (step * 23 + tint * 7) % (_HIGH - _WINDOW_HIGH - _TASKBAR - 7 * _SCALE - 16)
    before, after = _paint(_BACKGROUND, left), _paint(_BACKGROUND, _WIDE - _WINDOW_WIDE - left)
    rows = [_paint(_BACKGROUND, _WIDE)] * top
    rows += [before + row + after for row in _window_rows(step)]
    rows += [_paint(_BACKGROUND, _WIDE)] * (_HIGH - _TASKBAR - len(_banner()) - len(rows))
    rows += [*_banner(), *[_paint(_BAR, _WIDE)] * _TASKBAR]
    return _png(rows, tint)


def window(tint: int, step: int) -> bytes:
    """Return the foreground window alone as PNG."""
    return _png(_window_rows(step), tint)


def _paint(colour: int, width: int) -> bytes:
    return bytes([colour]) * width


def _window_rows(step: int) -> list[bytes]:
    body = [_paint(_WINDOW, _WINDOW_WIDE)] * (_WINDOW_HIGH - _TITLE)
    for line in range(min(step + 2, 10)):
        length = 30 + (line * 53 + step * 29) % (_WINDOW_WIDE - 45)
        margin = _WINDOW_WIDE - 8 - length
        body[6 + line * 8] = _paint(_WINDOW, 8) + _paint(_INK, length) + _paint(_WINDOW, margin)
    return [_paint(_ACCENT, _WINDOW_WIDE)] * _TITLE + body


@cache
def _banner() -> list[bytes]:
    """Return the rows of the word, and of the space below it."""
    left = (_WIDE - len(_BANNER) * 6 * _SCALE) // 2
    rows = []
    for line in range(7):
        row = _paint(_BACKGROUND, left)
        for letter in _BANNER:
            bits = _LETTERS[letter][line]
            for x in range(5, -1, -1):
                row += _paint(_INK if x and bits >> (x - 1) & 1 else _BACKGROUND, _SCALE)
        rows += [row + _paint(_BACKGROUND, _WIDE - len(row))] * _SCALE
    return rows + [_paint(_BACKGROUND, _WIDE)] * 4


def _png(rows: list[bytes], tint: int) -> bytes:
    width, height = len(rows[0]) * _POINT, len(rows) * _POINT
    header = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    pixels = b"".join(_lines(rows))
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"PLTE", _palette(tint))
        + _chunk(b"IDAT", zlib.compress(pixels, 1))
        + _chunk(b"IEND", b"")
    )


def _palette(tint: int) -> bytes:
    accent = ((tint * 67) % 160 + 40, (tint * 101) % 160 + 40, (tint * 151) % 160 + 40)
    background = tuple(channel // 2 + 20 for channel in accent)
    return bytes((*background, 246, 246, 248, 24, 26, 32, 225, 228, 235, *accent))


def _lines(rows: list[bytes]) -> Iterator[bytes]:
    """Yield lines of pixels, two a byte; one that is like the line above it says only that."""
    half = _POINT // 2
    same = b"\2" + bytes(len(rows[0]) * half)
    above = b""
    for row in rows:
        if row == above:
            yield same * _POINT
            continue
        line = bytearray(len(row) * half)
        for place in range(half):
            line[place::half] = row.translate(_TWICE)
        yield b"\0" + line + same * (_POINT - 1)
        above = row


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
