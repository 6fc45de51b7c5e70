"""Where a suite comes from: the built-in demo, a file, or an https URL pinned by its sha256."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from orchestrator.errors import BadInputError, Problem, bad_input
from orchestrator.planning.suite import demo_suite, parse_suite

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.planning.suite import Suite

DEMO = "demo"

WAA_COMMIT = "6d39ed88c545a0d40a7a02e39b928e278df7332b"
WAA_FULL_LIST = (
    "https://raw.githubusercontent.com/microsoft/WindowsAgentArena/"
    f"{WAA_COMMIT}/src/win-arena-container/client/evaluation_examples_windows/test_all.json"
)
"""The 154 tasks of Windows Agent Arena (MIT), at a fixed commit."""

PINNED = {WAA_FULL_LIST: "902fb24cf0a9e146bf6c29288e74a7254fe40294e49dd47363e0b15d65608fef"}
"""sha256 of the lists whose content is known here; any other URL needs ``--suite-sha256``."""

_TIMEOUT_S = 30.0
_SIZE_LIMIT = 16 * 1024 * 1024


def load_suite(source: str, sha256: str, cache: Path) -> Suite:
    """Return the suite that ``--suite`` names.

    Args:
        source: ``demo``, ``waa`` (the full list), a path, or an https URL.
        sha256: The digest the text must have; required for a URL that is not known here.
        cache: A directory in which fetched texts are kept by their digest.

    Raises:
        BadInputError: No such file, not fetched, another digest, or a bad list (every problem).
    """
    if source == DEMO:
        return demo_suite()
    source = WAA_FULL_LIST if source == "waa" else source
    is_url = "://" in source
    data = _fetched(source, sha256, cache) if is_url else _read(source)
    if sha256 and not is_url:
        _check_digest(source, data, sha256)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_input(source, "is not UTF-8 text", "Save the list as UTF-8.") from error
    return parse_suite(text, source)


def _read(source: str) -> bytes:
    from pathlib import Path

    path = Path(source)
    try:
        return path.read_bytes()
    except OSError as error:
        fix = "Check the path; --suite takes demo, waa, a file or an https URL."
        raise bad_input(f"--suite {source}", f"cannot be read ({error.strerror})", fix) from error


def _fetched(url: str, sha256: str, cache: Path) -> bytes:
    digest = (sha256 or PINNED.get(url, "")).lower()
    problems = []
    if not url.startswith("https://"):
        problems.append(Problem(f"--suite {url}", "is not https", "Use an https:// URL."))
    if not digest:
        fix = "Add --suite-sha256 with the digest of the list you mean."
        problems.append(Problem(f"--suite {url}", "is not pinned", fix))
    if problems:
        raise BadInputError(problems)
    kept = cache / f"{digest}.json"
    if kept.is_file():
        data = kept.read_bytes()
        if hashlib.sha256(data).hexdigest() == digest:
            return data
    data = _download(url)
    _check_digest(url, data, digest)
    cache.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(data)
    return data


def _download(url: str) -> bytes:
    import requests

    try:
        with requests.get(url, timeout=_TIMEOUT_S, stream=True) as reply:
            reply.raise_for_status()
            data = reply.raw.read(_SIZE_LIMIT + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:
        fix = "Go on line once (the list is kept afterwards), or give a local file."
        what = f"could not be fetched ({_short(error)})"
        raise bad_input(f"--suite {url}", what, fix) from error
    if len(data) > _SIZE_LIMIT:
        raise bad_input(f"--suite {url}", "is larger than any task list", "Check the URL.")
    return bytes(data)


def _short(error: Exception) -> str:
    """Return what went wrong in a few words: the library's own text is a chain of objects."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__


def _check_digest(source: str, data: bytes, sha256: str) -> None:
    result = hashlib.sha256(data).hexdigest()
    if result != sha256.lower():
        fix = "The list has changed, or the digest is another list's; look at it before you pin it."
        raise bad_input(f"--suite {source}", f"has sha256 {result}, not {sha256}", fix)
