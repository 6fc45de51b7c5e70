"""Nothing that a tree may hold raises, and no score is outside [0, 1]."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.ledger.records import Outcome, parse_outcome, to_json
from orchestrator.planning.suite import TaskKey, Unit
from orchestrator.results.files import head_and_tail
from orchestrator.results.log import LogScanner
from orchestrator.results.task import read_task
from orchestrator.results.trajectory import read_trajectory, steps_of
from orchestrator.results.tree import read_tree
from orchestrator.results.verdict import AttemptVerdict, ClientEnding, classify
from tests.results.trees import TaskFiles, error_line, log_text, request, turn

UNIT = Unit(TaskKey("chrome", "one"), 0)


def check(directory: Path) -> AttemptVerdict:
    """Read a directory in every way there is; return how it counts on its own."""
    reading = read_task(directory)
    for ending in ClientEnding:
        for arena_ok in (True, False):
            verdict = classify(reading, ending, arena_ok=arena_ok)
            assert (verdict.score is None) != (verdict.cause is None)
            assert verdict.score is None or 0.0 <= verdict.score <= 1.0
            verdict.message.encode()
            outcome = Outcome(
                UNIT, 1, "w", "s", "m", verdict.score, verdict.cause, verdict.message, verdict.flags
            )
            assert parse_outcome(to_json(outcome)) == outcome
    for step in steps_of(directory):
        f"{step.action}{step.at}{step.screenshot}".encode()
    assert len(read_tree(directory, [UNIT]).outcomes) <= 1
    return classify(reading)


DEEP = "[" * 200_000
TRAJECTORIES = {
    "binary": bytes(range(256)) * 16,
    "UTF-16": '{"step_num": 1}'.encode("utf-16"),
    "deep": DEEP.encode(),
    "deep action": b'{"step_num": 1, "action": ' + b"[" * 900 + b"]" * 900 + b"}",
    "deep error": b'{"Error": ' + DEEP.encode(),
    "no objects": b'[1]\n"x"\nnull\n1\n\n',
    "numbers": b'{"step_num": 1e999, "action": NaN}\n{"step_num": true, "action": 1}',
    "digits": b'{"step_num": ' + b"9" * 5000 + b"}",
    "huge number": b'{"step_num": ' + b"9" * 4000 + b', "action": "a"}',
    "negative": b'{"step_num": -1, "action": "a"}',
    "surrogates": b'{"step_num": 1, "action": "\\ud800", "action_timestamp": "\\udfff"}',
    "controls": b'{"step_num": 1, "action": "\\u0000\\u001b[2J\\u202e\\u200b</script>"}',
    "types": json.dumps({"step_num": 1, "action": {}, "screenshot": [], "done": "x"}).encode(),
    "error types": b'{"Error": 1, "Exception": [], "Traceback": {}}',
    "error without text": b'{"Error": "", "Exception": "", "Traceback": ""}',
    "error with surrogates": error_line("agent.predict(", "E: x")
    .encode()
    .replace(b"x", b"\\ud800"),
    "cut": error_line("agent.predict(").encode()[:-20],
    "one long line": b'{"step_num": 1, "action": "' + b"a" * (3 << 20) + b'"}',
    "NUL": b"\x00" * 10_000,
}


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_trajectories(name: str, tmp_path: Path) -> None:
    directory = TaskFiles(tmp_path).write()
    (directory / "traj.jsonl").write_bytes(TRAJECTORIES[name])

    assert check(directory).cause is not None


@pytest.mark.parametrize("name", ["result.txt", "traj.jsonl", "logs", "logs/task-0-x.log"])
@pytest.mark.parametrize("kind", ["directory", "pipe", "loop", "outside", "device", "unreadable"])
def test_what_is_there_instead_of_a_file(name: str, kind: str, tmp_path: Path) -> None:
    directory = TaskFiles(tmp_path).write()
    path = directory / name
    if name == "logs":
        next(path.iterdir()).unlink()
        path.rmdir()
    elif path.exists():
        path.unlink()
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)  # opening it to read would wait for a writer
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "outside":
        (tmp_path / "outside").write_text("1")
        path.symlink_to(tmp_path / "outside")
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.touch(mode=0o000)

    assert check(directory).score is None


def test_a_million_lines_are_not_all_read(tmp_path: Path) -> None:
    directory = TaskFiles(tmp_path).write()
    lines = "".join(f'{{"step_num": {number}, "action": 1}}\n' for number in range(1_000_000))
    (directory / "traj.jsonl").write_text(lines + error_line("env.evaluate()"))

    assert check(directory).cause == "evaluator"
    assert read_trajectory(directory).steps == 10_000
    assert len(steps_of(directory)) == 1_000


def test_the_two_ends_of_a_long_file_do_not_make_a_line(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"first [cut] last")

    assert b"".join(head_and_tail(path, 6, 5)) == b"first \n last"
    assert b"".join(head_and_tail(path, 6, 50)) == b"first [cut] last"


def test_a_sparse_terabyte_is_not_read(tmp_path: Path) -> None:
    directory = TaskFiles(tmp_path, result="1").write()
    for name in ("result.txt", "traj.jsonl"):
        with (directory / name).open("r+b") as file:
            file.truncate(1 << 40)

    assert check(directory).score is None
    assert read_trajectory(directory).steps == 0


def test_deep_and_odd_directories(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 100)
    deep.mkdir(parents=True)
    (deep / "result.txt").write_text("1")
    (tmp_path / os.fsdecode(b"\xff\xfe")).mkdir()
    (tmp_path / "chrome" / "one\nname").mkdir(parents=True)
    (tmp_path / "chrome" / "one\nname" / "result.txt").write_text("1")

    assert read_tree(tmp_path, [UNIT]).outcomes == ()


_TEXTS = st.text() | st.sampled_from(
    ["NaN", "True", "Agent: Thinking...", "Step 1: x", "Traceback"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)
_KEYS = ["step_num", "action", "action_timestamp", "done", "screenshot"]
_KEYS += ["Error", "Exception", "Traceback"]
_LINES = st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=6).map(
    lambda line: json.dumps(line).encode()
)
_RESULTS = (
    st.binary(max_size=40)
    | st.floats().map(lambda x: str(x).encode())
    | _TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))
)
_RECORDS = st.tuples(
    st.sampled_from(["INFO", "ERROR", "WARNING", "DEBUG"]),
    st.sampled_from(["lib_run_single", "setup", "desktop_env", "run", "_client", "x"]),
    _TEXTS,
).map(lambda record: log_text(record) if _encodable(record[2]) else b"")


def _encodable(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    result=_RESULTS,
    trajectory=st.lists(_LINES | st.binary(max_size=60), max_size=6),
    log=st.lists(_RECORDS | st.binary(max_size=60), max_size=10),
)
def test_any_bytes(result: bytes, trajectory: list[bytes], log: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as root:
        directory = TaskFiles(Path(root)).write()
        (directory / "result.txt").write_bytes(result)
        (directory / "traj.jsonl").write_bytes(b"\n".join(trajectory))
        next((directory / "logs").iterdir()).write_bytes(b"".join(log))
        check(directory)


@settings(max_examples=100, deadline=None)
@given(cuts=st.lists(st.integers(0, 2000), max_size=8))
def test_any_chunking_of_a_log_says_the_same(cuts: list[int]) -> None:
    data = log_text(*turn(1), request(429), *turn(2), ("ERROR", "agent", "Error code: 401 - x"))
    whole, pieces = LogScanner(), LogScanner()
    whole.feed(data)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        pieces.feed(data[start:end])

    assert pieces.signals == whole.signals
