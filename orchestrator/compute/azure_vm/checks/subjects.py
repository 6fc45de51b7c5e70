"""Checks of the subjects by which Azure knows a workflow's jobs.

GitHub writes ``repo:OWNER/REPO:environment:NAME``, or ``repo:OWNER@ID/REPO@ID:environment:NAME`` of
repositories that were made, renamed or transferred after 2026-07-15, and of those that opted in; or
what a template of the repository or the organisation says ("OpenID Connect reference").
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from orchestrator.compute.failures import CloudError
from orchestrator.compute.findings import BlockedError, Check, CheckStatus, Finding
from orchestrator.github.failures import GitHubError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compute.azure_vm.checks.questions import Questions
    from orchestrator.compute.azure_vm.inspection import Inspection
    from orchestrator.compute.kit import CheckRequest
    from orchestrator.github import About, SubjectForm

SUBJECT = "OIDC subject"
CLIENT_VARIABLE = "AZURE_CLIENT_ID"

_USUAL = (("repo", "context"), ())


def subject_checks(request: CheckRequest, asked: Questions, azure: Inspection) -> list[Check]:
    """Return the check of what each environment's jobs come with, against what is trusted."""

    def look() -> Iterator[Finding]:
        door, about = request.github.get(), request.about.get()
        if about.full_name.lower() != request.repository.lower():
            yield _renamed(request.repository, about)
        form = door.repository.subject_form()
        for name in request.environments:
            wanted_subjects = subjects(form, about, name)
            if not wanted_subjects:
                yield _custom(form, about)
                return
            client = _client(request, name)
            yield subject_finding(name, wanted_subjects, client, _trusted(asked, azure, client))

    fix = "Give the token Actions: read and Environments: read."
    return [Check(SUBJECT, look, fix, unseen=CheckStatus.WARN)]


def subjects(form: SubjectForm, about: About, environment: str) -> tuple[str, ...]:
    """Return the subjects that a job in an environment may come with; none cannot be foretold.

    GitHub's own prefix is believed where it gives one: the flag beside it was seen to say otherwise
    than what came (azure-dev#9382). Where it gives none, either form may come.
    """
    if form.claims not in _USUAL or not (form.default or form.claims):
        return ()
    owner, _, name = about.full_name.partition("/")
    by_name = f"repo:{about.full_name}"
    by_number = f"repo:{owner}@{about.owner_id}/{name}@{about.id}"
    prefixes = (form.prefix,) if form.prefix else (by_name, by_number)
    return tuple(f"{prefix}:environment:{environment}" for prefix in prefixes)


def subject_finding(
    environment: str,
    wanted: tuple[str, ...],
    client: str,
    trusted: tuple[str, ...] | None,
) -> Finding:
    """Judge an environment's subjects by those that its application trusts, None: not known."""
    said = " or ".join(wanted)
    if trusted is None:
        what = f"{environment}: GitHub sends {said}"
        with_what = f"az ad app federated-credential list --id {client or 'CLIENT_ID'}"
        return Finding(SUBJECT, CheckStatus.OK, f"{what}; compare it with: {with_what}")
    # Entra compares subjects letter by letter ("Workload identity federation: considerations").
    lacking = [subject for subject in wanted if subject not in trusted]
    if not lacking:
        return Finding(SUBJECT, CheckStatus.OK, f"{environment}: {said} is trusted")
    known = ", ".join(trusted) or "none"
    what = f"{environment}: GitHub sends {said}, and its identity trusts {known}"
    status = CheckStatus.FAIL if len(lacking) == len(wanted) else CheckStatus.WARN
    return Finding(SUBJECT, status, what, _trust(client, lacking[0]))


def _trust(client: str, subject: str) -> str:
    credential = {
        "name": "github-subject",
        "issuer": "https://token.actions.githubusercontent.com",
        "subject": subject,
        "audiences": ["api://AzureADTokenExchange"],
    }
    return (
        f"Run scripts/azure-setup, or: az ad app federated-credential create --id {client}"
        f" --parameters '{json.dumps(credential)}'"
    )


def _renamed(given: str, about: About) -> Finding:
    what = f"{given} is called {about.full_name} now, and its jobs come by that name"
    fix = f"Give --repository {about.full_name}, and run scripts/azure-setup with that name."
    return Finding(SUBJECT, CheckStatus.WARN, what, fix)


def _custom(form: SubjectForm, about: About) -> Finding:
    claims = ", ".join(form.claims)
    whose = f"a template of {claims}" if claims else "the organisation's template"
    what = f"the subjects of {about.full_name} are made by {whose}: they are not foretold here"
    fix = (
        "Read the subject in a failed sign-in's AADSTS700213 and trust that, or take the template"
        f" off: gh api -X PUT repos/{about.full_name}/actions/oidc/customization/sub"
        " -F use_default=true"
    )
    return Finding(SUBJECT, CheckStatus.WARN, what, fix)


def _client(request: CheckRequest, environment: str) -> str:
    """Return the client id that an environment's jobs sign in with, empty where it is not read."""
    try:
        return request.github.get().repository.environment_variable(environment, CLIENT_VARIABLE)
    except GitHubError:
        return ""


def _trusted(asked: Questions, azure: Inspection, client: str) -> tuple[str, ...] | None:
    """Return the subjects that an application trusts, None where this login may not read them."""
    if not client:
        return None
    try:
        asked.login.get()
        trusted = azure.trusted_subjects(client)
    except (BlockedError, CloudError):
        return None
    return () if trusted is None else trusted
