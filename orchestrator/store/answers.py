"""What a failed request says: whether the store refuses, with which code, and what that means.

``obstore`` (0.12) has classes for a few failures; else the status and the service's own code stand
in the text alone. They are taken from there, once, and what follows hangs on them.
"""

from __future__ import annotations

import errno
import re

from orchestrator.text import masked

_QUERY = re.compile(r"\?\S+")
_ERROR_LIMIT = 300

_STATUS = re.compile(r"status code: (\d{3})\b")
_REFUSES = frozenset({"401", "403", "404"})
_OS_ERROR = re.compile(r"\(os error (\d{1,3})\)")
_FORBIDS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})

_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_PROLOG = re.compile(r":?\s*<\?xml[^>]*\?>\s*\Z")  # of a body that begins on the line's end
_NO_BUCKET = "NoSuchBucket"
_CONFLICT = "ConditionalRequestConflict"

_OTHER_REGION = "the bucket is in another region: set AWS_REGION or ?region="
_EXPIRED = "the session has expired: get a new one"
# S3's, from its "Error responses". Azure's have sentences of their own.
_MEANINGS = {
    _NO_BUCKET: "there is no such bucket: make it, or correct --store",
    "InvalidAccessKeyId": "no such access key: check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "the key does not fit: check AWS_SECRET_ACCESS_KEY",
    "AccessDenied": "this identity may not: it needs s3:ListBucket, s3:GetObject, s3:PutObject",
    "ExpiredToken": _EXPIRED,
    "InvalidToken": "the session token does not fit the key: check AWS_SESSION_TOKEN",
    "TokenRefreshRequired": _EXPIRED,
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "PermanentRedirect": _OTHER_REGION,
    "AuthorizationHeaderMalformed": _OTHER_REGION,
    "IllegalLocationConstraintException": _OTHER_REGION,
}

_REDIRECTED = "Received redirect without LOCATION"  # the library's words for a 301 of S3
_METADATA = re.compile(r"/latest/(?:api/token|meta-data)\b")
_NO_ROLE = "AWS_ACCESS_KEY_ID is not set, and this machine's metadata gives it no role"


def refuses(error: Exception) -> bool:
    """Return whether a failure is an answer that stands, and no outage."""
    text = str(error)
    status, system = _STATUS.search(text), _OS_ERROR.search(text)
    return (
        (status is not None and status.group(1) in _REFUSES)
        or (system is not None and int(system.group(1)) in _FORBIDS)
        or code_of(error) in _MEANINGS
        or bool(_METADATA.search(text))
    )


def is_conflict(error: Exception) -> bool:
    """Return whether S3 wrote nothing because another create was on its way."""
    return code_of(error) == _CONFLICT


def lacks_bucket(error: Exception) -> bool:
    """Return whether what is not there is the whole bucket."""
    return code_of(error) == _NO_BUCKET


def code_of(error: Exception) -> str:
    """Return the service's code of a failure, or nothing."""
    text = str(error)
    if _REDIRECTED in text:
        return "PermanentRedirect"
    code = _CODE.search(text)
    return code.group(1) if code else ""


def text_of(error: Exception) -> str:
    """Return a failure in a line: its first, the service's code, and what that means.

    Query strings are left out: a SAS is one.
    """
    line, code = first_line(error), code_of(error)
    if _METADATA.search(line):
        return f"{_NO_ROLE} ({line})"
    said = f"{code}: {_MEANINGS[code]}" if code in _MEANINGS else code
    return f"{line} ({said})" if said and said not in line else line


def first_line(error: Exception) -> str:
    """Return an error's first line without query strings: a SAS is one."""
    lines = str(error).strip().splitlines()
    line = _PROLOG.sub("", lines[0]) if lines else type(error).__name__
    text = masked(_QUERY.sub("?…", line))
    return text[:_ERROR_LIMIT]
