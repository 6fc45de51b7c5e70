"""No token, key, runner configuration or signed address shows itself."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from typing import TYPE_CHECKING

import pytest

from orchestrator.github import (
    Annotation,
    CheckRun,
    GitHubError,
    GitHubRetryPolicy,
    Level,
    Secret,
    open_github,
)
from tests.fakes.github import Fault, Wound, zipped

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.github import GitHub
    from tests.fakes.github import FakeGitHub

VALUE = "ghp_very_secret_value"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format, "%s".__mod__])
def test_a_secret_does_not_show_itself(show: object) -> None:
    assert callable(show)
    assert VALUE not in show(Secret(VALUE))
    assert VALUE not in show((Secret(VALUE),))
    assert VALUE not in show({"key": Secret(VALUE)})


def test_a_secret_is_compared_but_not_copied_out() -> None:
    assert Secret(VALUE) == Secret(VALUE) != Secret("other")
    assert Secret(VALUE).reveal() == VALUE
    assert not Secret("")
    for leave in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            leave(Secret(VALUE))


def shown(error: BaseException) -> str:
    """Everything that a log of this error could hold."""
    return "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


def used_everywhere(github: GitHub, fake: FakeGitHub, tmp_path: Path) -> list[str]:
    """Use every call, with faults, and return what was said."""
    said = []
    fake.add_run(500)
    fake.add_artifact(500, "ledger", zipped({"a": b"x"}))
    minted = github.runners.mint("vm-1", ["run"])
    said.append(repr(minted) + repr(github) + repr(fake.connection()))
    (artifact,) = github.artifacts.of_run(500)
    github.artifacts.download(artifact, tmp_path)
    github.comments.put(3, "result", "text")
    github.checks.put(CheckRun("WAA", "a" * 40, "k", "t", "s", None, "", "", [
        Annotation("a", 1, Level.NOTICE, "m"),
    ]))  # fmt: skip
    for pattern, wound in (
        ("generate-jitconfig", Wound.CUT),
        ("generate-jitconfig", Wound.DROP_AFTER),
        ("_storage", Wound.CUT),
        ("_storage", Wound.DROP_AFTER),
        ("_storage", Wound.REFUSE),
        ("nowhere", Wound.REFUSE),
    ):
        if pattern == "nowhere":
            fake.world.storage_origin = "http://127.0.0.1:1"
        fake.faults.add(Fault(pattern, wound, times=4))
        for call in (
            lambda: github.runners.mint("vm-2", ["run"]),
            lambda: github.artifacts.download(artifact, tmp_path / "again"),
        ):
            try:
                call()
            except GitHubError as error:
                said.append(shown(error))
    return said


def test_nothing_that_is_said_or_logged_holds_a_secret(
    fake: FakeGitHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import github as _pygithub  # noqa: F401  # its import lowers its own logger to INFO

    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "github")
    policy = GitHubRetryPolicy(tries=2)
    with open_github(fake.app_connection(), clock=fake.clock, policy=policy) as github:
        said = used_everywhere(github, fake, tmp_path)

    text = caplog.text + "".join(said)
    assert len(said) > 3  # faults were met
    secrets = [
        *fake.tokens.given(),
        *(runner.blob for runner in fake.world.runners.values()),
        fake.tokens.app.private_key[40:120],
        "sig=",
    ]
    assert len(secrets) >= 4
    assert [secret for secret in secrets if secret in text] == []
