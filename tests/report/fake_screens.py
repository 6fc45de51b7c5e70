"""Screenshots of a desktop that never was, large enough to look at. Each says SIMULATED."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from orchestrator.planning.suite import Unit

SIZE = (1280, 800)
_PALETTES = (
    ((28, 64, 128), (74, 134, 208)),
    ((58, 36, 92), (148, 98, 190)),
    ((18, 84, 84), (70, 168, 150)),
    ((96, 48, 40), (206, 120, 84)),
)


def screen(unit: Unit, step: int) -> bytes:
    """Return the screen of a task after a step, as PNG."""
    image = _wallpaper(sum(map(ord, unit.task.domain)) % len(_PALETTES)).copy()
    draw = ImageDraw.Draw(image)
    _taskbar(draw)
    _window(draw, unit, step)
    held = io.BytesIO()
    image.save(held, "PNG", compress_level=1)
    return held.getvalue()


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@cache
def _wallpaper(number: int) -> Image.Image:
    low, high = _PALETTES[number]
    column = Image.new("RGB", (1, SIZE[1]))
    for y in range(SIZE[1]):
        share = y / SIZE[1]
        column.putpixel(
            (0, y), tuple(int(a + (b - a) * share) for a, b in zip(low, high, strict=True))
        )
    image = column.resize(SIZE)
    ImageDraw.Draw(image).text((36, 30), "SIMULATED", font=_font(34), fill=(255, 255, 255))
    return image


def _taskbar(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 752, SIZE[0], SIZE[1]), fill=(20, 24, 32))
    for number in range(7):
        x = 520 + number * 40
        draw.rounded_rectangle((x, 764, x + 24, 788), 5, fill=(90 + number * 20, 130, 200))
    draw.text((1196, 766), "10:24", font=_font(15), fill=(230, 232, 238))


def _window(draw: ImageDraw.ImageDraw, unit: Unit, step: int) -> None:
    left, top, right, bottom = 210, 110, 1090, 680
    draw.rounded_rectangle((left, top, right, bottom), 10, fill=(250, 250, 252))
    draw.rounded_rectangle((left, top, right, top + 44), 10, fill=(228, 231, 238))
    title = f"{unit.task.name} (simulated)"
    draw.text((left + 18, top + 12), title, font=_font(17), fill=(40, 44, 52))
    for number, colour in enumerate(((90, 200, 110), (240, 190, 70), (236, 96, 86))):
        x = right - 84 + number * 26
        draw.ellipse((x, top + 15, x + 14, top + 29), fill=colour)
    for row in range(13):
        _row(draw, (left, top + 74 + row * 37, right), row, step)
    save = (right - 190, bottom - 62, right - 30, bottom - 22)
    draw.rounded_rectangle(save, 8, fill=(52, 104, 214))
    draw.text((right - 142, bottom - 53), "Save", font=_font(19), fill=(255, 255, 255))


def _row(draw: ImageDraw.ImageDraw, place: tuple[int, int, int], row: int, step: int) -> None:
    left, y, right = place
    draw.line((left + 24, y + 28, right - 24, y + 28), fill=(232, 234, 240))
    draw.text((left + 30, y), f"{row + 1}", font=_font(15), fill=(150, 156, 168))
    if row < 4 + step * 2:
        length = 140 + (row * 97 + step * 31) % 420
        bar = (left + 70, y + 4, left + 70 + length, y + 16)
        draw.rounded_rectangle(bar, 5, fill=(196, 203, 216))
