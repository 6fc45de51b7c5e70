"""Routes for runners, runs and their jobs."""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import replace
from typing import Any

from tests.fakes.github.call import REPOSITORY_ID, Answer, Call, RefusedError, Route, page
from tests.fakes.github.scheduler import cancel
from tests.fakes.github.schema import complete, instant
from tests.fakes.github.state import JobEntry, RunEntry, RunnerEntry, World

_PAGED = frozenset({"per_page", "page"})
_BAD_NAME = re.compile(r'["/:<>\\|*?]')
_REGISTRATIONS = 1500
_REGISTRATION_WINDOW_S = 300.0


def runner_document(entry: RunnerEntry) -> dict[str, Any]:
    labels = [{"id": at, "name": name, "type": "custom"} for at, name in enumerate(entry.labels)]
    return {
        "id": entry.id,
        "name": entry.name,
        "os": "linux" if entry.used else "unknown",
        "status": entry.status,
        "busy": entry.busy,
        "labels": labels,
        "runner_group_id": entry.group,
        "ephemeral": True,
    }


def job_document(job: JobEntry) -> dict[str, Any]:
    return complete(
        "Job",
        {
            "id": job.id,
            "run_id": job.run,
            "run_attempt": job.attempt,
            "name": job.name,
            "status": job.status,
            "conclusion": job.conclusion,
            "labels": list(job.labels),
            "runner_id": job.runner or 0,
            "runner_name": job.runner_name or "",
            "created_at": instant(job.created_at),
            "started_at": instant(job.started_at or job.created_at),
            "completed_at": instant(job.completed_at),
        },
    )


def run_document(world: World, run: RunEntry) -> dict[str, Any]:
    status, conclusion = world.run_status(run)
    return complete(
        "WorkflowRun",
        {
            "id": run.id,
            "run_attempt": run.attempt,
            "event": run.event,
            "head_sha": run.head_sha,
            "status": status,
            "conclusion": conclusion,
            "created_at": instant(run.created_at),
            "run_started_at": instant(run.started_at or run.created_at),
            "path": f".github/workflows/{run.workflow}",
            "head_branch": run.branch,
            "repository": complete("MinimalRepository", {"id": REPOSITORY_ID}),
            "head_repository": complete("MinimalRepository", {"id": REPOSITORY_ID + run.fork}),
        },
    )


def mint(call: Call) -> Answer:
    world, body = call.world, call.body
    _refuse_bad_names(body)
    if body["runner_group_id"] not in world.runner_groups:
        raise RefusedError(404, "Not Found")
    if any(runner.name.lower() == body["name"].lower() for runner in world.runners.values()):
        text = "Already exists - A runner with the name *** already exists."
        raise RefusedError(409, text.replace("***", body["name"]))
    now = world.clock.now()
    recent = [r for r in world.runners.values() if r.created_at > now - _REGISTRATION_WINDOW_S]
    if len(recent) >= _REGISTRATIONS:
        raise RefusedError(429, "Too many runner registrations.", {"Retry-After": "300"})
    number = world.new_id()
    entry = RunnerEntry(
        id=number,
        name=body["name"],
        labels=tuple(label.lower() for label in body["labels"]),
        group=body["runner_group_id"],
        blob=_blob(number),
        created_at=now,
        idle_since=now,
        offline_since=now,
    )
    world.set_runner(entry)
    document = {"runner": runner_document(entry), "encoded_jit_config": entry.blob}
    return Answer(201, document, "OrgsOrgActionsRunnersGenerateJitconfigPostResponse201")


def list_runners(call: Call) -> Answer:
    wanted = call.query.get("name")
    entries = [r for r in call.world.listed_runners() if wanted in (None, r.name)]
    items = [runner_document(entry) for entry in entries]
    model = "ReposOwnerRepoActionsRunnersGetResponse200"
    return page(call, items, "/actions/runners", "runners", model)


def get_runner(call: Call) -> Answer:
    """Answer at once with what is: an ephemeral runner whose job is over has no entry any more."""
    entry = call.world.runners.get(call.number("id"))
    if entry is None:
        raise RefusedError(404, "Not Found")
    return Answer(200, runner_document(entry), "Runner")


def get_job(call: Call) -> Answer:
    """Answer at once with what is; a job that is over keeps the name of its runner."""
    job = call.world.jobs.get(call.number("job"))
    if job is None:
        raise RefusedError(404, "Not Found")
    return Answer(200, job_document(job), "Job")


def delete_runner(call: Call) -> Answer:
    entry = call.world.runners.get(call.number("id"))
    if entry is None:
        raise RefusedError(404, "Not Found")
    if entry.busy:
        text = f"Runner {entry.name} is currently running a job and cannot be deleted."
        raise RefusedError(422, text)
    call.world.drop_runner(entry.id)
    return Answer(204)


def get_run(call: Call) -> Answer:
    return Answer(200, run_document(call.world, _run(call)), "WorkflowRun")


def list_jobs(call: Call) -> Answer:
    run, attempt = _run(call), call.number("attempt")
    if not 1 <= attempt <= run.attempt:
        raise RefusedError(404, "Not Found")
    items = [job_document(job) for job in call.world.listed_jobs(run.id, attempt)]
    path = f"/actions/runs/{run.id}/attempts/{attempt}/jobs"
    model = "ReposOwnerRepoActionsRunsRunIdAttemptsAttemptNumberJobsGetResponse200"
    return page(call, items, path, "jobs", model)


def cancel_run(call: Call) -> Answer:
    run = _run(call)
    status, _ = call.world.run_status(run)
    if status == "completed":
        raise RefusedError(409, "Cannot cancel a workflow run that is completed.")
    call.world.runs[run.id] = replace(run, cancelled=True)
    cancel(call.world, run.id, force=bool(call.parts["force"]))
    return Answer(202, {}, "EmptyObject")


def _run(call: Call) -> RunEntry:
    run = call.world.runs.get(call.number("run"))
    if run is None:
        raise RefusedError(404, "Not Found")
    return run


def _refuse_bad_names(body: dict[str, Any]) -> None:
    name, labels = body["name"], body["labels"]
    if not name or len(name) > 64 or _BAD_NAME.search(name):
        raise RefusedError(422, "Invalid runner name.")
    if not 1 <= len(labels) <= 100:
        raise RefusedError(422, "Invalid request. Labels must have 1 to 100 items.")


def _blob(number: int) -> str:
    """A configuration of about the real one's size, with a secret in it."""
    files = {
        ".runner": base64.b64encode(json.dumps({"AgentId": str(number)}).encode()).decode(),
        ".credentials_rsaparams": secrets.token_hex(1400),
    }
    return base64.b64encode(json.dumps(files).encode()).decode()


_RUN = r"/actions/runs/(?P<run>\d+)"

ROUTES = (
    Route(
        "POST",
        re.compile(r"/actions/runners/generate-jitconfig"),
        mint,
        "administration",
        body=("ReposOwnerRepoActionsRunnersGenerateJitconfigPostBody",),
    ),
    Route(
        "GET",
        re.compile(r"/actions/runners"),
        list_runners,
        "administration",
        _PAGED | {"name"},
    ),
    Route("GET", re.compile(r"/actions/runners/(?P<id>\d+)"), get_runner, "administration"),
    Route("GET", re.compile(r"/actions/jobs/(?P<job>\d+)"), get_job, "actions"),
    Route("DELETE", re.compile(r"/actions/runners/(?P<id>\d+)"), delete_runner, "administration"),
    Route("GET", re.compile(_RUN), get_run, "actions"),
    Route(
        "GET", re.compile(_RUN + r"/attempts/(?P<attempt>\d+)/jobs"), list_jobs, "actions", _PAGED
    ),
    Route("POST", re.compile(_RUN + r"/(?P<force>force-)?cancel"), cancel_run, "actions"),
)
