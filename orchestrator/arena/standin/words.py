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


class Frame(NamedTuple):
    """A place where an episode can raise: the line of ``run_single_example``, and what is below."""

    line: int
    source: str
    below: str
    raised: str
    message: str


FRAMES = {
    "reset-error": Frame(
        20,
        "obs = env.reset(task_config=example)",
        '  File "/client/desktop_env/envs/desktop_env.py", line 187, in reset\n'
        "    self.setup_controller.setup(self.config)\n",
        "requests.exceptions.ReadTimeout",
        "HTTPSConnectionPool(host='raw.githubusercontent.com', port=443): Read timed out.",
    ),
    "truncated-cache": Frame(
        20,
        "obs = env.reset(task_config=example)",
        '  File "/client/desktop_env/controllers/setup.py", line 112, in _download_setup\n'
        "    archive = zipfile.ZipFile(cache_path)\n",
        "zipfile.BadZipFile",
        "File is not a zip file",
    ),
    "agent-error": Frame(
        44,
        "response, actions, logs, computer_update_args = agent.predict(",
        '  File "/client/mm_agents/navi/agent.py", line 310, in predict\n'
        '    plan = plan_result.split("```python")[1]\n',
        "IndexError",
        "list index out of range",
    ),
    "model-401": Frame(
        44,
        "response, actions, logs, computer_update_args = agent.predict(",
        '  File "/client/mm_agents/navi/gpt/gpt4v_oai.py", line 96, in plan\n'
        "    raise last_error\n",
        "openai.AuthenticationError",
        UNAUTHORIZED_ERROR,
    ),
    "step-error": Frame(
        58,
        "obs, reward, done, info = env.step(action, args.sleep_after_execution)",
        '  File "/client/desktop_env/envs/desktop_env.py", line 264, in step\n'
        "    self.controller.execute_python_windows_command(action)\n",
        "requests.exceptions.ConnectionError",
        GUEST_GONE,
    ),
    "evaluate-error": Frame(
        83,
        "result = env.evaluate()",
        '  File "/client/desktop_env/envs/desktop_env.py", line 340, in evaluate\n'
        "    metric = self.metric(result_state, expected_state)\n",
        "KeyError",
        "'roots'",
    ),
}


def traceback_text(frame: Frame) -> str:
    """Return the traceback as the client writes it into its log and its trajectory."""
    return (
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
