"""What GitHub refuses of a repository's settings, each with its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.azgh.world.call import RefusedError, Reply

if TYPE_CHECKING:
    from tests.azgh.world.github import GitHub

NOT_FOUND = {
    "message": "Not Found",
    "documentation_url": "https://docs.github.com/rest",
    "status": "404",
}


def check_plan(repository: GitHub, body: dict[str, Any]) -> None:
    """The plan decides what a private repository may have.

    integrations/terraform-provider-github#1262 and #1311 (branch policies);
    backstage/backstage#28977 and alchemy-run/alchemy#1373 (reviewers and timers, refused at
    their defaults even).
    """
    if repository.visibility == "public":
        return
    if not repository.plan_has_environments:
        message = (
            "Fail to create protected rule, please ensure billing plan include protected"
            " branch gate."
        )
        raise refused(422, message)
    if {"reviewers", "wait_timer", "prevent_self_review"} & body.keys():
        message = (
            "Failed to create the environment protection rule. Please ensure the billing plan"
            " supports the required reviewers protection rule."
        )
        raise refused(422, message)


def missing() -> RefusedError:
    """Whatever is not there or not to be seen is a 404.

    https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#404-not-found-for-an-existing-resource
    """
    return RefusedError(Reply(404, NOT_FOUND))


def refused(status: int, message: str) -> RefusedError:
    """Return an error as GitHub words it."""
    return RefusedError(Reply(status, {"message": message, "status": str(status)}))
