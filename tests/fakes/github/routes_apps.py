"""Routes that an App calls, signed as itself."""

from __future__ import annotations

import re

from tests.fakes.github.call import Answer, Call, RefusedError, Route
from tests.fakes.github.schema import complete, instant


def installation(call: Call) -> Answer:
    number = call.tokens.app.installation_id
    return Answer(200, complete("Installation", {"id": number}), "Installation")


def access_token(call: Call) -> Answer:
    if call.number("id") != call.tokens.app.installation_id:
        raise RefusedError(404, "Not Found")
    token, ends_at = call.tokens.installation()
    document = {"token": token, "expires_at": instant(ends_at)}
    return Answer(201, document, "InstallationToken")


ROUTES = (
    Route("GET", re.compile(r"/installation"), installation, "app"),
    Route(
        "POST",
        re.compile(r"/app/installations/(?P<id>\d+)/access_tokens"),
        access_token,
        "app",
        body=("AppInstallationsInstallationIdAccessTokensPostBody",),
        whole=True,
    ),
)
