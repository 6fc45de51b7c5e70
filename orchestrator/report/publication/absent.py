"""What is published where there is no result: the run failed to start, or there is to be none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.report.phrases.escapes import markdown_text
from orchestrator.report.publication.texts import CheckText

if TYPE_CHECKING:
    from collections.abc import Sequence

_REASONS = 50
_TEXT_LIMIT = 1000

_TITLES = {
    "failure": "Provision failed",
    "cancelled": "Provision was cancelled",
    "skipped": "Provision was skipped",
}


def unprovisioned_title(result: str) -> str:
    """Return what became of provision, by the ``result`` of its job."""
    return _TITLES.get(result, f"Provision ended with {result}")


def unprovisioned_texts(result: str, reasons: Sequence[str], run_url: str) -> tuple[str, CheckText]:
    """Return the comment and the check of a run whose machines were never brought up.

    ``reasons`` are what the job said, and hostile. Nothing was shown of the agent, but a branch
    that requires the check asked for a result: it fails, unless nobody wanted the run.
    """
    title = unprovisioned_title(result)
    listed = [f"- {markdown_text(reason, _TEXT_LIMIT)}" for reason in reasons[:_REASONS]]
    listed += [f"- … and {len(reasons) - _REASONS} more"] if len(reasons) > _REASONS else []
    why = "Why:\n\n" + "\n".join(listed) if listed else "The log of its job says why."
    parts = [
        f"## {'⚪' if result == 'skipped' else '🔴'} {title}",
        "No machine worked on this run, so it has no result.",
        why,
        f"[workflow run]({run_url})" if run_url else "",
    ]
    text = "\n\n".join(part for part in parts if part) + "\n"
    return text, CheckText(title, text, "", "neutral" if result == "skipped" else "failure", ())


def no_run_texts(reason: str, run_url: str) -> tuple[str, CheckText]:
    """Return the summary and the check of a commit that gets no run: neutral, with the reason."""
    title = "No run"
    link = f"[workflow run]({run_url})" if run_url else ""
    why = markdown_text(reason, _TEXT_LIMIT)
    text = "\n\n".join(part for part in (f"## ⚪ {title}", why, link) if part) + "\n"
    return text, CheckText(title, text, "", "neutral", ())
