"""What every workflow and composite action here keeps to, as functions of its text."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

import yaml

from orchestrator.cli import COMMANDS
from orchestrator.cli.options.variables import PREFIX
from tests.workflow_trust import trust_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
USES = re.compile(r"uses: (?!\./)\S+.*$", re.MULTILINE)
LONG = re.compile(r"^\s*(?:\S+=\S+ )*(?:\.venv/bin/|scripts/|uv |npm |packer )", re.MULTILINE)
"""What takes long: a signal must reach it, and a runner signals the entry process alone."""

EXACT = re.compile(r"\d+\.\d+\.\d+\Z")
HARD_CODED = re.compile(r"\b(?:main|master)\b")

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
    texts = [*_unpinned(text), *_steps(document.get("runs", {}).get("steps", []))]
    if "jobs" in document:
        texts += [*_top(document), *_artifacts(jobs), *trust_problems(document)]
    for name, job in jobs.items():
        texts += [f"{name}: {entry}" for entry in (*_job(job), *_steps(job.get("steps", [])))]
    return texts + _unknown_variables(document)


def _unpinned(text: str) -> Iterator[str]:
    for line in USES.findall(text):
        if not PINNED.match(line.strip()):
            yield f"not pinned to a commit, with its version beside it: {line}"


def _top(document: dict[Any, Any]) -> Iterator[str]:
    if document.get("permissions") != {}:
        yield "permissions at the top are not empty"
    if document.get("cache-mode") != "none":
        yield "cache-mode at the top is not none"
    first = [job for job in document["jobs"].values() if "needs" not in job]
    if "concurrency" in document and any("if" in job for job in first):
        yield "its group is taken before any job's if: what runs nothing cancels what runs or waits"
    branches = [line for line in _strings(document) if HARD_CODED.search(line)]
    if branches:
        yield f"the default branch is named: {branches}"


def _strings(document: dict[Any, Any]) -> Iterator[str]:
    """Yield what may say a branch: the triggers' filters, and every condition."""
    on = document.get(True)
    filters = on.values() if isinstance(on, dict) else ()
    yield from (str(entry["branches"]) for entry in filters if entry and "branches" in entry)
    for job in document["jobs"].values():
        yield from (str(entry["if"]) for entry in (job, *job.get("steps", [])) if "if" in entry)


def _artifacts(jobs: dict[str, Any]) -> Iterator[str]:
    """Overwriting deletes first: only what is up in a moment may, and what is left holds it too."""
    for job, body in jobs.items():
        seen: set[str] = set()
        for step in body.get("steps", []):
            if "actions/upload-artifact@" not in step.get("uses", ""):
                continue
            given = step["with"]
            name = str(given.get("name", ""))
            if given.get("overwrite") and not name.startswith("results-"):
                yield f"{job}: {name} is deleted before what replaces it is up"
            if name in seen and not given.get("overwrite"):
                yield f"{job}: {name} is uploaded twice, which is refused"
            if name.startswith("report-") and not any(
                entry.startswith("results-") for entry in seen
            ):
                yield f"{job}: {name} goes up before the results"
            seen.add(name)


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
        if _restores(step):
            yield f"{name}: restores a cache, or is not pinned"


def _restores(step: dict[str, Any]) -> bool:
    """Whether a step brings in what an earlier job cached. setup-uv does unless it is told."""
    uses, given = step.get("uses", ""), step.get("with", {})
    if "/setup-uv@" in uses:
        pinned = EXACT.match(str(given.get("version", "")))
        return given.get("enable-cache") is not False or not pinned
    if re.search(r"/setup-(?:node|go)@", uses):  # they cache by default, too
        return given.get("cache") is not False and given.get("package-manager-cache") is not False
    return "actions/cache" in uses or ("/setup-" in uses and bool(given.get("cache")))


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
    result = set()
    for name, (module, attribute, _) in COMMANDS.items():
        command = getattr(importlib.import_module(module), attribute)
        result |= {f"{PREFIX}_{name}_{option.name}".upper() for option in command.params}
    return result
