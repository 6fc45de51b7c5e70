"""What an agent's exception says of its provider, as the libraries themselves word it.

The lines are the last ones of tracebacks that the libraries left before a server which refused with
each status, hung up, or was not there; hosts and bodies are shortened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger.causes import Cause
from orchestrator.results.task import read_task
from orchestrator.results.verdict import classify
from tests.results.trees import THINKING, TaskFiles, error_line

if TYPE_CHECKING:
    from pathlib import Path

PREDICT = "response, actions, logs, computer_update_args = agent.predict("

SHAPES = {
    "botocore": "botocore.errorfactory.{bedrock}: An error occurred ({bedrock}) when calling the "
    "Converse operation (reached max retries: 1): no",
    "botocore, a word it has no class for": "botocore.exceptions.ClientError: An error occurred "
    "({bedrock}) when calling the Converse operation: no",
    "azure": "azure.core.exceptions.HttpResponseError: ({status}) no\nCode: {status}\nMessage: no",
    "azure, by its phrase": "azure.core.exceptions.HttpResponseError: Operation returned an "
    "invalid status '{phrase}'",
    "google-genai": "google.genai.errors.ClientError: {status} NO. {{'error': {{'code': 0}}}}",
    "mistralai": "mistralai.client.errors.sdkerror.SDKError: API error occurred: Status {status}. "
    'Body: {{"message": "no"}}',
    "cohere": "cohere.core.api_error.ApiError: headers: {{'server': 'x'}}, status_code: {status}, "
    "body: {{'message': 'no'}}",
    "ollama": "ollama._types.ResponseError: model 'x' not found (status code: {status})",
    "huggingface_hub": "huggingface_hub.errors.HfHubHTTPError: Client error '{status} {phrase}' "
    "for url 'https://router.huggingface.co/v1'",
    "httpx": "httpx.HTTPStatusError: Client error '{status} {phrase}' for url 'https://a/v1'\n"
    "For more information check: https://b",
    "aiohttp": "aiohttp.client_exceptions.ClientResponseError: {status}, message='{phrase}', "
    "url='https://a/v1'",
    "requests": "requests.exceptions.HTTPError: {status} Client Error: {phrase} for url: https://a/v1",
    "urllib": "urllib.error.HTTPError: HTTP Error {status}: {phrase}",
    "grpc": "grpc._channel._InactiveRpcError: <_InactiveRpcError of RPC that terminated with:\n"
    '\tstatus = StatusCode.{grpc}\n\tdetails = "no"\n>',
}
STATUSES = {
    400: ("ValidationException", "Bad Request", "INVALID_ARGUMENT", Cause.AGENT),
    401: ("UnrecognizedClientException", "Unauthorized", "UNAUTHENTICATED", Cause.MODEL),
    402: ("ServiceQuotaExceededException", "Payment Required", "PERMISSION_DENIED", Cause.MODEL),
    403: ("AccessDeniedException", "Forbidden", "PERMISSION_DENIED", Cause.MODEL),
    404: ("ResourceNotFoundException", "Not Found", "NOT_FOUND", Cause.MODEL),
    408: ("ModelTimeoutException", "Request Timeout", "DEADLINE_EXCEEDED", Cause.PROVIDER),
    429: ("ThrottlingException", "Too Many Requests", "RESOURCE_EXHAUSTED", Cause.PROVIDER),
    500: ("InternalServerException", "Internal Server Error", "INTERNAL", Cause.PROVIDER),
    503: ("ServiceUnavailableException", "Service Unavailable", "UNAVAILABLE", Cause.PROVIDER),
}
CLASSES = {
    "cohere.errors.unauthorized_error.UnauthorizedError: headers: {}": Cause.MODEL,
    "cohere.errors.too_many_requests_error.TooManyRequestsError: headers: {}": Cause.PROVIDER,
    "azure.core.exceptions.ClientAuthenticationError: no": Cause.MODEL,
    "azure.core.exceptions.HttpResponseError: (content_filter) Filtered": Cause.AGENT,
    "azure.core.exceptions.HttpResponseError: (RateLimitReached) Rate limit": Cause.PROVIDER,
    "azure.core.exceptions.ServiceRequestError: No connection": Cause.PROVIDER,
    "azure.core.exceptions.ServiceResponseError: ('Connection aborted.',)": Cause.PROVIDER,
    "botocore.exceptions.EndpointConnectionError: Could not connect": Cause.PROVIDER,
    "botocore.exceptions.ReadTimeoutError: Read timeout on endpoint URL": Cause.PROVIDER,
    "botocore.exceptions.NoCredentialsError: Unable to locate credentials": Cause.MODEL,
    "litellm.exceptions.PaymentRequiredError: litellm.PaymentRequiredError: no": Cause.MODEL,
    "mistralai.client.errors.httpvalidationerror.HTTPValidationError: {}": Cause.AGENT,
    "urllib.error.URLError: <urlopen error [Errno 111] Connection refused>": Cause.PROVIDER,
    "http.client.RemoteDisconnected: Remote end closed connection without response": Cause.PROVIDER,
    "ConnectionError: Failed to connect to Ollama. Please check that it is running": Cause.PROVIDER,
    "ConnectionResetError: [Errno 104] Connection reset by peer": Cause.PROVIDER,
    "socket.gaierror: [Errno -3] Temporary failure in name resolution": Cause.PROVIDER,
    "TimeoutError: The read operation timed out": Cause.PROVIDER,
}
ANOTHERS = {
    "ValueError: cannot parse 'click(1); # Error code: 401 - no'": Cause.AGENT,
    "TimeoutError: planning took longer than 30 s": Cause.AGENT,
    "botocore.exceptions.ParamValidationError: Parameter validation failed": Cause.AGENT,
    "azure.core.exceptions.DecodeError: JSON is invalid": Cause.AGENT,
    "requests.exceptions.ConnectionError: HTTPConnectionPool(host='20.20.20.21', port=5000): Max "
    "retries exceeded": Cause.AGENT,
    "aiohttp.client_exceptions.ClientResponseError: 500, message='no', "
    "url='http://20.20.20.21:5000/execute'": Cause.AGENT,
}


def judged(path: Path, *exceptions: str) -> Cause | None:
    error = error_line(PREDICT, *exceptions)
    written = TaskFiles(path, log=[THINKING], error=error).write()
    return classify(read_task(written)).cause


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("shape", SHAPES)
def test_each_library_tells_a_status_in_its_own_way(
    shape: str, status: int, tmp_path: Path
) -> None:
    bedrock, phrase, grpc, cause = STATUSES[status]
    said = SHAPES[shape].format(status=status, bedrock=bedrock, phrase=phrase, grpc=grpc)
    assert judged(tmp_path / "last", said) is cause
    retried = "tenacity.RetryError: RetryError[<Future at 0x7f0 state=finished raised Unknown>]"
    assert judged(tmp_path / "within", said, retried) is cause


@pytest.mark.parametrize(("said", "cause"), [*CLASSES.items(), *ANOTHERS.items()])
def test_a_class_or_a_word_tells_where_there_is_no_status(
    said: str, cause: Cause, tmp_path: Path
) -> None:
    assert judged(tmp_path, said) is cause


def test_a_guest_that_is_not_there_is_not_the_provider(tmp_path: Path) -> None:
    """Python's own words below a request's name no port; the request's do."""
    refused = "ConnectionRefusedError: [Errno 111] Connection refused"
    pool = "HTTPConnectionPool(host='20.20.20.21', port=5000): Max retries exceeded"
    assert judged(tmp_path, refused, f"urllib3.exceptions.MaxRetryError: {pool}") is Cause.AGENT
