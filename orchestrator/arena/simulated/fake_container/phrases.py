"""What the client and the libraries under it say when something goes wrong."""

from __future__ import annotations

from typing import NamedTuple

PROVIDER_RETRIES = 30
PROVIDER_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0, 24.0)
"""Waits between two calls of the provider; the last repeats (thirty take about twelve minutes)."""

_CHAT = "https://api.openai.com/v1/chat/completions"
UNAUTHORIZED = f'HTTP Request: POST {_CHAT} "HTTP/1.1 401 Unauthorized"'
UNAUTHORIZED_ERROR = (
    "Error code: 401 - {'error': {'message': 'Incorrect API key provided: ********. You can find "
    "your API key at https://platform.openai.com/account/api-keys.', 'type': "
    "'invalid_request_error', 'param': None, 'code': 'invalid_api_key'}}"
)
LIMITED = f'HTTP Request: POST {_CHAT} "HTTP/1.1 429 Too Many Requests"'
LIMITED_ERROR = (
    "Error code: 429 - {'error': {'message': 'Rate limit reached for gpt-4o in organization "
    "org-simulated on tokens per min (TPM): Limit 30000, Used 29417, Requested 4105. Please try "
    "again in 7.044s.', 'type': 'tokens', 'param': None, 'code': 'rate_limit_exceeded'}}"
)
ANSWERED = f'HTTP Request: POST {_CHAT} "HTTP/1.1 200 OK"'

SETUP_LOGGED = (
    'Failed to launch application. Status code: {"message":"[WinError 2] The system cannot find '
    'the file specified","status":"error"}'
)
GETTER = "An unexpected error occurred: 'NoneType' object has no attribute 'get'"
NO_OBSERVATION = "Observation is None. Waiting a little to do next step."
GUEST_GONE = (
    "HTTPConnectionPool(host='20.20.20.21', port=5000): Max retries exceeded with url: /execute "
    "(Caused by NewConnectionError('Failed to establish a new connection: [Errno 111] Connection "
    "refused'))"
)


RETRYING = "Retrying request to /chat/completions in 0.429644 seconds"
CONNECTING = "Encountered Exception"
NOT_CONNECTED = "httpx.ConnectError: [Errno 111] Connection refused"
BROWSER_RETRY = (
    "Attempt {}: Failed to connect, retrying. Error: BrowserType.connect_over_cdp: connect "
    "ECONNREFUSED 20.20.20.21:9222"
)
REVERTING = (
    "Not implemented! Reverting to snapshot is not supported for remote VMs! Closing all "
    "applications instead"
)
EXECUTED = 'Command executed successfully: {"output": "ok", "error": "", "returncode": 0}'


class Said(NamedTuple):
    """What the provider answers: the request's line in the log (empty: none came), the error."""

    request: str
    raised: str
    error: str


def _answer(status: str, raised: str, error: str) -> Said:
    return Said(f'HTTP Request: POST {_CHAT} "HTTP/1.1 {status}"', f"openai.{raised}", error)


def _worded(status: int, message: str, code: str) -> str:
    return f"Error code: {status} - {{'error': {{'message': '{message}', 'code': '{code}'}}}}"


ANSWERS = {
    "unreachable": Said("", "openai.APIConnectionError", "Connection error."),
    "400": _answer(
        "400 Bad Request",
        "BadRequestError",
        _worded(400, "Your request was rejected by the content filter", "content_filter"),
    ),
    "401": _answer("401 Unauthorized", "AuthenticationError", UNAUTHORIZED_ERROR),
    "404": _answer(
        "404 Not Found",
        "NotFoundError",
        _worded(404, "The model does not exist", "model_not_found"),
    ),
    "413": _answer(
        "413 Request Entity Too Large", "APIStatusError", _worded(413, "too large", "too_large")
    ),
    "429": _answer("429 Too Many Requests", "RateLimitError", LIMITED_ERROR),
    "500": _answer(
        "500 Internal Server Error", "InternalServerError", _worded(500, "overloaded", "none")
    ),
    "503": _answer(
        "503 Service Unavailable", "InternalServerError", _worded(503, "overloaded", "none")
    ),
    # openai 3 words it without a body.
    "no-quota": _answer(
        "429 Too Many Requests",
        "RateLimitError",
        "Error code: 429 - You exceeded your current quota",
    ),
}
"""By the name that a script gives it."""


class RaisingPlace(NamedTuple):
    """A place where an episode can raise: the line of ``run_single_example``, and what is below.

    ``cause`` is a whole traceback that the exception was raised from, empty without one.
    """

    line: int
    source: str
    below: str
    raised: str
    message: str
    cause: str = ""


_PREDICT = "response, actions, logs, computer_update_args = agent.predict("


def gave_up(said: Said) -> RaisingPlace:
    """Return what agent.predict raises after thirty tries: tenacity's summary, with its cause."""
    name = said.raised.rpartition(".")[2]
    return RaisingPlace(
        42,
        _PREDICT,
        '  File "/client/mm_agents/navi/agent.py", line 310, in predict\n'
        "    plan_result = self.gpt4v_planner.plan(image, question)\n"
        '  File "/usr/lib/python3.9/site-packages/tenacity/__init__.py", line 483, in exc_check\n'
        "    raise retry_exc from fut.exception()\n",
        "tenacity.RetryError",
        f"RetryError[<Future at 0x7f257fe8c1d0 state=finished raised {name}>]",
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python3.9/site-packages/tenacity/__init__.py", line 553, in __call__\n'
        "    result = fn(*args, **kwargs)\n"
        '  File "/client/mm_agents/navi/gpt/gpt4v_oai.py", line 76, in process_images\n'
        "    response = self.client.chat.completions.create(\n"
        f"{said.raised}: {said.error}\n\n"
        "The above exception was the direct cause of the following exception:\n\n",
    )


FRAMES = {
    "reset-error": RaisingPlace(
        20,
        "obs = env.reset(task_config=example)",
        '  File "/client/desktop_env/envs/desktop_env.py", line 187, in reset\n'
        "    self.setup_controller.setup(self.config)\n",
        "requests.exceptions.ReadTimeout",
        "HTTPSConnectionPool(host='raw.githubusercontent.com', port=443): Read timed out.",
    ),
    "truncated-cache": RaisingPlace(
        20,
        "obs = env.reset(task_config=example)",
        '  File "/client/desktop_env/controllers/setup.py", line 112, in _download_setup\n'
        "    archive = zipfile.ZipFile(cache_path)\n",
        "zipfile.BadZipFile",
        "File is not a zip file",
    ),
    "agent-error": RaisingPlace(
        44,
        "response, actions, logs, computer_update_args = agent.predict(",
        '  File "/client/mm_agents/navi/agent.py", line 310, in predict\n'
        '    plan = plan_result.split("```python")[1]\n',
        "IndexError",
        "list index out of range",
    ),
    "no-logs": RaisingPlace(
        64,
        "recorder.record_step(",
        '  File "/client/trajectory_recorder.py", line 156, in record_step\n'
        "    'user_question': logs.get('user_question'),\n",
        "AttributeError",
        "'NoneType' object has no attribute 'get'",
    ),
    "no-text": RaisingPlace(
        64,
        "recorder.record_step(",
        '  File "/client/trajectory_recorder.py", line 159, in record_step\n'
        '    html.append(f"<pre>\\n{html_lib.escape(action)}\\n</pre>")\n'
        '  File "/usr/lib/python3.9/html/__init__.py", line 19, in escape\n'
        '    s = s.replace("&", "&amp;")\n',
        "AttributeError",
        "'dict' object has no attribute 'replace'",
    ),
    "wrapped-reset": RaisingPlace(
        51,
        "obs = run_with_timeout(env.reset, timeout=200, max_retries=3, task_config=example)",
        '  File "/client/lib_run_single.py", line 35, in run_with_timeout\n    raise e\n'
        '  File "/client/desktop_env/envs/desktop_env.py", line 286, in reset\n'
        "    self.setup_controller.setup(self.config)\n",
        "AssertionError",
        "Setup controller cannot find init function _nope_setup",
    ),
    "wrapped-evaluate": RaisingPlace(
        117,
        "result = run_with_timeout(env.evaluate, timeout=200, max_retries=3)",
        '  File "/client/lib_run_single.py", line 35, in run_with_timeout\n    raise e\n'
        '  File "/client/desktop_env/envs/desktop_env.py", line 397, in evaluate\n'
        "    else self.metric(result_state, **self.metric_options)\n",
        "KeyError",
        "'roots'",
    ),
    "step-error": RaisingPlace(
        58,
        "obs, reward, done, info = env.step(action, args.sleep_after_execution)",
        '  File "/client/desktop_env/envs/desktop_env.py", line 264, in step\n'
        "    self.controller.execute_python_windows_command(action)\n",
        "requests.exceptions.ConnectionError",
        GUEST_GONE,
    ),
    "evaluate-error": RaisingPlace(
        83,
        "result = env.evaluate()",
        '  File "/client/desktop_env/envs/desktop_env.py", line 340, in evaluate\n'
        "    metric = self.metric(result_state, expected_state)\n",
        "KeyError",
        "'roots'",
    ),
}


def traceback_text(frame: RaisingPlace) -> str:
    """Return the traceback as the client writes it into its log and its trajectory."""
    return (
        f"{frame.cause}"
        "Traceback (most recent call last):\n"
        '  File "/client/run.py", line 256, in test\n'
        "    lib_run_single.run_single_example(agent, env, example, max_steps, instruction, args, "
        "example_result_dir,\n"
        f'  File "/client/lib_run_single.py", line {frame.line}, in run_single_example\n'
        f"    {frame.source}\n"
        f"    {'^' * len(frame.source)}\n"
        f"{frame.below}"
        f"{frame.raised}: {frame.message}\n"
    )
