"""The API versions that services have: a read by any other is refused."""

from __future__ import annotations

import re

from tests.fakes.arm.reply import RefusalError

# Stable versions, as each service's REST reference lists them.
_VERSIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r".*/providers/microsoft\.logic/.*", ("2016-06-01", "2019-05-01")),
    (r".*/providers/microsoft\.network/.*", ("2022-11-01", "2023-11-01", "2024-05-01")),
    (r".*/providers/microsoft\.features/.*", ("2015-12-01", "2021-07-01")),
    (r"/subscriptions/[^/]+(/resourcegroups/[^/]+)?", ("2021-04-01", "2022-12-01")),
)


def check_version(path: str, api_version: str) -> None:
    """Refuse a version that a service does not have, as Azure does."""
    for pattern, known in _VERSIONS:
        if re.fullmatch(pattern, path.lower()):
            if api_version not in known:
                text = f"The api-version '{api_version}' is not supported; use '{known}'."
                raise RefusalError(400, "NoRegisteredProviderFound", text)
            return
