"""Each row of the table of causes, over trees written as the client writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from orchestrator.causes import Cause, Flag
from orchestrator.ledger.records import MESSAGE_LIMIT
from orchestrator.results.task import read_task
from orchestrator.results.verdict import Ending, Verdict, classify
from tests.results.trees import (
    BLIND,
    EVALUATING,
    SWALLOWED,
    THINKING,
    Record,
    TaskFiles,
    acting,
    error_line,
    log_text,
    request,
    traceback_text,
    turn,
)

if TYPE_CHECKING:
    from pathlib import Path

RESET = "obs = env.reset(task_config=example)"
PREDICT = "response, actions, logs, computer_update_args = agent.predict("
UPDATE = "env.controller.update_computer(**computer_update_args)"
STEP = "obs, reward, done, info = env.step(action, args.sleep_after_execution)"
EVALUATE = "result = env.evaluate()"
RECORDER = "recorder.record_init(obs, example, init_timestamp)"

UNAUTHORIZED = "openai.AuthenticationError: Error code: 401 - {'error': {'message': 'no'}}"
NO_QUOTA = "openai.RateLimitError: Error code: 429 - {'error': {'code': 'insufficient_quota'}}"
RATE_LIMIT = "openai.RateLimitError: Error code: 429 - {'error': {'code': 'rate_limit_exceeded'}}"
TENACITY = "tenacity.RetryError: RetryError[<Future at 0x7f0 state=finished raised X>]"
SETUP_FAILED = ("ERROR", "setup", "Failed to open file. Status code: 500")
RETRIED = ("ERROR", "setup", "Failed to download u caused by e. Retrying... (2 attempts left)")
ENDED = [*turn(1), EVALUATING]


@dataclass
class Case:
    expected: float | Cause
    result: str | None = None
    log: list[Record] = field(default_factory=list)
    error: str = ""
    ending: Ending = Ending.EXITED
    arena_ok: bool = True
    flags: tuple[Flag, ...] = ()
    says: str = ""


CASES = {
    "a score": Case(0.5, "0.5\n", ENDED),
    "a score, though the client was killed later": Case(
        1.0, "1", ENDED, ending=Ending.DEADLINE, arena_ok=False
    ),
    "a score, though bookkeeping raised after it": Case(
        1.0, "1", ENDED, error_line("recorder.record_end(result, start_time)")
    ),
    "a swallowed getter": Case(
        0.0, "0", [*ENDED, SWALLOWED], flags=(Flag.EVALUATOR,), says="swallowed"
    ),
    "a swallowed getter that did not make a zero": Case(1.0, "1", [*ENDED, SWALLOWED]),
    "a swallowed getter in a dead arena": Case(
        Cause.ARENA,
        "0",
        [*ENDED, SWALLOWED],
        arena_ok=False,
        flags=(Flag.EVALUATOR, Flag.AFTER_ACTION),
    ),
    "the deadline": Case(Cause.TIMEOUT, log=turn(1), ending=Ending.DEADLINE, says="1 steps"),
    "the deadline in a dead arena": Case(
        Cause.ARENA, log=[*turn(1), THINKING], ending=Ending.DEADLINE, arena_ok=False
    ),
    "agent.predict raised": Case(
        Cause.AGENT,
        log=[THINKING],
        error=error_line(PREDICT, "IndexError: list index out of range"),
        says="IndexError: list index out of range",
    ),
    "agent.reset raised": Case(Cause.AGENT, error=error_line("agent.reset()")),
    "agent.predict raised in a dead arena": Case(
        Cause.ARENA, log=[THINKING], error=error_line(PREDICT), arena_ok=False
    ),
    "agent.predict raised on a refusal": Case(
        Cause.MODEL, log=[THINKING], error=error_line(PREDICT, UNAUTHORIZED), says="401"
    ),
    "agent.predict gave up retrying a refusal": Case(
        Cause.MODEL, log=[THINKING], error=error_line(PREDICT, TENACITY, UNAUTHORIZED)
    ),
    "agent.predict raised without quota": Case(
        Cause.MODEL, log=[THINKING], error=error_line(PREDICT, NO_QUOTA)
    ),
    "agent.predict gave up on a rate limit": Case(
        Cause.AGENT, log=[THINKING], error=error_line(PREDICT, TENACITY, RATE_LIMIT)
    ),
    "a refusal that an evaluator met": Case(
        Cause.EVALUATOR, log=ENDED, error=error_line(EVALUATE, UNAUTHORIZED)
    ),
    "refusals, then the stall clock": Case(
        Cause.MODEL, log=[*turn(1), THINKING, request(401)], ending=Ending.STALLED, says="401"
    ),
    "refusals that the agent swallowed": Case(
        Cause.MODEL, "0", [THINKING, request(403), THINKING, request(403), EVALUATING]
    ),
    "a refusal before a turn that acted": Case(
        1.0, "1", [THINKING, request(400), *turn(1), EVALUATING]
    ),
    "a refusal before an answer": Case(
        0.0, "0", [THINKING, request(403), request(200), EVALUATING]
    ),
    "killed for refusals": Case(Cause.MODEL, log=[THINKING], ending=Ending.REFUSED),
    "env.reset raised": Case(Cause.SETUP, error=error_line(RESET)),
    "set-up failed without raising, zero": Case(Cause.SETUP, "0", [SETUP_FAILED, *ENDED]),
    "set-up failed without raising, success": Case(Cause.SETUP, "1", [SETUP_FAILED, *ENDED]),
    "set-up failed and the agent raised": Case(
        Cause.SETUP, log=[SETUP_FAILED, THINKING], error=error_line(PREDICT)
    ),
    "set-up failed, then the deadline": Case(
        Cause.SETUP, log=[SETUP_FAILED, *turn(1)], ending=Ending.DEADLINE
    ),
    "a download that was retried": Case(1.0, "1", [RETRIED, *ENDED]),
    "the evaluator's own set-up failed": Case(1.0, "1", [*ENDED, SETUP_FAILED]),
    "env.step raised": Case(
        Cause.ARENA,
        log=[THINKING, acting(1)],
        error=error_line(STEP, "requests.exceptions.ConnectionError: refused"),
        flags=(Flag.AFTER_ACTION,),
        says="env.step raised",
    ),
    "the guest was gone before the first action": Case(
        Cause.ARENA, log=[THINKING], error=error_line(UPDATE)
    ),
    "the guest was gone at the turn after an action": Case(
        Cause.ARENA,
        log=[*turn(1), THINKING],
        error=error_line(UPDATE),
        flags=(Flag.AFTER_ACTION,),
    ),
    "a statement nobody knows": Case(Cause.ARENA, error=error_line(RECORDER)),
    "no frame of the client's": Case(Cause.ARENA, error=error_line("x").replace("run_single", "")),
    "stalled in an action": Case(
        Cause.ARENA,
        log=[THINKING, acting(1)],
        ending=Ending.STALLED,
        flags=(Flag.AFTER_ACTION,),
        says="an action did not come back",
    ),
    "stalled in the evaluator": Case(
        Cause.ARENA, log=ENDED, ending=Ending.STALLED, says="evaluating"
    ),
    "the client died in an action": Case(Cause.ARENA, log=[THINKING, acting(1)]),
    "an empty result after actions": Case(Cause.ARENA, "", ENDED),
    "bookkeeping raised after an action": Case(
        Cause.ARENA, log=turn(1), error=error_line("recorder.record_step(")
    ),
    "Windows gone in an action": Case(
        Cause.ARENA, log=[THINKING, acting(1)], arena_ok=False, flags=(Flag.AFTER_ACTION,)
    ),
    "stalled while thinking": Case(
        Cause.ARENA, log=[*turn(1), THINKING], ending=Ending.STALLED, says="thinking"
    ),
    "no observation from the start": Case(Cause.ARENA, "1", [BLIND, BLIND, EVALUATING]),
    "no observation after an action": Case(
        Cause.ARENA, "0", [*turn(1), BLIND, BLIND, EVALUATING], flags=(Flag.AFTER_ACTION,)
    ),
    "no observation for a while": Case(1.0, "1", [BLIND, *ENDED]),
    "an empty result": Case(Cause.ARENA, "", [THINKING, EVALUATING], says="is empty"),
    "a result that is no score": Case(Cause.ARENA, "NaN", says="'NaN'"),
    "env.evaluate raised": Case(Cause.EVALUATOR, log=ENDED, error=error_line(EVALUATE)),
    "nothing at all": Case(Cause.ARENA, says="without a result"),
    "nothing, and a dead arena": Case(Cause.ARENA, arena_ok=False, says="stopped answering"),
    "stopped": Case(Cause.RELEASED, log=turn(1), ending=Ending.STOPPED),
    "stopped after the score": Case(1.0, "True", ENDED, ending=Ending.STOPPED),
    "stopped after it raised": Case(
        Cause.EVALUATOR, error=error_line(EVALUATE), ending=Ending.STOPPED
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_table_of_causes(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    written = TaskFiles(tmp_path, result=case.result, log=case.log, error=case.error).write()

    verdict = classify(read_task(written), case.ending, arena_ok=case.arena_ok)

    assert (verdict.score if verdict.cause is None else verdict.cause) == case.expected
    assert (verdict.score is None) == (verdict.cause is not None)
    assert verdict.flags == case.flags
    assert case.says in verdict.message


def judged(directory: Path | None, client_log: Path | None = None) -> Verdict:
    return classify(read_task(directory, client_log))


@pytest.mark.parametrize("score", ["0", "0.0", "0.5", "1", "True", "False"])
def test_a_failed_set_up_counts_alike_whatever_the_score(score: str, tmp_path: Path) -> None:
    written = TaskFiles(tmp_path, result=score, log=[SETUP_FAILED, *ENDED]).write()

    assert judged(written).cause is Cause.SETUP


def test_a_client_that_made_no_directory_is_judged_by_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "client.log"
    log.write_text("Traceback (most recent call last):\nFileNotFoundError: examples/x.json\n")

    verdict = judged(None, log)

    assert verdict.cause is Cause.ARENA
    assert "FileNotFoundError: examples/x.json" in verdict.message


def test_a_refusal_that_is_only_printed_is_found_in_the_clients_output(tmp_path: Path) -> None:
    written = TaskFiles(tmp_path, log=[THINKING]).write()
    log = tmp_path / "client.log"
    log.write_bytes(log_text(THINKING) + b"Error code: 401 - {'error': {'code': 'no'}}\n")

    assert judged(written).cause is Cause.ARENA
    assert judged(written, log).cause is Cause.MODEL


def test_the_logs_traceback_stands_in_for_a_lost_last_line(tmp_path: Path) -> None:
    written = TaskFiles(tmp_path, log=[THINKING], error='{"Error": "cut').write()
    with next((written / "logs").iterdir()).open("ab") as log:
        log.write(log_text(("ERROR", "run", traceback_text(EVALUATE))))

    assert judged(written).cause is Cause.EVALUATOR


def test_no_message_is_longer_than_a_ledger_keeps(tmp_path: Path) -> None:
    written = TaskFiles(tmp_path, error=error_line(PREDICT, "ValueError: " + "x " * 9000)).write()

    assert 100 < len(judged(written).message) <= MESSAGE_LIMIT
