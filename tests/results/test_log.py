from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.results.log import ClientPhase, LogFollower, LogScanner, Signals, scan_file
from tests.results.trees import (
    BLIND,
    EVALUATING,
    SWALLOWED,
    THINKING,
    Record,
    acting,
    log_line,
    log_text,
    request,
    turn,
)

if TYPE_CHECKING:
    from pathlib import Path

REFUSED_ERROR = "Error code: 401 - {'error': {'code': 'invalid_api_key'}}"
BEDROCK = "An error occurred ({}) when calling the Converse operation: no"
NO_QUOTA = "Error code: 429 - {'error': {'code': 'insufficient_quota'}}"
RATE_LIMIT = "Error code: 429 - {'error': {'code': 'rate_limit_exceeded'}}"


NO_QUOTA_OF_OPENAI_3 = "Error code: 429 - You exceeded your current quota"
RATE_AS_QUOTA = "Error code: 429 - You exceeded your current quota. Please retry in 32.5s."


def scanned(data: bytes, chunk: int | None = None) -> Signals:
    scanner = LogScanner()
    for start in range(0, len(data), chunk or len(data) or 1):
        scanner.feed(data[start : start + (chunk or len(data))])
    scanner.feed(b"\n")
    return scanner.signals


@pytest.mark.parametrize(
    ("records", "phase", "after_action"),
    [
        ([], ClientPhase.SETUP, False),
        ([THINKING], ClientPhase.THINKING, False),
        ([THINKING, acting(1)], ClientPhase.ACTING, True),
        ([*turn(1), THINKING], ClientPhase.THINKING, False),
        ([*turn(1), BLIND], ClientPhase.BLIND, True),
        ([BLIND], ClientPhase.BLIND, False),
        ([*turn(1), EVALUATING], ClientPhase.EVALUATING, True),
    ],
)
def test_where_a_task_is(records: list[Record], phase: ClientPhase, after_action: bool) -> None:
    signals = scanned(log_text(*records))

    assert signals.phase is phase
    assert signals.after_action is after_action


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_chunks_of_any_size_say_the_same(chunk: int) -> None:
    data = log_text(
        ("ERROR", "setup", "Failed to open file"), *turn(1), THINKING, request(401), SWALLOWED
    )

    assert scanned(data, chunk) == scanned(data)
    assert scanned(data).steps == 1
    assert scanned(data).refusals == 1
    assert scanned(data).setup_error == "Failed to open file"


def test_a_log_without_colours_is_read_too() -> None:
    data = b"[2026-11-22 21:47:16,023 INFO lib_run_single/56-MainProcess] Step 1: DONE\n"

    assert scanned(data).steps == 1


@pytest.mark.parametrize(
    ("lines", "refusals", "throttled"),
    [
        ([request(401)], 1, False),
        ([request(401), request(401), request(403)], 3, False),
        ([request(400)], 0, False),
        ([request(413), request(422)], 0, False),
        ([request(408), request(409), request(529)], 0, False),
        ([request(402)], 1, False),
        ([request(404)], 1, False),
        ([request(500), request(503)], 0, False),
        ([request(429)], 0, True),
        ([request(429), request(200)], 0, False),
        ([request(401), request(200)], 0, False),
        ([request(429), request(401)], 1, False),
        ([request(401), *turn(1)], 0, False),
        ([request(429), *turn(1)], 0, False),
        ([request(429), ("ERROR", "agent", NO_QUOTA)], 1, False),
        ([request(429), ("ERROR", "agent", NO_QUOTA_OF_OPENAI_3)], 1, False),
        ([request(429), ("ERROR", "agent", RATE_AS_QUOTA)], 0, True),
        ([request(429), request(503)], 0, False),
        ([("WARNING", "agent", f"call failed, will retry: {RATE_LIMIT}")], 0, True),
        ([("ERROR", "agent", f"call failed: {REFUSED_ERROR}")], 1, False),
        ([request(401), ("ERROR", "agent", f"call failed: {REFUSED_ERROR}")], 1, False),
        (
            [("DEBUG", "connectionpool", 'https://api.x.com:443 "POST /v1 HTTP/1.1" 401 None')],
            1,
            False,
        ),
        (
            [("DEBUG", "connectionpool", 'http://20.20.20.21:5000 "POST /x HTTP/1.1" 400 9')],
            0,
            False,
        ),
        ([("INFO", "agent", f"the page says {REFUSED_ERROR}")], 0, False),
        ([("ERROR", "agent", BEDROCK.format("AccessDeniedException"))], 1, False),
        ([("WARNING", "agent", f"again: {BEDROCK.format('ThrottlingException')}")], 0, True),
        ([("ERROR", "agent", "google.genai.errors.ClientError: 429 RESOURCE_EXHAUSTED.")], 0, True),
        ([("ERROR", "agent", "litellm.exceptions.AuthenticationError: no")], 1, False),
        ([("ERROR", "agent", "requests.exceptions.HTTPError: HTTP Error 401: x")], 0, False),
        ([acting(1, "type('x')\n" + REFUSED_ERROR)], 0, False),
        ([EVALUATING, request(401)], 0, False),
    ],
)
def test_what_the_provider_said(lines: list[Record], refusals: int, throttled: bool) -> None:
    signals = scanned(log_text(THINKING, *lines))

    assert signals.refusals == refusals
    assert bool(signals.refusal) == (refusals > 0)
    assert signals.throttled is throttled


def test_an_error_that_was_printed_counts_when_it_is_a_line_of_its_own() -> None:
    head = log_text(THINKING)

    assert scanned(head + REFUSED_ERROR.encode()).refusals == 1
    assert scanned(head + f"openai.AuthenticationError: {REFUSED_ERROR}".encode()).refusals == 1
    assert scanned(head + f"I read: {REFUSED_ERROR}".encode()).refusals == 0


@pytest.mark.parametrize(
    ("lines", "outage"),
    [
        ([request(503, "Service Unavailable")], "503"),
        ([request(500), request(200)], ""),
        ([request(529)], "529"),
        ([request(408)], "408"),
        ([request(503), *turn(1)], ""),
        ([request(503), request(429)], ""),
        ([request(503), request(400)], ""),
        ([("ERROR", "agent", "openai.APIConnectionError: Connection error.")], "Connection error"),
        ([("ERROR", "agent", "I read: openai.APIConnectionError: Connection error.")], ""),
        ([acting(1, "type('x')\nhttpx.ConnectError: refused")], ""),
        ([("ERROR", "agent", f"call failed: {BEDROCK.format('InternalFailure')}")], "InternalFail"),
        ([("ERROR", "agent", "google.genai.errors.ServerError: 503 UNAVAILABLE. {}")], "503"),
        ([("ERROR", "agent", "azure.core.exceptions.ServiceRequestError: no")], "ServiceRequest"),
        ([("INFO", "agent", f"I read: {BEDROCK.format('InternalFailure')}")], ""),
        ([("ERROR", "agent", "urllib.error.HTTPError: HTTP Error 503: of some page")], ""),
    ],
)
def test_a_provider_that_does_not_answer_is_heard(lines: list[Record], outage: str) -> None:
    signals = scanned(log_text(THINKING, *lines))

    assert outage in signals.outage
    assert bool(signals.outage) == bool(outage)


def test_what_the_client_was_started_with_is_read() -> None:
    said = "Args: Namespace(agent_name='navi', model='gpt-4o', max_steps=15)"

    assert scanned(log_text(("INFO", "run", said))).arguments == said.removeprefix("Args: ")
    assert scanned(log_text(("INFO", "agent", said))).arguments == ""


def test_step_records_that_begin_with_line_breaks_are_steps() -> None:
    v2 = log_text(("INFO", "lib_run_single", "\n\nStep 1: click()"))

    assert scanned(v2).steps == 1
    assert scanned(v2 + log_text(("INFO", "lib_run_single", "\n\nStep 2: DONE"))).steps == 2
    assert "503" in scanned(v2 + log_text(request(503))).outage


@pytest.mark.parametrize(
    "record",
    [
        ("WARNING", "setup", "Opening took long"),
        ("INFO", "setup", "Failed successfully"),
        ("ERROR", "python", "Failed to get screenshot. Status code: 500"),
        ("ERROR", "lib_run_single", "Failed to open file"),
        ("ERROR", "setup", "Failed to download u caused by e. Retrying... (2 attempts left)"),
    ],
)
def test_what_is_no_set_up_failure(record: Record) -> None:
    assert scanned(log_text(record)).setup_error == ""


@pytest.mark.parametrize("first", [THINKING, BLIND, EVALUATING])
def test_set_up_ends_with_the_agents_first_turn_or_without_one(first: Record) -> None:
    assert scanned(log_text(first, ("ERROR", "setup", "Failed"))).setup_error == ""


@pytest.mark.parametrize("forged", [BLIND, THINKING, request(401), ("ERROR", "setup", "Failed")])
def test_a_record_forged_in_an_actions_text_is_undone(forged: Record) -> None:
    step, *rest = turn(1, "x = '''\n" + log_line(THINKING) + log_line(forged))[1:]

    signals = scanned(log_text(THINKING, step, *rest, EVALUATING))

    assert (signals.setup_error, signals.blind, signals.refusals) == ("", False, 0)
    assert signals.after_action


def test_secrets_do_not_leave_the_log() -> None:
    key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
    signals = scanned(
        log_text(THINKING, ("ERROR", "agent", f"Error code: 401 - key {key} is no good"))
    )

    assert signals.refusals == 1
    assert key not in signals.refusal
    assert key not in signals.last_line


def test_times_are_the_first_and_last_records() -> None:
    data = (log_line(THINKING, 10) + log_line(acting(1), 52)).encode()

    assert scanned(data).ended - scanned(data).started == 42.0


def test_a_line_without_end_is_cut() -> None:
    scanner = LogScanner()
    for _ in range(100):
        scanner.feed(b"x" * 100_000)
    scanner.feed(b"\n" + log_text(acting(1)))

    assert scanner.signals.steps == 1


def test_of_a_very_long_log_both_ends_are_read(tmp_path: Path) -> None:
    log = tmp_path / "task.log"
    with log.open("wb") as file:
        file.write(log_text(("ERROR", "setup", "Failed first")))
        file.seek(200 << 20)  # a hole: nothing is written to the disk
        file.write(b"\n" + log_text(THINKING, request(401)))

    signals = scan_file(log)

    assert signals.setup_error == "Failed first"
    assert signals.refusals == 1


def test_a_follower_reads_only_what_has_come_and_starts_anew_when_it_shrank(tmp_path: Path) -> None:
    log = tmp_path / "task.log"
    follower = LogFollower(log)
    assert follower.poll() == Signals()

    log.write_bytes(log_text(*turn(1)))
    assert follower.poll().steps == 1
    with log.open("ab") as file:
        file.write(log_text(*turn(2)))
    assert follower.poll().steps == 2
    assert follower.poll().steps == 2

    log.write_bytes(log_text(THINKING))
    assert follower.poll().steps == 0
