"""Charts as static SVG: Vega-Lite specifications, compiled by vl-convert on this machine.

The drawings need no script and no request, print as they are, and take their colours from the
page's style sheet, so that one drawing serves light and dark. Foreign text enters as data only.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Spec = dict[str, Any]

WIDE, HALF, NARROW = 1120, 530, 330
"""Pixels that a chart is laid out for: a desk's screen, half of it, and a telephone's."""

_VERSION = "6.1"
_CONFIG = {
    "font": "inherit",
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 210,
        "title": None,
    },
    "text": {"color": "var(--ink)", "fontSize": 12},
}
_LINK = re.compile(r"#(?:task|domain)=[A-Za-z0-9%._~/-]*\Z")
# Vega cuts a long label between two halves of a character, and fails to measure what is left.
_HALVES = re.compile("[\U00010000-\U0010ffff\ud800-\udfff]")
_LONG = re.compile(r"(\.\d\d)\d+")
_NOISE = ("pointer-events", "aria-roledescription", "role", "version", "width", "height", "class")
_GEOMETRY = ("d", "transform", "x", "y", "x2", "y2")


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, what it says in words, and the same for a narrow screen (None: it scrolls)."""

    label: str
    wide: Markup
    narrow: Markup | None = None


def chart(label: str, spec: Callable[[int], Spec], widths: Sequence[int] = (WIDE, NARROW)) -> Chart:
    """Draw a chart.

    Args:
        label: What it shows and says, for those who cannot see it.
        spec: Returns the specification for a width in pixels, axes included.
        widths: One or two widths to lay it out for.
    """
    return Chart(label, *(svg(spec(width), label) for width in widths))


def svg(spec: Spec, label: str) -> Markup:
    """Return the ``svg`` element of a Vega-Lite specification, which may link to tasks only."""
    import vl_convert  # 85 MB of library: only a page pays for it

    whole = {"background": None, "padding": 2, **spec}
    whole["config"] = _CONFIG | spec.get("config", {})
    written = _HALVES.sub("\ufffd", json.dumps(whole, ensure_ascii=False))
    text = vl_convert.vegalite_to_svg(written, vl_version=_VERSION)
    root = ET.fromstring(text)  # noqa: S314 - written by the library, no entity in it
    _tidy(root)
    linked = root.find(".//a") is not None
    root.attrib |= {"role": "group" if linked else "img", "aria-label": label}
    # Only what the serializer wrote, with every text in it escaped.
    return Markup(ET.tostring(root, "unicode", short_empty_elements=False))  # noqa: S704


def _tidy(element: ET.Element) -> None:
    """Drop name spaces and what says nothing; make links local; shorten numbers."""
    element.tag = element.tag.rpartition("}")[2]
    root = element.tag == "svg"
    named = element.get("aria-label", "")
    for name in list(element.attrib):
        if name.endswith("}href"):
            _relink(element, element.attrib.pop(name))
        elif name in _NOISE and not (element.tag == "rect" and name in ("width", "height")):
            del element.attrib[name]
        elif name in _GEOMETRY:
            element.attrib[name] = _LONG.sub(r"\1", element.attrib[name])
    if named and not root:
        element.attrib["role"] = "img"
    for child in list(element):
        _tidy(child)
        if _draws_nothing(child):
            element.remove(child)


def _draws_nothing(element: ET.Element) -> bool:
    path = element.get("d", "")
    empty = not len(element) and element.tag in ("path", "g") and not path
    return empty or path.startswith("M0,0h0v0")


def _relink(link: ET.Element, target: str) -> None:
    """Make a link one to this page, out of the tab order: the task table has the same links.

    Vega resolves every address against its own base, so the fragment alone is kept.
    """
    fragment = "#" + target.partition("#")[2]
    link.attrib["href"] = fragment if _LINK.match(fragment) else "#"
    link.attrib["tabindex"] = "-1"
