"""Screenshots as they are put into a page: small, and of a kind that a browser only shows."""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import dataclass

INLINE_LIMIT = 2_000_000
"""Bytes of an image that a page may hold."""

SMALL_WIDTH = 960
"""Pixels across of a downscaled screenshot: readable, and a tenth of the bytes."""

SMALL_SUFFIX = ".webp"
"""How a downscaled screenshot's name ends."""

_KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
_READ = ("PNG", "JPEG", "WEBP")
_QUALITY = 60
_PIXELS_LIMIT = 40_000_000


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A downscaled image, and the size that it was of."""

    data: bytes
    size: tuple[int, int]


def data_url(data: bytes) -> str:
    """Return an image as a data URL, or "" for what is no PNG, JPEG or WebP, or too large."""
    kind = next((kind for magic, kind in _KINDS.items() if data.startswith(magic)), "")
    webp = kind != "image/webp" or data[8:12] == b"WEBP"
    if not kind or not webp or len(data) > INLINE_LIMIT:
        return ""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return an image's pixels across and down, by its header; None for anything else."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=_READ) as image:
            return image.size
    except Exception:  # noqa: BLE001 - a hostile image makes the decoder raise whatever it likes
        return None


def shrink(data: bytes) -> Shrunk | None:
    """Return a screenshot as a WebP of at most 960 pixels across; None for what is no image.

    A guest wrote it: PNG, JPEG and WebP alone are read, and none of more than 40 million pixels.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_READ) as image:
                size = image.size
                if size[0] * size[1] > _PIXELS_LIMIT:
                    return None
                image.thumbnail((SMALL_WIDTH, SMALL_WIDTH))
                small = image.convert("RGB")
    except Exception:  # noqa: BLE001 - a hostile image makes the decoder raise whatever it likes
        return None
    held = io.BytesIO()
    small.save(held, "WEBP", quality=_QUALITY, method=2)
    return Shrunk(held.getvalue(), size)
