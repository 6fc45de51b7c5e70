"""One repository's settings, as GitHub's REST API answers about them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from nacl.public import PrivateKey, SealedBox

from tests.azgh.world.call import Call, Reply, Routes
from tests.azgh.world.github_rules import check_plan, missing, refused

OWNER_ID, NUMBER, TOKEN = 4321, 98765, "gho_a-token-of-an-admin"


@dataclass
class Environment:
    """An environment; its own variables and secrets are with it."""

    identifier: int
    policy: dict[str, bool] | None = None
    branches: dict[int, dict[str, Any]] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


class GitHub:
    """The repository ``octo/bench``, and who asks."""

    def __init__(self) -> None:
        self.name = "octo/bench"
        self.former: set[str] = set()
        self.others: dict[str, int] = {}
        self.default_branch = "main"
        self.visibility = "public"
        self.plan_has_environments = True
        self.ignores_policies = False
        self.admin = True
        self.subject: dict[str, Any] = {"use_default": True}
        self.organisation_subject: dict[str, Any] | None = None
        self.variables: dict[str, str] = {}
        self.environments: dict[str, Environment] = {}
        self.runs: list[dict[str, Any]] = []
        self.key = PrivateKey.generate()
        self._numbers = 0
        self._routes = self._add_routes()

    def answer(self, call: Call) -> Reply | None:
        """A wrong token is a 401 (https://docs.github.com/rest/authentication)."""
        if call.headers.get("authorization", "").rpartition(" ")[2] != TOKEN:
            message = {"message": "Bad credentials", "status": "401"}
            return Reply(401, message)
        return self._routes.answer(call)

    def _add_routes(self) -> Routes:
        routes, repo = Routes(), "/repos/{owner}/{repo}"
        routes.add("GET", repo, self._repository)
        routes.add("GET", f"{repo}/actions/oidc/customization/sub", self._subject)
        routes.add("GET", "/orgs/{org}/actions/oidc/customization/sub", self._organisation)
        routes.add("GET", f"{repo}/actions/runs", self._runs)
        environment = f"{repo}/environments/{{name}}"
        routes.add("GET PUT DELETE", environment, self._environment)
        policies = f"{environment}/deployment-branch-policies"
        routes.add("GET POST", policies, self._policies)
        routes.add("GET DELETE", f"{policies}/{{number}}", self._policy)
        # gh asks for an environment's things by the repository's number, which it looks up first.
        routes.add("POST", "/graphql", self._graphql)
        numbered = "/repositories/{number}/environments/{name}"
        for place in (f"{repo}/actions", environment, numbered):
            routes.add("GET POST", f"{place}/variables", self._variables)
            routes.add("GET PATCH DELETE", f"{place}/variables/{{item}}", self._variable)
        routes.add("GET", f"{environment}/secrets", self._secrets)
        routes.add("GET", f"{environment}/secrets/public-key", self._public_key)
        routes.add("GET PUT DELETE", f"{environment}/secrets/{{item}}", self._secret)
        return routes

    def _graphql(self, call: Call) -> Reply:
        """Answer gh's one query, ``MapRepositoryNames``, of this repository."""
        owner, _, short = self.name.partition("/")
        wanted = f'repo_000: repository(owner: "{owner}", name: "{short}")'
        assert call.body["query"].startswith("query MapRepositoryNames")
        assert wanted in call.body["query"]
        return Reply(200, {"data": {"repo_000": {"databaseId": NUMBER}}})

    def _check(self, owner: str, repo: str) -> None:
        if f"{owner}/{repo}".lower() != self.name.lower():
            raise missing()

    def _repository(self, _call: Call, owner: str, repo: str) -> Reply:
        """A former name leads here by a redirect, which gh follows for reads."""
        asked = f"{owner}/{repo}"
        if asked in self.others:
            return Reply(200, {"id": self.others[asked], "full_name": asked})
        if asked in self.former:
            return Reply(
                301,
                {"message": "Moved Permanently"},
                {"Location": f"https://api.github.com/repos/{self.name}"},
            )
        self._check(owner, repo)
        owner, _, short = self.name.partition("/")
        value = {
            "id": NUMBER,
            "name": short,
            "full_name": self.name,
            "owner": {"login": owner, "id": OWNER_ID},
            "private": self.visibility != "public",
            "visibility": self.visibility,
            "default_branch": self.default_branch,
            "archived": False,
            "permissions": {"admin": self.admin, "push": True, "pull": True},
        }
        return Reply(200, value)

    def _subject(self, _call: Call, owner: str, repo: str) -> Reply:
        self._check(owner, repo)
        return Reply(200, self.subject)

    def _organisation(self, _call: Call, org: str) -> Reply:  # noqa: ARG002
        if self.organisation_subject is None:
            raise missing()
        return Reply(200, self.organisation_subject)

    def _runs(self, call: Call, owner: str, repo: str) -> Reply:
        self._check(owner, repo)
        runs = [run for run in self.runs if run["status"] == call.query["status"]]
        return Reply(200, {"total_count": len(runs), "workflow_runs": runs})

    def _of(self, owner: str, repo: str, name: str) -> Environment:
        self._check(owner, repo)
        if name not in self.environments:
            raise missing()
        return self.environments[name]

    def _environment(self, call: Call, owner: str, repo: str, name: str) -> Reply:
        if call.method == "PUT":
            self._check(owner, repo)
            return self._put_environment(call.body, name)
        present = self._of(owner, repo, name)
        if call.method == "DELETE":
            del self.environments[name]
            return Reply(204)
        return Reply(200, self._described(name, present))

    def _put_environment(self, body: dict[str, Any], name: str) -> Reply:
        """https://docs.github.com/rest/deployments/environments#create-or-update-an-environment

        Both kinds of policy at one value: ministryofjustice/analytical-platform#185.
        """
        check_plan(self, body)
        policy = body.get("deployment_branch_policy")
        if policy and policy["protected_branches"] == policy["custom_branch_policies"]:
            message = "protected_branches and custom_branch_policies cannot have the same value"
            raise refused(422, message)
        present = self.environments.setdefault(name, Environment(self._next()))
        present.policy = None if self.ignores_policies else policy
        # What is left out is not kept: a put says all there is to say.
        present.rules = [
            {"type": "wait_timer", "wait_timer": body["wait_timer"]}
            for _ in "1"
            if body.get("wait_timer")
        ]
        if body.get("reviewers"):
            reviewers = [
                {"type": entry["type"], "reviewer": {"id": entry["id"]}}
                for entry in body["reviewers"]
            ]
            rule = {"type": "required_reviewers", "reviewers": reviewers}
            rule["prevent_self_review"] = body.get("prevent_self_review", False)
            present.rules.append(rule)
        return Reply(200, self._described(name, present))

    def _described(self, name: str, present: Environment) -> dict[str, Any]:
        rules = [*present.rules, *([{"type": "branch_policy"}] if present.policy else [])]
        return {
            "id": present.identifier,
            "name": name,
            "protection_rules": rules,
            "deployment_branch_policy": present.policy,
        }

    def _policies(self, call: Call, owner: str, repo: str, name: str) -> Reply:
        present = self._of(owner, repo, name)
        if not (present.policy or {}).get("custom_branch_policies"):
            # https://docs.github.com/rest/deployments/branch-policies: must be set to use these;
            # a 404 (integrations/terraform-provider-github#1820), of the listing too
            # (github-community-projects/safe-settings#746).
            raise missing()
        if call.method == "GET":
            policies = list(present.branches.values())
            return Reply(200, {"total_count": len(policies), "branch_policies": policies})
        if any(branch["name"] == call.body["name"] for branch in present.branches.values()):
            return Reply(303, None, {"Location": f"https://api.github.com{call.path}"})
        number = self._next()
        value = {"id": number, "name": call.body["name"], "type": call.body.get("type", "branch")}
        present.branches[number] = value
        return Reply(200, value)

    def _policy(self, call: Call, owner: str, repo: str, name: str, number: str) -> Reply:
        present = self._of(owner, repo, name)
        if int(number) not in present.branches:
            raise missing()
        if call.method == "DELETE":
            del present.branches[int(number)]
            return Reply(204)
        return Reply(200, present.branches[int(number)])

    def _place(self, name: str, **where: str) -> dict[str, str]:
        if "number" not in where:
            self._check(where["owner"], where["repo"])
        elif where["number"] != str(NUMBER):
            raise missing()
        if not name:
            return self.variables
        if name not in self.environments:
            raise missing()
        return self.environments[name].variables

    def _variables(self, call: Call, name: str = "", **where: str) -> Reply:
        place = self._place(name, **where)
        if call.method == "GET":
            listing = [{"name": key, "value": value} for key, value in place.items()]
            return Reply(200, {"total_count": len(listing), "variables": listing})
        # https://docs.github.com/rest/actions/variables: 409 of one that is there; that a blank
        # value is refused of environments alone is unverified, and no value here is blank.
        if call.body["name"] in place:
            raise refused(409, "Already exists - Variable already exists")
        if name and not call.body["value"]:
            raise refused(422, "Variable value can't be blank")
        place[call.body["name"]] = call.body["value"]
        return Reply(201, {})

    def _variable(self, call: Call, item: str, name: str = "", **where: str) -> Reply:
        place = self._place(name, **where)
        if item not in place:
            raise missing()
        if call.method == "PATCH":
            place[item] = call.body["value"]
        if call.method == "DELETE":
            del place[item]
        if call.method != "GET":
            return Reply(204)
        return Reply(200, {"name": item, "value": place[item]})

    def _secrets(self, _call: Call, owner: str, repo: str, name: str) -> Reply:
        secrets = [{"name": secret} for secret in self._of(owner, repo, name).secrets]
        return Reply(200, {"total_count": len(secrets), "secrets": secrets})

    def _public_key(self, _call: Call, owner: str, repo: str, name: str) -> Reply:
        self._of(owner, repo, name)
        key = base64.b64encode(bytes(self.key.public_key)).decode()
        return Reply(200, {"key_id": "568250167242549743", "key": key})

    def _secret(self, call: Call, owner: str, repo: str, name: str, item: str) -> Reply:
        """https://docs.github.com/rest/guides/encrypting-secrets-for-the-rest-api: a sealed box."""
        secrets = self._of(owner, repo, name).secrets
        if call.method == "PUT":
            if call.body["key_id"] != "568250167242549743":
                raise refused(422, "Bad request - key_id is not the newest")
            sealed = base64.b64decode(call.body["encrypted_value"])
            secrets[item] = SealedBox(self.key).decrypt(sealed).decode()
            return Reply(201, {})
        if item not in secrets:
            raise missing()
        if call.method == "DELETE":
            del secrets[item]
            return Reply(204)
        return Reply(200, {"name": item, "created_at": "2026-01-01T00:00:00Z"})

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers
