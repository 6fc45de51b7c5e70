"""The package's templates: escaping everything, with the style and script of their own page.

Three walls stand between foreign text and the page's reader: the template engine escapes it, the
script writes it only as text, and the page's own policy runs no script and loads nothing but what
this module put there.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.report.phrases import wording
from orchestrator.report.phrases.amounts import dollars, moment, percent, span_of_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PIECES = 2_000  # of the template engine's own, joined into one of ours

STYLES = ("base.css", "charts.css", "grid.css", "task.css", "print.css")


def page_pieces(template: str, scripts: Sequence[str], **values: Any) -> Iterator[str]:
    """Yield a page made of a template, piece by piece: a large one is never whole in memory.

    Args:
        template: Its file among the package's templates.
        scripts: The files of the page's script, in their order; they share one module.
        values: What the template shows.
    """
    environment = Environment(
        loader=PackageLoader("orchestrator.report.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "duration": span_of_time,
        "moment": moment,
        "dollars": dollars,
    }
    style, script = _own(STYLES), Markup("(() => {{\n{}}})();").format(_own(scripts))
    stream = environment.get_template(template).stream(
        wording=wording, style=style, script=script, policy=_policy(style, script), **values
    )
    stream.enable_buffering(_PIECES)
    yield from stream


def _own(names: Sequence[str]) -> Markup:
    place = files("orchestrator.report.page").joinpath("templates")
    text = "\n".join(place.joinpath(name).read_text("utf-8") for name in names)
    return Markup(text)  # noqa: S704 - files of this package, no foreign text is in them


def _policy(style: str, script: str) -> str:
    """Return a content security policy that allows the page's own two texts and images only."""
    return "; ".join(
        (
            "default-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            f"style-src {_hash(style)}",
            f"script-src {_hash(script)}",
            "img-src 'self' data: file:",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
