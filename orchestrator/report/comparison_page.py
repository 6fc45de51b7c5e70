"""``comparison.html``: a comparison as one offline page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Comparison</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}
:root{color-scheme:light dark}table{border-collapse:collapse}td,th{padding:.2rem .8rem;
text-align:left;border-bottom:1px solid #8888}</style></head><body>
{% if document.simulated %}<p><strong>SIMULATED.</strong> No score here says anything about an
agent.</p>{% endif %}
{% for one in document.candidates %}
<h1>{{ one.side.name }} against {{ document.baseline.name }}</h1>
<p><strong>{{ one.verdict.sentence }}</strong></p>
<ul>{% for text in one.warnings %}<li>{{ text }}</li>{% endfor %}</ul>
<table><tr><th>Task</th><th>Change</th><th>Baseline</th><th>Candidate</th></tr>
{% for task in one.tasks %}<tr><td>{{ task.domain }}/{{ task.name }}</td><td>{{ task.kind }}</td>
<td>{{ task.baseline.score }}</td><td>{{ task.candidate.score }}</td></tr>{% endfor %}</table>
{% endfor %}
{% for one in document.published %}<h1>{{ one.run }} beside {{ one.name }}</h1>
<p><strong>{{ one.sentence }}</strong></p>{% endfor %}
</body></html>
"""


def render_comparison_html(document: Mapping[str, Any]) -> str:
    """Return the page of a ``comparison.json``; everything in it is escaped."""
    from jinja2 import Environment

    return Environment(autoescape=True).from_string(_PAGE).render(document=document)
