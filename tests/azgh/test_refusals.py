"""What stops a set-up, told before anything is made, or with what was made named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.azgh.world.call import Call, RefusedError, Reply
from tests.azgh.world.github import NUMBER, OWNER_ID

if TYPE_CHECKING:
    from tests.azgh.conftest import Machine

pytestmark = pytest.mark.azgh


def test_regions_and_repository_are_judged_at_once_by_a_dry_run_too(fresh: Machine) -> None:
    fresh.world.github.admin = False
    fresh.world.arm.catalogue.not_offered = {("northeurope", "Microsoft.Network/natGateways")}
    done = fresh.setup(
        *("--region", "westeuropa", "--region", "europe", "--region", "northeurope", "--dry-run")
    )
    assert done.status == 2
    assert "--region westeuropa is no region" in done.err
    assert "near it: westeurope" in done.err
    assert "--region europe is no region" in done.err
    assert "--region northeurope does not offer Microsoft.Network/natGateways" in done.err
    assert "no admin of octo/bench" in done.err
    assert fresh.world.changes == []


def test_a_dry_run_shows_every_command_and_changes_nothing(fresh: Machine) -> None:
    done = fresh.setup("--region", "westeurope", "--dry-run")
    assert done.status == 0, done.err
    assert fresh.world.changes == []
    assert sum(command.startswith("az role definition create") for command in done.commands) == 4
    assert sum("deployment-branch-policies" in command for command in done.commands) == 3
    assert "NAT gateway" in done.out


def test_who_is_not_signed_in_anywhere_is_told_both(fresh: Machine) -> None:
    nobody = str(fresh.programs.root / "nobody")
    done = fresh.setup("--region", "westeurope", AZURE_CONFIG_DIR=nobody, GH_TOKEN="")
    assert done.status == 2
    assert "is not signed in: az login" in done.err
    assert "is not signed in: gh auth login" in done.err
    assert fresh.world.changes == []


def test_a_question_that_fails_is_not_taken_for_no(
    ready: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a second application would be made of each whenever the network falters."""

    entra = ready.world.entra.answer

    def busy(call: Call) -> Reply | None:
        if call.host != "graph.microsoft.com":
            return entra(call)
        body = {"error": {"code": "UnknownError", "message": "the service is busy"}}
        raise RefusedError(Reply(503, body))

    monkeypatch.setattr(ready.world.entra, "answer", busy)
    done = ready.setup("--region", "westeurope", "--region", "northeurope")
    assert done.status == 4
    assert "could not be asked: az ad app list" in done.err
    assert "the service is busy" in done.err
    assert ready.world.changes == []


def test_a_question_to_github_that_fails_is_not_taken_for_no(
    fresh: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its body is on gh's standard output, and reads like an answer without any template."""
    github = fresh.world.github.answer

    def busy(call: Call) -> Reply | None:
        if call.path.endswith("/actions/oidc/customization/sub"):
            raise RefusedError(Reply(502, {"message": "Server Error", "status": "502"}))
        return github(call)

    monkeypatch.setattr(fresh.world.github, "answer", busy)
    done = fresh.setup("--region", "westeurope", "--dry-run")
    assert done.status == 4
    assert "could not be asked: gh api" in done.err
    assert done.commands == []


def test_the_real_gh_prints_a_refusals_body_on_stdout(ready: Machine) -> None:
    """What the set-up has to stand: nothing of a failed question may be used."""
    done = ready.gh("api", "repos/octo/bench/environments/none", "--jq", ".name")
    assert done.status == 1
    assert '"Not Found"' in done.out


def test_an_application_that_others_sign_in_as_gets_no_rights(ready: Machine) -> None:
    world = ready.world
    (run,) = [
        entry
        for entry in world.entra.applications.objects.values()
        if entry["displayName"] == "waa-matrix-run"
    ]
    world.github.others = {"stranger/bench": 5}
    for credential in world.entra.credentials[run["id"]]:
        credential["subject"] = "repo:stranger/bench:environment:waa-matrix-run"
    run["passwordCredentials"] = [{"keyId": "1"}]
    done = ready.setup("--region", "westeurope", "--region", "northeurope")
    assert done.status == 4
    assert "it has 1 passwords" in done.err
    assert "repo:stranger/bench:environment:waa-matrix-run signs in as it" in done.err
    assert world.changes == []


def test_a_private_repository_without_the_plan_is_told_which_it_needs(ready: Machine) -> None:
    github = ready.world.github
    github.visibility, github.plan_has_environments = "private", False
    del github.environments["waa-matrix-run"]
    done = ready.setup("--region", "westeurope", "--region", "northeurope")
    assert done.status == 4
    assert "billing plan" in done.err
    assert "need GitHub Pro, Team or Enterprise" in done.err


def test_a_renamed_repository_goes_on_with_what_it_has(ready: Machine) -> None:
    """By the number in its subject; its store is the one that is there, not a new digest's."""
    github = ready.world.github
    github.former, github.name = {"octo/bench"}, "octo/renamed"
    github.subject = {
        "use_default": True,
        "use_immutable_subject": True,
        "sub_claim_prefix": f"repo:octo@{OWNER_ID}/renamed@{NUMBER}",
    }
    done = ready.setup("--region", "westeurope", "--region", "northeurope")
    assert done.status == 0, done.err
    assert "octo/bench is octo/renamed now" in done.err
    assert not [command for command in done.commands if "storage account create" in command]
    for credentials in ready.world.entra.credentials.values():
        subjects = [credential["subject"] for credential in credentials]
        assert any(
            subject.startswith(f"repo:octo@{OWNER_ID}/renamed@{NUMBER}:") for subject in subjects
        )


@pytest.mark.parametrize(
    ("keys", "prefix"),
    [
        (["repository_owner_id", "repository_id", "context"], f"repository_owner_id:{OWNER_ID}"),
        (["repo", "job_workflow_ref", "context"], ""),
    ],
)
def test_a_template_is_followed_or_refused_with_words(
    fresh: Machine, keys: list[str], prefix: str
) -> None:
    """The organisation's, which a repository follows that said so."""
    fresh.world.github.subject = {"use_default": False}
    fresh.world.github.organisation_subject = {"include_claim_keys": keys}
    done = fresh.setup("--region", "westeurope", "--dry-run")
    assert done.status == (0 if prefix else 4), done.err
    assert prefix or "follow a template of their own (repo, job_workflow_ref, context)" in done.err
    assert fresh.world.changes == []
