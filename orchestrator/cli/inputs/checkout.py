"""What this machine knows by itself: the checkout's repository, and gh's login."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from orchestrator.github import Secret

_TIMEOUT_S = 30.0
_PUBLIC_API, _PUBLIC_HOST = "api.github.com", "github.com"
_REMOTE = re.compile(
    r"(?:https?://(?:[^@/]+@)?|ssh://(?:[^@/]+@)?|[^@/:]+@)(?P<host>[^/:]+)(?::\d+)?[/:]"
    r"(?P<name>[^/]+/[^/]+?)(?:\.git)?/?"
)


def github_host(api: str) -> str:
    """Return the host that people, git and gh use for a GitHub whose API is at this address."""
    host = urlsplit(api).hostname or ""
    return _PUBLIC_HOST if host == _PUBLIC_API else host


def repository_here(api: str) -> str:
    """Return the repository of the working directory, ``owner/name``; empty where nothing says it.

    The remote ``origin`` says it, else gh, which also knows what ``gh repo set-default`` chose.
    """
    match = _REMOTE.fullmatch(_told("git", "remote", "get-url", "origin"))
    if match is not None and match["host"].lower() == github_host(api):
        return match["name"]
    return _told("gh", "repo", "view", "--json", "nameWithOwner", "--jq", ".nameWithOwner")


def gh_token(api: str) -> Secret | None:
    """Return the token that gh is signed in with; None where it is not, or is not here."""
    from orchestrator.github import Secret

    token = _told("gh", "auth", "token", "--hostname", github_host(api))
    return Secret(token) if token else None


def _told(*words: str) -> str:
    """Return the one line that a program answers; nothing of a failed answer is used."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
