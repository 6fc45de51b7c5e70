"""Each row of the table of causes, over trees written as the client writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger.causes import Cause, Flag
from orchestrator.ledger.records import MESSAGE_LIMIT
from orchestrator.results.task import read_task
from orchestrator.results.verdict import AttemptVerdict, ClientEnding, classify
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
NO_QUOTA_OF_OPENAI_3 = "openai.RateLimitError: Error code: 429 - You exceeded your current quota"
TENACITY = "tenacity.RetryError: RetryError[<Future at 0x7f0 state=finished raised X>]"
UNREACHED = "openai.APIConnectionError: Connection error."
LOST = "requests.exceptions.ConnectionError: HTTPConnectionPool(host='20.20.20.21', port=5000)"
SETUP_FAILED = ("ERROR", "setup", "Failed to open file. Status code: 500")
RETRIED = ("ERROR", "setup", "Failed to download u caused by e. Retrying... (2 attempts left)")
ENDED = [*turn(1), EVALUATING]


@dataclass
class Case:
    expected: float | Cause
    result: str | bytes | None = None
    log: list[Record] = field(default_factory=list)
    error: str = ""
    ending: ClientEnding = ClientEnding.EXITED
    arena_ok: bool = True
    flags: tuple[Flag, ...] = ()
    says: str = ""


CASES = {
    "a score": Case(0.5, "0.5\n", ENDED),
    "a score, though the client was killed later": Case(
        1.0, "1", ENDED, ending=ClientEnding.DEADLINE, arena_ok=False
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
    "the deadline": Case(Cause.TIMEOUT, log=turn(1), ending=ClientEnding.DEADLINE, says="1 steps"),
    "the deadline in a dead arena": Case(
        Cause.ARENA, log=[*turn(1), THINKING], ending=ClientEnding.DEADLINE, arena_ok=False
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
        Cause.PROVIDER, log=[THINKING], error=error_line(PREDICT, TENACITY, RATE_LIMIT)
    ),
    "agent.predict raised without quota, as openai 3 words it": Case(
        Cause.MODEL, log=[THINKING], error=error_line(PREDICT, TENACITY, NO_QUOTA_OF_OPENAI_3)
    ),
    "a request that no rate would let through": Case(
        Cause.AGENT,
        log=[THINKING],
        error=error_line(
            PREDICT,
            TENACITY,
            "openai.RateLimitError: Error code: 429 - {'error': {'message': 'Request too large for "
            "gpt-4o on tokens per min (TPM): Limit 30000, Requested 52000'}}",
        ),
    ),
    "an account without money, as anthropic says it": Case(
        Cause.MODEL,
        log=[THINKING],
        error=error_line(
            PREDICT,
            "anthropic.BadRequestError: Error code: 400 - {'error': {'message': 'Your credit "
            "balance is too low to access the Anthropic API'}}",
        ),
    ),
    "a provider that nobody reached": Case(
        Cause.PROVIDER, log=[THINKING], error=error_line(PREDICT, TENACITY, UNREACHED)
    ),
    "a provider that the agent did not reach by itself": Case(
        Cause.PROVIDER,
        log=[THINKING],
        error=error_line(PREDICT, "requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='a'"),
    ),
    "Windows that the agent did not reach": Case(
        Cause.AGENT, log=[THINKING], error=error_line(PREDICT, LOST)
    ),
    "no answer, then the deadline": Case(
        Cause.PROVIDER,
        log=[*turn(1), THINKING, request(503)],
        ending=ClientEnding.DEADLINE,
        says="503",
    ),
    "no answer, then the stall clock": Case(
        Cause.PROVIDER, log=[*turn(1), THINKING, request(500)], ending=ClientEnding.STALLED
    ),
    "no answer, which the agent swallowed": Case(
        Cause.PROVIDER, "0", [THINKING, request(503), THINKING, request(503), EVALUATING]
    ),
    "a rate limit that held to the end, which the agent swallowed": Case(
        Cause.PROVIDER, "0", [THINKING, *[request(429)] * 3, EVALUATING]
    ),
    "a rate limit by the way": Case(0.0, "0", [THINKING, request(429), EVALUATING]),
    "a rate limit, then the deadline": Case(
        Cause.PROVIDER, log=[*turn(1), THINKING, request(429)], ending=ClientEnding.DEADLINE
    ),
    "no answer before a turn that acted": Case(
        1.0, "1", [THINKING, request(503), *turn(1), EVALUATING]
    ),
    "no answer, then the agent's own way to say so": Case(
        Cause.PROVIDER,
        log=[THINKING, request(503)],
        error=error_line(PREDICT, "IndexError: list index out of range"),
    ),
    "no answer, then the evaluator's bug": Case(
        Cause.EVALUATOR, log=[THINKING, request(503), *ENDED], error=error_line(EVALUATE)
    ),
    "a refusal that an evaluator met": Case(
        Cause.EVALUATOR, log=ENDED, error=error_line(EVALUATE, UNAUTHORIZED)
    ),
    "refusals, then the stall clock": Case(
        Cause.MODEL, log=[*turn(1), THINKING, request(401)], ending=ClientEnding.STALLED, says="401"
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
    "killed for refusals": Case(Cause.MODEL, log=[THINKING], ending=ClientEnding.REFUSED),
    "env.reset raised": Case(Cause.SETUP, error=error_line(RESET)),
    "env.reset raised in a wrapper": Case(
        Cause.SETUP, error=error_line("obs = run_with_timeout(env.reset, timeout=200)")
    ),
    "env.evaluate raised in a wrapper": Case(
        Cause.EVALUATOR, log=ENDED, error=error_line("result = within(60, env.evaluate)")
    ),
    "env.step raised in a wrapper": Case(
        Cause.ARENA,
        log=[THINKING, acting(1)],
        error=error_line("obs, *rest = retried(lambda: env.step(action))", LOST),
        flags=(Flag.AFTER_ACTION,),
        says="env.step raised",
    ),
    "agent.predict raised in a wrapper": Case(
        Cause.AGENT, log=[THINKING], error=error_line("x = run_with_timeout(agent.predict, 9)")
    ),
    "a helper of a fork raised in env.evaluate": Case(
        Cause.EVALUATOR,
        log=ENDED,
        error=error_line("result = self_check(environment)", "KeyError: 'roots'").replace(
            '/client/anything/else.py\\", line 18, in anything',
            '/client/desktop_env/envs/desktop_env.py\\", line 397, in evaluate',
        ),
    ),
    "the agent returned no list": Case(
        Cause.AGENT, error=error_line("for action in actions:", "TypeError: 'NoneType' object")
    ),
    "the agent returned what no JSON holds": Case(
        Cause.AGENT,
        log=[THINKING, acting(1)],
        error=error_line(STEP, "TypeError: Object of type bytes is not JSON serializable"),
    ),
    "set-up failed without raising, zero": Case(Cause.SETUP, "0", [SETUP_FAILED, *ENDED]),
    "set-up failed without raising, success": Case(Cause.SETUP, "1", [SETUP_FAILED, *ENDED]),
    "set-up failed and the agent raised": Case(
        Cause.SETUP, log=[SETUP_FAILED, THINKING], error=error_line(PREDICT)
    ),
    "set-up failed, then the deadline": Case(
        Cause.SETUP, log=[SETUP_FAILED, *turn(1)], ending=ClientEnding.DEADLINE
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
    "a bug of the client's at the turn after an action": Case(
        Cause.ARENA, log=[*turn(1), THINKING], error=error_line(UPDATE)
    ),
    "a bug of env.step's own": Case(
        Cause.ARENA, log=[THINKING, acting(1)], error=error_line(STEP, "KeyError: 'width'")
    ),
    "the guest was gone at the turn after an action": Case(
        Cause.ARENA,
        log=[*turn(1), THINKING],
        error=error_line(UPDATE, LOST),
        flags=(Flag.AFTER_ACTION,),
    ),
    "a statement nobody knows": Case(Cause.ARENA, error=error_line(RECORDER)),
    "no frame of the client's": Case(Cause.ARENA, error=error_line("x").replace("run_single", "")),
    "stalled in an action": Case(
        Cause.ARENA,
        log=[THINKING, acting(1)],
        ending=ClientEnding.STALLED,
        flags=(Flag.AFTER_ACTION,),
        says="an action did not come back",
    ),
    "stalled in the evaluator": Case(
        Cause.ARENA, log=ENDED, ending=ClientEnding.STALLED, says="evaluating"
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
        Cause.ARENA, log=[*turn(1), THINKING], ending=ClientEnding.STALLED, says="thinking"
    ),
    "no observation from the start": Case(Cause.ARENA, "1", [BLIND, BLIND, EVALUATING]),
    "no observation after an action": Case(
        Cause.ARENA, "0", [*turn(1), BLIND, BLIND, EVALUATING], flags=(Flag.AFTER_ACTION,)
    ),
    "no observation for a while": Case(1.0, "1", [BLIND, *ENDED]),
    "an empty result": Case(Cause.ARENA, "", [THINKING, EVALUATING], says="is empty"),
    "a result that is no score": Case(Cause.EVALUATOR, "NaN", says="'NaN'"),
    "an evaluator that returned nothing": Case(Cause.EVALUATOR, "None\n", ENDED),
    "a result that nobody wrote so": Case(Cause.ARENA, b"\x00\xff\xfe", ENDED),
    "a mean that rounding put above 1": Case(1.0, "1.0000000000000002\n", ENDED),
    "env.evaluate raised": Case(Cause.EVALUATOR, log=ENDED, error=error_line(EVALUATE)),
    "nothing at all": Case(Cause.ARENA, says="without a result"),
    "nothing, and a dead arena": Case(Cause.ARENA, arena_ok=False, says="stopped answering"),
    "stopped": Case(Cause.RELEASED, log=turn(1), ending=ClientEnding.STOPPED),
    "stopped after the score": Case(1.0, "True", ENDED, ending=ClientEnding.STOPPED),
    "stopped after it raised": Case(
        Cause.EVALUATOR, error=error_line(EVALUATE), ending=ClientEnding.STOPPED
    ),
}


STATUSES = {
    400: (Cause.AGENT, (Flag.BAD_REQUEST,)),
    401: (Cause.MODEL, ()),
    402: (Cause.MODEL, ()),
    403: (Cause.MODEL, ()),
    404: (Cause.MODEL, ()),
    405: (Cause.AGENT, ()),
    408: (Cause.PROVIDER, ()),
    409: (Cause.PROVIDER, ()),
    413: (Cause.AGENT, ()),
    422: (Cause.AGENT, ()),
    429: (Cause.PROVIDER, ()),
    500: (Cause.PROVIDER, ()),
    503: (Cause.PROVIDER, ()),
    529: (Cause.PROVIDER, ()),
}
CLASSES = {
    "openai.BadRequestError": 400,
    "openai.error.InvalidRequestError": 400,
    "openai.AuthenticationError": 401,
    "openai.PermissionDeniedError": 403,
    "openai.NotFoundError": 404,
    "openai.APITimeoutError": 408,
    "openai.ConflictError": 409,
    "anthropic.RequestTooLargeError": 413,
    "openai.UnprocessableEntityError": 422,
    "openai.RateLimitError": 429,
    "openai.error.ServiceUnavailableError": 503,
    "anthropic.InternalServerError": 500,
    "anthropic.OverloadedError": 529,
    "google.api_core.exceptions.ServiceUnavailable": 503,
    "httpx.ReadTimeout": 408,
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("wrapped", [True, False])
def test_each_status_of_the_provider_has_its_row(
    status: int, wrapped: bool, tmp_path: Path
) -> None:
    said = f"openai.APIStatusError: Error code: {status} - no"
    error = error_line(PREDICT, TENACITY, said) if wrapped else error_line(PREDICT, said)
    written = TaskFiles(tmp_path, log=[THINKING, request(status)] * 2, error=error).write()

    verdict = judged(written)

    assert (verdict.cause, verdict.flags) == STATUSES[status]


@pytest.mark.parametrize(("name", "status"), CLASSES.items())
def test_a_class_tells_where_the_wording_does_not(name: str, status: int, tmp_path: Path) -> None:
    error = error_line(PREDICT, TENACITY, f"{name}: worded anew in every version")
    alone = error_line(
        PREDICT, TENACITY.replace("raised X", f"raised {name.rsplit('.', maxsplit=1)[-1]}")
    )

    verdict = judged(TaskFiles(tmp_path, log=[THINKING], error=error).write())
    short = judged(TaskFiles(tmp_path / "short", log=[THINKING], error=alone).write())

    assert (verdict.cause, verdict.flags) == STATUSES[status]
    assert name.startswith("httpx") or (short.cause, short.flags) == STATUSES[status]


def recorder_error(source: str, exception: str) -> str:
    """A line of ``traj.jsonl`` as the real recorder's failure leaves it."""
    return error_line("recorder.record_step(", exception).replace(
        '/client/anything/else.py\\", line 18, in anything\\n    '
        "env.reset() or agent.predict() or env.evaluate()",
        f'/client/trajectory_recorder.py\\", line 156, in record_step\\n    {source}',
    )


@pytest.mark.parametrize(
    ("source", "exception", "cause"),
    [
        ("'user_question': logs.get('user_question'),", "AttributeError: 'NoneType'", Cause.AGENT),
        ("html.append(html_lib.escape(action))", "AttributeError: 'dict' object", Cause.AGENT),
        ("json.dump(traj_data, f)", "TypeError: Object of type X", Cause.AGENT),
        ("logs_saved = self.save_dict(logs, step_idx)", "UnicodeEncodeError: no", Cause.AGENT),
        ("obs_saved = self.save_dict(obs, step_idx)", "AttributeError: 'NoneType'", Cause.ARENA),
        ("json.dump(traj_data, f)", "OSError: [Errno 28] No space left on device", Cause.ARENA),
        ("f.write(html)", "ValueError: no", Cause.ARENA),
    ],
)
def test_the_recorders_failure_is_whoevers_it_choked_on(
    source: str, exception: str, cause: Cause, tmp_path: Path
) -> None:
    error = recorder_error(source, exception)
    assert "trajectory_recorder" in error

    verdict = judged(TaskFiles(tmp_path, log=turn(1), error=error).write())

    assert (verdict.cause, verdict.flags) == (cause, ())


@pytest.mark.parametrize("name", CASES)
def test_the_table_of_causes(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    written = TaskFiles(tmp_path, result=case.result, log=case.log, error=case.error).write()

    verdict = classify(read_task(written), case.ending, arena_ok=case.arena_ok)

    assert (verdict.score if verdict.cause is None else verdict.cause) == case.expected
    assert (verdict.score is None) == (verdict.cause is not None)
    assert verdict.flags == case.flags
    assert case.says in verdict.message


def judged(directory: Path | None, client_log: Path | None = None) -> AttemptVerdict:
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
