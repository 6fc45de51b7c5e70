"""What every workflow and composite action here keeps to, as functions of its text."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

import yaml

from orchestrator.cli import COMMANDS
from orchestrator.cli.variables import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
USES = re.compile(r"uses: (?!\./)\S+.*$", re.MULTILINE)
LONG = re.compile(r"^\s*(?:\S+=\S+ )*(?:\.venv/bin/|scripts/|uv |npm |packer )", re.MULTILINE)
"""What takes long: a signal must reach it, and a runner signals the entry process alone."""

_LEVELS = {"none": 0, "read": 1, "write": 2}

HOSTED = "ubuntu-latest"
SHARED = frozenset(
    f"{PREFIX}_{name}"
    for name in (
        *("APP_ID", "APP_PRIVATE_KEY", "GITHUB_TOKEN", "RESOURCE_GROUP", "REGIONS", "SUBNETS"),
        *("STORE", "MACHINE_IMAGE", "SIZES", "REQUIRE_TIERS", "ARENA_IMAGE", "GOLDEN_EXPIRES"),
        *("GOLDEN_SHA256", "GOLDEN_STORE", "IMAGE_RESOURCE_GROUP"),
    )
)
"""Names that are no option of one command: read by several, or by a script."""


def problems(text: str) -> list[str]:
    """Return everything in a workflow's or a composite action's text that breaks a rule."""
    document = yaml.safe_load(text)
    jobs = document.get("jobs", {})
    found = [*_unpinned(text), *_steps(document.get("runs", {}).get("steps", []))]
    if "jobs" in document:
        found += _top(document)
    for name, job in jobs.items():
        found += [f"{name}: {one}" for one in (*_job(job), *_steps(job.get("steps", [])))]
    return found + _unknown_variables(document)


def _unpinned(text: str) -> Iterator[str]:
    for line in USES.findall(text):
        if not PINNED.match(line.strip()):
            yield f"not pinned to a commit, with its version beside it: {line}"


def _top(document: dict[Any, Any]) -> Iterator[str]:
    if document.get("permissions") != {}:
        yield "permissions at the top are not empty"
    # YAML 1.1 reads the key `on` as true.
    if "pull_request_target" in str(document.get(True)):
        yield "pull_request_target runs a fork's code with this repository's rights"


def _job(job: dict[str, Any]) -> Iterator[str]:
    if "uses" in job:
        return
    if "timeout-minutes" not in job:
        yield "no timeout-minutes"
    if job["runs-on"] != HOSTED:
        if job.get("permissions") != {"contents": "read"}:
            yield "a job on the fleet may read contents, and no more"
        if "environment" in job:
            yield "a job on the fleet is in an environment, whose secrets it then has"
    if "strategy" in job and job["strategy"].get("fail-fast") is not False:
        yield "fail-fast is not off"
    for name, value in job.get("outputs", {}).items():
        if not re.fullmatch(r"\$\{\{ steps\.[\w-]+\.outputs\.[\w-]+ \}\}", value):
            yield f"output {name} is not a step's own"


def _steps(steps: list[dict[str, Any]]) -> Iterator[str]:
    for step in steps:
        name = step.get("name") or step.get("uses", "?")
        script = step.get("run", "")
        if "${{" in script:
            yield f"{name}: an expression is part of a script"
        if LONG.search(script):
            yield f"{name}: does not exec what may take long"
        if script and "\n" not in script.strip() and not script.startswith("exec "):
            yield f"{name}: does not exec its command"
        is_checkout = "actions/checkout@" in step.get("uses", "")
        if is_checkout and step.get("with", {}).get("persist-credentials") is not False:
            yield f"{name}: keeps the token in the checkout"
        if "secrets." in str(step.get("with", "")):
            yield f"{name}: a secret is handed to an action"


def ungranted(caller: dict[str, Any], called: dict[str, Any]) -> list[str]:
    """Return the rights of a called workflow's jobs that the calling job does not pass on.

    GitHub refuses such a run as a whole, before its first job.
    """
    granted = caller.get("permissions", {})
    return [
        f"{name} asks for {right}: {level}"
        for name, job in called["jobs"].items()
        for right, level in job.get("permissions", {}).items()
        if _LEVELS[granted.get(right, "none")] < _LEVELS[level]
    ]


def _unknown_variables(document: dict[str, Any]) -> list[str]:
    known = known_variables()
    names = sorted(set(_environment(document)))
    return [
        f"{name} sets no option of any command"
        for name in names
        if name.startswith(f"{PREFIX}_") and name not in known | SHARED
    ]


def _environment(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _environment(item)
    elif isinstance(node, dict):
        if isinstance(node.get("env"), dict):
            yield from node["env"]
        for value in node.values():
            yield from _environment(value)


def known_variables() -> set[str]:
    """Return the variable of every option of every command."""
    found = set()
    for name, (module, attribute, _) in COMMANDS.items():
        command = getattr(importlib.import_module(module), attribute)
        found |= {f"{PREFIX}_{name}_{option.name}".upper() for option in command.params}
    return found
