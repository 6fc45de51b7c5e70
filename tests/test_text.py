"""Hostile text is shown alike, and harmless, wherever it is shown; no secret hides in it."""

from __future__ import annotations

import html
import io
import json
import re
from contextlib import redirect_stderr
from functools import cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cli.outputs.annotations import failure_summary, problems_of, show_failure
from orchestrator.cli.outputs.printable import Printable
from orchestrator.clock import SystemClock
from orchestrator.compute.azure_vm.refusals import classify
from orchestrator.errors import MatrixError
from orchestrator.fleet.event_log import EventLog
from orchestrator.github.failures import judge
from orchestrator.ledger.causes import Cause
from orchestrator.report import (
    render_html,
    render_junit,
    render_markdown,
    summarize,
)
from orchestrator.report.formats.document import document_pieces
from orchestrator.results.frames import raised
from orchestrator.text import clean, clean_lines, printable, without_sequences
from orchestrator.worker.log import WorkerLog
from orchestrator.worker.redact import Redactor
from tests.report.fake_run import FakeRun, facts, outcome, plan_of, suite_named
from tests.results.trees import traceback_text

if TYPE_CHECKING:
    from collections.abc import Callable

TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")

# What is written, and what everybody is shown of it.
HOSTILE = {
    "null": ("a\x00b", "a\ufffdb"),
    "bell": ("a\x07b", "a\ufffdb"),
    "backspaces": ("a\x08\x08b", "a\ufffdb"),
    "delete": ("a\x7fb", "a\ufffdb"),
    "C1": ("a\x81b", "a\ufffdb"),
    "lone escape": ("a\x1b\x01b", "a\ufffdb"),
    "CSI": ("a\x1b[31mb\x1b[0mc\x1b[2Jd", "abcd"),
    "CSI with private parameters": ("a\x1b[?25l\x1b[>4;1mb", "ab"),
    "8-bit CSI": ("a\x9b1Ab", "ab"),
    "CSI that does not end": ("a\x1b[12\u00e9", "a12\u00e9"),
    "OSC, BEL": ("a\x1b]0;mine\x07b", "ab"),
    "OSC, ST": ("a\x1b]8;;file:///x\x1b\\b\x1b]8;;\x1b\\c", "abc"),
    "8-bit OSC and ST": ("a\x9d52;c;AAAA\x9cb", "ab"),
    "OSC that does not end": ("a\x1b]0;all this", "a0;all this"),
    "DCS, ST": ("a\x1bPq1;2\x1b\\b", "ab"),
    "8-bit DCS": ("a\x90q1;2\x9cb", "ab"),
    "DCS that does not end": ("a\x1bPq all this", "aq all this"),
    "SOS, PM, APC": ("a\x1bXx\x1b\\b\x1b^x\x1b\\c\x1b_x\x1b\\d", "abcd"),
    "reset": ("a\x1bcb", "ab"),
    "character set": ("a\x1b(0b", "ab"),
    "override": ("a\u202eb\u202cc", "a\ufffdb\ufffdc"),
    "isolate": ("a\u2066b\u2069c", "a\ufffdb\ufffdc"),
    "marks": ("a\u200eb\u200fc\u061cd", "a\ufffdb\ufffdc\ufffdd"),
    "zero width": ("a\u200bb\u200cc\u200dd\ufeffe", "a\ufffdb\ufffdc\ufffdd\ufffde"),
    "joiners": ("a\u2060\u2063b", "a\ufffdb"),
    "soft hyphen": ("a\u00adb", "a\ufffdb"),
    "fillers": ("a\u3164b\u115fc\u034fd", "a\ufffdb\ufffdc\ufffdd"),
    "tags": (f"a{TAGS}b", "a\ufffdb"),
    "private use": ("a\ue000b\U000f0001c\U0010fffdd", "a\ufffdb\ufffdc\ufffdd"),
    "no characters": ("a\ufdd0b\ufffec\U0001ffffd", "a\ufffdb\ufffdc\ufffdd"),
    "lone surrogates": ("a\ud800b\udfffc", "a\ufffdb\ufffdc"),
    "variation selectors": ("a\ufe0fb\ufe00\U000e0100c", "a\ufffdb\ufffdc"),
    "selectors that carry text": (
        "\U0001f600\ufe0f\ufe01\ufe02\U000e0130b",
        "\U0001f600\ufe0f\ufffdb",
    ),
    "emoji": (
        "\u2764\ufe0f 1\ufe0f\u20e3 \U0001f468\u200d\U0001f4bb \U0001f44d\U0001f3fd",
        "\u2764\ufe0f 1\ufe0f\u20e3 \U0001f468\u200d\U0001f4bb \U0001f44d\U0001f3fd",
    ),
    "letters": ("e\u0301 \u0645\u0631 \u4f60\u597d \u2192 \u2026", None),
}
CASES = [(name, text, text if shown is None else shown) for name, (text, shown) in HOSTILE.items()]


TOKEN = "ghp_q3Xz8LmN4vB7tR1wY6kP9sD2fG5hJ0cA3e"
KNOWN = "correct-horse-battery"
SPLIT_BY = {
    "zero-width space": "\u200b",
    "word joiner": "\u2060",
    "soft hyphen": "\u00ad",
    "override": "\u202e",
    "tag": TAGS,
    "selector": "\ufe0f",
    "private use": "\ue000",
    "null": "\x00",
    "surrogate": "\ud800",
    "colour": "\x1b[31m",
    "title": "\x1b]0;a title\x07",
    "link": "\x1b]8;;http://a b/\x1b\\",
    "8-bit colour": "\x9b31m",
    "replacement": "\ufffd",
}
CUTS: dict[str, Callable[[str, str], str]] = {
    "before": lambda secret, veil: veil + secret,
    "early": lambda secret, veil: secret[:9] + veil + secret[9:],
    "often": lambda secret, veil: veil.join(secret),
}
VEILED = {
    f"{name}, {where}": f"before {cut(TOKEN, veil)} after"
    for name, veil in SPLIT_BY.items()
    for where, cut in CUTS.items()
}


@cache
def report(place: str, texts: tuple[str, ...]) -> str:
    """Return a report of a run that lost a task with each text, as its readers decode it."""
    run = FakeRun(plan_of(suite_named(len(texts))))
    run.start()
    for unit, text in zip(run.plan.units, texts, strict=True):
        run.end(outcome(unit, None, Cause.ARENA, message=text))
    results = summarize(run.plan, run.fold(), facts())
    if place == "JUnit":
        root = ET.fromstring(render_junit(results))
        return "\n".join(str(error.get("message")) for error in root.iter("error"))
    if place == "JSON":
        tasks = json.loads("".join(document_pieces(results)))["tasks"]
        return "\n".join(task["message"] for task in tasks)
    if place == "Markdown":
        return html.unescape(render_markdown(results))
    # What a page's scripts read is JSON.
    page = html.unescape(render_html(results, {}))
    page = re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match.group(1), 16)), page)
    return page.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def in_report(place: str) -> Callable[[str], str]:
    texts = (*(written(name, text) for name, text, _ in CASES), *VEILED.values())
    return lambda text: report(place, texts if text in texts else (text,))


def written(name: str, text: str) -> str:
    return f"{name} ({text})"


def terminal(text: str) -> str:
    stream = io.StringIO()
    Printable(stream).write(text)
    return stream.getvalue()


def log_line(text: str) -> str:
    stream = io.StringIO()
    WorkerLog(stream).say(text)
    return stream.getvalue().removesuffix("\n")


def log_annotation(text: str) -> str:
    stream = io.StringIO()
    WorkerLog(stream, github=True).error(text)
    return stream.getvalue().removesuffix("\n").replace("%25", "%")


def event(text: str) -> str:
    journal = EventLog("test", SystemClock())
    journal.note("create", "failed", "m-0", text)
    return journal.events[0].detail


def github_reply(text: str) -> str:
    return judge(422, {}, json.dumps({"message": text}), 0.0).detail


def outcome_message(text: str) -> str:
    traceback = traceback_text("actions = agent.predict(obs)", f"ValueError: {text}")
    return raised(traceback, text).exception


def annotation(text: str) -> str:
    """Return what the runner reads off the log, unescaped as it does."""
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(io.StringIO()) as log:
        patch.setenv("GITHUB_ACTIONS", "true")
        patch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        show_failure("run", problems_of(MatrixError(text)))
    line = log.getvalue().removesuffix("\n")
    return line.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")


PLACES: dict[str, Callable[[str], str]] = {
    "log line": log_line,
    "log annotation": log_annotation,
    "annotation": annotation,
    "Markdown": in_report("Markdown"),
    "summary": lambda text: html.unescape(failure_summary("run", problems_of(MatrixError(text)))),
    "HTML": in_report("HTML"),
    "JUnit": in_report("JUnit"),
    "JSON": in_report("JSON"),
    "event": event,
    "outcome": outcome_message,
    "cloud's reply": lambda text: classify({"error": {"code": "x", "message": text}}).message,
    "GitHub's reply": github_reply,
}


@pytest.mark.parametrize("place", ["terminal", *PLACES])
@pytest.mark.parametrize(("name", "text", "shown"), CASES, ids=list(HOSTILE))
def test_hostile_text_is_shown_alike_everywhere(
    place: str, name: str, text: str, shown: str
) -> None:
    there = PLACES.get(place, terminal)(written(name, text))
    assert written(name, shown) in there


NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight")
LINES = "one\r\ntwo\rthree\x0bfour\x0cfive\x85six\u2028seven\u2029eight"


@pytest.mark.parametrize("place", PLACES)
def test_a_line_is_one_however_a_line_may_end(place: str) -> None:
    """An outcome's message is an exception's first line; the others fold them."""
    there = PLACES[place](LINES)
    assert "one" in there
    if place != "outcome":
        assert " ".join(NUMBERS) in there


def test_lines_are_kept_where_they_are_meant_and_end_alike() -> None:
    assert clean_lines(LINES, 100) == "\n".join(NUMBERS)
    assert clean_lines("first\nlast", 5) == "first"
    assert clean_lines("first\nlast", 4, end=True) == "last"
    assert terminal("a\tb\nc\r\nd") == "a\tb\nc\r\nd"
    assert terminal("a\rb\u2028c") == "a\ufffdb\ufffdc"


@pytest.mark.parametrize("place", PLACES)
def test_a_very_long_line_is_cut(place: str) -> None:
    there = PLACES[place](f"begins {'wide ' * 200_000}")
    assert "begins wide" in there
    assert "wide " * 300 not in there


@pytest.mark.parametrize("text", ["a" + " " * 100_000, " " * 100_000 + "b", "\t" * 9_000])
def test_white_space_without_end_is_cut_as_any_text(text: str) -> None:
    assert clean(text) in ("a…", "…", "")
    assert clean_lines(text, 50).strip() in ("a", "")
    assert clean_lines(text, 50, end=True) in ("b", "")


@cache
def visible(shown: str) -> str:
    """Return what a reader could put together again."""
    return re.sub(r"[^!-~]", "", without_sequences(shown))


def survives(secret: str, shown: str) -> bool:
    return any(secret[at : at + 8] in visible(shown) for at in range(len(secret) - 7))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", VEILED.values(), ids=list(VEILED))
def test_a_secret_is_masked_whatever_nobody_sees_in_it(place: str, text: str) -> None:
    there = PLACES[place](text)
    assert not survives(TOKEN, there)
    assert "before" in there


@pytest.mark.parametrize("veil", SPLIT_BY.values(), ids=list(SPLIT_BY))
@pytest.mark.parametrize("cut", CUTS)
def test_a_known_secret_is_replaced_whatever_nobody_sees_in_it(veil: str, cut: str) -> None:
    stream = io.StringIO()
    redactor = Redactor({"KEY": KNOWN})
    WorkerLog(stream, redactor=redactor).say(f"before {CUTS[cut](KNOWN, veil)} after")
    assert "before " in stream.getvalue()
    assert "[KEY] after\n" in stream.getvalue()
    if "\0" not in veil:  # else it is no text: a picture is searched for what is written alone
        kept = redactor.data(f"a {CUTS[cut](KNOWN, veil)} b".encode(errors="surrogatepass"))
        assert kept.endswith(b"[KEY] b")


@pytest.mark.parametrize("veil", ["\x1b[31m", "\u200b", "\x1b]0;a b\x07"])
def test_no_cut_brings_half_of_a_split_secret_into_view(veil: str) -> None:
    secret = veil.join(TOKEN)
    for fill in range(0, 800, 31):
        for shown in (
            clean(f"{'é ' * fill}{secret} {'é ' * 9000}", 100),
            clean_lines(f"{'é ' * fill}{secret} {'é ' * 9000}", 400),
            clean_lines(f"{'é ' * 9000}{secret} {'é ' * fill}", 400, end=True),
        ):
            assert not survives(TOKEN, shown)


def test_what_is_meant_for_a_terminal_stays_in_what_is_kept() -> None:
    log = b"\x1b[31mred\x1b[0m \x1b]0;title\x07 plain\xff\r\n"
    assert Redactor({"KEY": KNOWN}).data(log) == log


@given(st.text(st.characters(), max_size=400), st.integers(1, 300))
def test_a_cleaned_text_is_bounded_clean_and_stays_as_it_is(text: str, limit: int) -> None:
    line, lines = clean(text, limit), clean_lines(text, limit)
    for shown in (line, lines, clean_lines(text, limit, end=True)):
        assert len(shown) <= limit
        assert printable(shown) == shown
        assert "\r" not in shown
    assert len(line.splitlines()) <= 1
    assert clean(line, limit) == line
