"""Microsoft Graph, as far as federated credentials go: refused to who may not read applications.

A workflow's identity may not, unless somebody grants it Application.Read.All ("List
federatedIdentityCredentials: Permissions"); so ``readable`` is false until a test says otherwise.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.fakes.arm.reply import Json, RefusalError, Reply

if TYPE_CHECKING:
    from tests.fakes.arm.routes import Request

_CREDENTIALS = re.compile(
    r"/v1\.0/applications\(appId='(?P<client>[\w-]+)'\)/federatedIdentityCredentials"
)


class Graph:
    """Applications by their client id, and the subjects that each trusts."""

    def __init__(self) -> None:
        self.readable = False
        self.subjects: dict[str, list[str]] = {}

    def answer(self, request: Request, audience: object, own: str) -> Reply | None:
        """Answer a request of Graph's, None for any other."""
        match = _CREDENTIALS.fullmatch(request.path.replace("%27", "'"))
        if match is None:
            return None
        if audience != own:
            raise RefusalError(401, "InvalidAuthenticationToken", "Access token: wrong audience.")
        if not self.readable:
            text = "Insufficient privileges to complete the operation."
            raise RefusalError(403, "Authorization_RequestDenied", text)
        if match["client"] not in self.subjects:
            text = f"Resource '{match['client']}' does not exist."
            raise RefusalError(404, "Request_ResourceNotFound", text)
        value: list[Json] = [
            {"name": f"github-{number}", "subject": subject}
            for number, subject in enumerate(self.subjects[match["client"]])
        ]
        return Reply(200, {"value": value})
