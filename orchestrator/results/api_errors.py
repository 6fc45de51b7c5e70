"""The HTTP status that an exception of a model API's library stands for.

Libraries tell a status each in its own way: by a class, in the text, or by a word of the service.
The shapes are those of openai 0.28 to 3, anthropic, groq, together, litellm, mistralai, cohere,
ollama, huggingface_hub, google-genai and google-api-core, boto3 (Bedrock), azure-core, grpc, httpx,
aiohttp, requests and urllib, as they print what a server refused. Bedrock's words: "Troubleshooting
Amazon Bedrock API Error Codes". gRPC's: "Status codes and their use in gRPC", with the HTTP status
that google-api-core gives each.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestrator.results.exceptions import CONNECTION_NAMES, Link

if TYPE_CHECKING:
    from collections.abc import Sequence

UNREACHED = 0
"""Stands for a status where there was no answer."""

_CLASSES = {
    "BadRequestError": 400,
    "InvalidRequestError": 400,
    "ContentPolicyViolationError": 400,
    "ContextWindowExceededError": 400,
    "InvalidArgument": 400,
    "AuthenticationError": 401,
    "ClientAuthenticationError": 401,
    "CredentialRetrievalError": 401,
    "InvalidTokenError": 401,
    "NoCredentialsError": 401,
    "PartialCredentialsError": 401,
    "TokenRetrievalError": 401,
    "Unauthenticated": 401,
    "UnauthorizedError": 401,
    "UnauthorizedSSOTokenError": 401,
    "PaymentRequiredError": 402,
    "ForbiddenError": 403,
    "PermissionDeniedError": 403,
    "PermissionError": 403,
    "PermissionDenied": 403,
    "NotFoundError": 404,
    "NotFound": 404,
    "ResourceNotFoundError": 404,
    "ConflictError": 409,
    "ResourceExistsError": 409,
    "RequestTooLargeError": 413,
    "HTTPValidationError": 422,
    "UnprocessableEntityError": 422,
    "RateLimitError": 429,
    "ResourceExhausted": 429,
    "TooManyRequests": 429,
    "TooManyRequestsError": 429,
    "InternalServerError": 500,
    "ServerError": 500,
    "ServiceUnavailableError": 503,
    "ServiceUnavailable": 503,
    "DeadlineExceededError": 504,
    "DeadlineExceeded": 504,
    "GatewayTimeoutError": 504,
    "OverloadedError": 529,
    "APIConnectionError": UNREACHED,
    "APITimeoutError": UNREACHED,
    "EndpointConnectionError": UNREACHED,
    "HTTPClientError": UNREACHED,
    "ProxyConnectionError": UNREACHED,
    "ServiceRequestError": UNREACHED,
    "ServiceRequestTimeoutError": UNREACHED,
    "ServiceResponseError": UNREACHED,
    "ServiceResponseTimeoutError": UNREACHED,
    "URLError": UNREACHED,
    # Of what is left, the service's own word decides; a word that is not known is a bad request.
    "ClientError": 400,
    "HttpResponseError": 400,
}

_WORDS = {
    "ValidationException": 400,
    "ExpiredToken": 401,
    "ExpiredTokenException": 401,
    "IncompleteSignature": 401,
    "InvalidClientTokenId": 401,
    "InvalidSignatureException": 401,
    "MissingAuthenticationToken": 401,
    "UnrecognizedClientException": 401,
    "ServiceQuotaExceededException": 402,
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "NotAuthorized": 403,
    "OptInRequired": 403,
    "FTUFormNotFilled": 404,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ConflictException": 409,
    "ModelNotReadyException": 429,
    "RequestLimitExceeded": 429,
    "Throttling": 429,
    "ThrottlingException": 429,
    "TooManyRequestsException": 429,
    "InternalFailure": 500,
    "InternalServerException": 500,
    "ModelErrorException": 500,
    "ModelStreamErrorException": 500,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
    # azure-core: the code of the service, as it is worded by Azure's model endpoints
    "unauthorized": 401,
    "PermissionDenied": 403,
    "DeploymentNotFound": 404,
    "unavailable_model": 404,
    "RateLimitReached": 429,
    "TooManyRequests": 429,
    "InternalServerError": 500,
    # gRPC
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
    # an HTTP status by its phrase (RFC 9110, section 15)
    "Bad Request": 400,
    "Unauthorized": 401,
    "Payment Required": 402,
    "Forbidden": 403,
    "Not Found": 404,
    "Request Timeout": 408,
    "Conflict": 409,
    "Request Entity Too Large": 413,
    "Content Too Large": 413,
    "Unprocessable Entity": 422,
    "Unprocessable Content": 422,
    "Too Many Requests": 429,
    "Internal Server Error": 500,
    "Bad Gateway": 502,
    "Service Unavailable": 503,
    "Gateway Timeout": 504,
}

_REQUESTS = re.compile(r"^(\d{3}) (?:Client|Server) Error: .* for url: ")
_HTTPX = re.compile(r"^(?:Client|Server) error '(\d{3})\b")
_LEADING = re.compile(r"^(\d{3})\b")

# Where a library has the status in its text, and where a word that stands for one.
_TEXTS: dict[str, tuple[re.Pattern[str], ...]] = {
    "aiohttp": (re.compile(r"^(\d{3}), message="),),
    "azure": (re.compile(r"^\((\d{3})\)"),),
    "botocore": (re.compile(r"^An error occurred \((\d{3})\)"),),
    "cohere": (re.compile(r"\bstatus_code: (\d{3})\b"),),
    "google": (_LEADING,),
    "httpx": (_HTTPX,),
    "httpx2": (_HTTPX,),
    "huggingface_hub": (_REQUESTS, _HTTPX),
    "mistralai": (re.compile(r"\bStatus (\d{3})\b"),),
    "ollama": (re.compile(r"\(status code: (\d{3})\)"),),
    "requests": (_REQUESTS,),
    "urllib": (re.compile(r"^HTTP Error (\d{3})\b"),),
}
_WORDED: dict[str, tuple[re.Pattern[str], ...]] = {
    "azure": (re.compile(r"^\((\w+)\)"), re.compile(r"invalid status '([^'\n]+)'")),
    "botocore": (re.compile(r"^An error occurred \((\w+)\)"),),
    "grpc": (re.compile(r"\bStatusCode\.([A-Z_]+)\b"),),
}
_TRANSPORTS = frozenset(
    {"aiohttp", "http", "httpcore", "httpcore2", "httpx", "httpx2", "requests", "ssl", "socket"}
    | {"urllib", "urllib3"}
)
_LIBRARIES = _TRANSPORTS | _TEXTS.keys() | _WORDED.keys()
_LIBRARIES |= {"anthropic", "groq", "litellm", "openai", "together"}

_CODE = re.compile(r"Error code: (\d{3})\b")
_RETRIED = re.compile(r"\bstate=finished raised (\w+)>")
# The guest's own ports: its server, its browsers' debugging port, QEMU's monitor.
_GUEST = re.compile(r"\bport=(?:5000|9222|7200)\b|:(?:5000|9222|7200)(?:/|\b)")
# A socket's own words for its time limit; another one may be the agent's for itself.
_SOCKET_TIMEOUT = re.compile(r"^(?:The \w+ operation )?timed out\Z|^\[Errno 110\]")


def status_of(chain: Sequence[Link]) -> tuple[int, str] | None:
    """Return the status that an API's answer had, and the text it is read from.

    Of several exceptions that tell, the outermost does: what lies below is how its library put it
    together. A retry's own summary ("RetryError[… raised RateLimitError]"), and a connection that
    Python itself lost, tell where nothing else does. None: the chain is about something else, or
    about the guest.
    """
    for link in reversed(chain):
        status = _of_link(link)
        if status is not None:
            return status, link.message
    for link in reversed(chain):
        match = _RETRIED.search(link.message)
        if match is not None and match.group(1) in _CLASSES:
            return _CLASSES[match.group(1)], link.message
    if any(_GUEST.search(link.message) for link in chain):
        return None
    return next(((UNREACHED, link.message) for link in chain if _of_python(link)), None)


def status_worded(path: str, message: str) -> int | None:
    """Return the status that a printed exception of a model API's library stands for.

    A transport's is none: a page or a file that was fetched is no model.
    """
    link = Link(path, message)
    return None if link.root in _TRANSPORTS else _of_link(link)


def _of_link(link: Link) -> int | None:
    # Python's own exceptions may quote anything: there the text has to begin with it.
    code = _CODE.search(link.message) if link.root else _CODE.match(link.message)
    if code is not None:
        return int(code.group(1))
    if link.root not in _LIBRARIES or (link.root in _TRANSPORTS and _GUEST.search(link.message)):
        return None
    for pattern in _TEXTS.get(link.root, ()):
        if match := pattern.search(link.message):
            return int(match.group(1))
    for pattern in _WORDED.get(link.root, ()):
        if (match := pattern.search(link.message)) and match.group(1) in _WORDS:
            return _WORDS[match.group(1)]
    if link.root not in _TRANSPORTS or link.name == "URLError":
        status = _CLASSES.get(link.name)
        if status is not None:
            return status
    return UNREACHED if link.name in CONNECTION_NAMES else None


def _of_python(link: Link) -> bool:
    """Whether Python itself lost a connection; not every time limit is a socket's."""
    if link.root or not link.lost_connection:
        return False
    return link.name not in ("TimeoutError", "timeout") or bool(_SOCKET_TIMEOUT.match(link.message))
