"""Screenshots of a desktop that is not there: small valid PNG files, drawn from nothing.

A taskbar, a window that moves from step to step, and the word SIMULATED, so that nobody takes one
for Windows. Format: Portable Network Graphics (ISO/IEC 15948), palette colour, 8 bits a pixel.
"""

from __future__ import annotations

import struct
import zlib

WIDTH, HEIGHT = 480, 300
WINDOW_WIDTH, WINDOW_HEIGHT = 220, 140
_TASKBAR = 18
_TITLE = 12
_SCALE = 3

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


def desktop(tint: int, step: int) -> bytes:
    """Return the whole screen as PNG; ``tint`` (any integer) colours it, ``step`` moves it."""
    left = 20 + (step * 37 + tint * 13) % (WIDTH - WINDOW_WIDTH - 40)
    top = 14 + (step * 23 + tint * 7) % (HEIGHT - WINDOW_HEIGHT - _TASKBAR - 50)
    rows = [bytearray([_BACKGROUND]) * WIDTH for _ in range(HEIGHT)]
    for y, row in enumerate(_window_rows(step)):
        rows[top + y][left : left + WINDOW_WIDTH] = row
    for y in range(HEIGHT - _TASKBAR, HEIGHT):
        rows[y] = bytearray([_BAR]) * WIDTH
    _write(rows, HEIGHT - _TASKBAR - 7 * _SCALE - 6)
    return _png(rows, tint)


def window(tint: int, step: int) -> bytes:
    """Return the foreground window alone as PNG."""
    return _png(_window_rows(step), tint)


def _window_rows(step: int) -> list[bytearray]:
    title = bytearray([_ACCENT]) * WINDOW_WIDTH
    body = bytearray([_WINDOW]) * WINDOW_WIDTH
    rows = [bytearray(title if y < _TITLE else body) for y in range(WINDOW_HEIGHT)]
    for line in range(min(step + 2, 10)):
        length = 40 + (line * 53 + step * 29) % (WINDOW_WIDTH - 60)
        rows[_TITLE + 8 + line * 11][10 : 10 + length] = bytearray([_INK]) * length
    return rows


def _write(rows: list[bytearray], top: int) -> None:
    left = (WIDTH - len(_BANNER) * 6 * _SCALE) // 2
    for place, letter in enumerate(_BANNER):
        for y, bits in enumerate(_LETTERS[letter]):
            pixels = bytearray()
            for x in range(4, -1, -1):
                pixels += bytearray([_INK if bits >> x & 1 else _BACKGROUND]) * _SCALE
            start = left + place * 6 * _SCALE
            for line in range(_SCALE):
                rows[top + y * _SCALE + line][start : start + len(pixels)] = pixels


def _png(rows: list[bytearray], tint: int) -> bytes:
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 3, 0, 0, 0)
    pixels = b"".join(b"\0" + row for row in rows)
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


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
