"""One task from set-up to score, on the task's own schedule, with whatever the script breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .phrases import FRAMES, GETTER, NO_OBSERVATION, traceback_text
from .preparation import reset
from .provider import ask
from .screen import HEIGHT, WIDTH
from .stage import RESET_SHARE, EpisodeError, at, due, raise_if, strike

if TYPE_CHECKING:
    from .stage import Episode

_EVALUATE_SHARE = 0.94
"""Of a task's duration: where evaluation begins."""

_ACTIONS = (
    "computer.mouse.move_abs(x={x}, y={y})",
    "computer.mouse.single_click()",
    'computer.keyboard.write("{x}")',
    'computer.keyboard.press("enter")',
    "computer.mouse.scroll(dir='down')",
)
# Faults after which a readable result says 0.
_ZEROED = frozenset({"setup-logged", "getter-error", "no-observation"})


def run_episode(episode: Episode) -> None:
    """Run the task; what it raises ends in the trajectory, as in the original."""
    journal = episode.journal
    try:
        _run(episode)
    except EpisodeError as error:
        traceback = traceback_text(error.frame)
        journal.error("run/259", f"Exception in {episode.task}: {error.frame.message}")
        journal.error("run/261", traceback)
        episode.record.error(error.frame.message, traceback)
        return
    journal.info("run/280", f"Finished {episode.task}")


def _run(episode: Episode) -> None:
    reset(episode)
    if "no-observation" in episode.faults:
        _blind(episode)
    else:
        _act(episode)
    _evaluate(episode)


def _act(episode: Episode) -> None:
    steps = min(episode.drawn.steps, episode.max_steps)
    finished = episode.drawn.steps <= episode.max_steps
    for number in range(1, steps + 1):
        _think(episode, number - 1)
        last = number == steps and finished
        share = _EVALUATE_SHARE - RESET_SHARE
        for again in range(1 + ("several-actions" in episode.faults and not last)):
            action = _action(episode, number + 31 * again, last=last)
            episode.journal.info("lib_run_single/56", f"Step {number}: {action}")
            at(episode, RESET_SHARE + share * number / steps)
            _step(episode, number - 1)
            episode.journal.info("lib_run_single/60", "Reward: 0.00")
            episode.journal.info("lib_run_single/61", f"Done: {last}")
            _record(episode, number, action, last=last)
    if finished:
        episode.journal.info("lib_run_single/77", "The episode is done.")


def _record(episode: Episode, number: int, action: str, *, last: bool) -> None:
    for kind in ("no-logs", "no-text"):
        if due(episode, kind, number - 1):
            raise_if(episode, kind)
    episode.record.step(number, action, done=last)


def _think(episode: Episode, done: int) -> None:
    """Ask the model for the next action, ``done`` steps into the episode."""
    episode.journal.info("lib_run_single/41", "Agent: Thinking...")
    strike(episode, done)
    ask(episode, done)
    if due(episode, "agent-error", done):
        raise_if(episode, "agent-error")


def _step(episode: Episode, done: int) -> None:
    """Act in the guest, which must be there to be acted in."""
    if due(episode, "qemu-dead", done):
        episode.guest.kill()
    if due(episode, "step-error", done) or not episode.guest.alive():
        raise EpisodeError(FRAMES["step-error"])


def _action(episode: Episode, number: int, *, last: bool) -> str:
    if last:
        infeasible = episode.name.startswith("INF-") and episode.drawn.score == 1.0
        return "FAIL" if infeasible else "DONE"
    seed = number * 7919 + len(episode.name) * 104729
    form = _ACTIONS[seed % len(_ACTIONS)]
    # As the real agent aims: in fractions of the screen.
    return form.format(x=f"{seed % WIDTH / WIDTH:.3f}", y=f"{seed % HEIGHT / HEIGHT:.3f}")


def _blind(episode: Episode) -> None:
    for number in range(1, episode.max_steps + 1):
        episode.journal.error("lib_run_single/38", NO_OBSERVATION)
        share = _EVALUATE_SHARE - RESET_SHARE
        at(episode, RESET_SHARE + share * number / episode.max_steps)


def _evaluate(episode: Episode) -> None:
    episode.journal.info("lib_run_single/82", "Running evaluator(s)...")
    at(episode, 1.0)
    raise_if(episode, "evaluate-error")
    raise_if(episode, "wrapped-evaluate")
    if "late-line" in episode.faults:
        episode.journal.error("setup/351", episode.faults["late-line"].text)
    if "getter-error" in episode.faults:
        episode.journal.error("desktop_env/352", GETTER)
    zeroed = _ZEROED & episode.faults.keys()
    score = 0.0 if zeroed else episode.drawn.score
    episode.journal.info("lib_run_single/84", f"Result: {score:.2f}")
    episode.record.result(_result(episode, b"0" if zeroed else episode.drawn.result.encode()))


def _result(episode: Episode, usual: bytes) -> bytes:
    if "empty-result" in episode.faults:
        return b""
    if "garbage-result" in episode.faults:
        return b"\x00\xff\xfenot a score\n" * 3
    if "result" in episode.faults:
        return episode.faults["result"].text.encode()
    return usual + b"\n"
