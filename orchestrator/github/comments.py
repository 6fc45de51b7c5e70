"""One comment on a pull request, written once and updated in place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from orchestrator.errors import bad_input
from orchestrator.github.failures import FailureKind, GitHubError

if TYPE_CHECKING:
    from orchestrator.github.wire import Wire

BODY_LIMIT: Final = 65_536
"""Characters of a comment, GitHub's own limit; a longer body is cut and says so."""

NEEDS: Final = "Pull requests: write on the repository"

_CUT: Final = "\n\n_Shortened to what a comment may hold; the whole text is in the report._\n"
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that was written. ``created`` tells a new one from an update."""

    id: int
    url: str
    created: bool


class Comments:
    """Comments on the repository's pull requests and issues."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def put(self, number: int, key: str, body: str, *, author: str | None = None) -> Comment:
        """Create the comment that ``key`` names on pull request ``number``, or update it.

        A hidden marker in the first line finds it again. With ``author`` (a login such as
        ``github-actions[bot]``) only that account's comments are looked at, so that nobody else
        can plant the marker.

        Raises:
            BadInputError: ``key`` is no lower-case word.
            GitHubError: of any kind.
        """
        if not _KEY.fullmatch(key):
            raise bad_input("comment key", f"{key!r} is no key", "Use a-z, 0-9, dots and dashes.")
        marker = f"<!-- waa-matrix:{key} -->"
        text = _fitting(f"{marker}\n{body}")
        for failed in range(1, _TRIES):
            try:
                return self._put_once(number, marker, text, author)
            except GitHubError as error:
                # an unclear create may have taken effect, a found comment may just be deleted
                if error.kind not in (FailureKind.TRANSIENT, FailureKind.NOT_FOUND):
                    raise
                self._wire.clock.sleep(self._wire.policy.backoff(failed))
        return self._put_once(number, marker, text, author)

    def _put_once(self, number: int, marker: str, text: str, author: str | None) -> Comment:
        path = f"/issues/{number}/comments"
        body = {"body": text}
        result = self._find(path, marker, author)
        if result is None:
            reply = self._wire.send("POST", path, body, needs=NEEDS, idempotent=False)
        else:
            reply = self._wire.send("PATCH", f"/issues/comments/{result}", body, needs=NEEDS)
        return Comment(reply.body["id"], reply.body["html_url"], created=result is None)

    def _find(self, path: str, marker: str, author: str | None) -> int | None:
        for item in self._wire.pages(path, None, needs=NEEDS):
            if _login(item) == (author or _login(item)) and _marked(item, marker):
                return int(item["id"])
        return None


def _login(item: dict[str, Any]) -> str:
    return str((item.get("user") or {}).get("login", ""))


def _marked(item: dict[str, Any], marker: str) -> bool:
    return str(item.get("body") or "").split("\n", 1)[0].strip() == marker


def _fitting(text: str) -> str:
    return text if len(text) <= BODY_LIMIT else text[: BODY_LIMIT - len(_CUT)] + _CUT
