"""What the rows of the table of faults are written with."""

from __future__ import annotations

from tests.fakes.arm.faults import Fault as CloudFault
from tests.fakes.github import Fault as GitHubFault
from tests.fakes.github import Wound
from tests.fleet.faulting import End, Phase, Row

ALWAYS = 10_000
CREATE, DELETE, LIST = "PUT virtualMachines/waa-500", "DELETE virtualMachines/waa-500", "GET resour"
SIGN_IN = "POST .*/token"
MINT, RUNNERS = "POST /actions/runners/generate", r"GET /actions/runners$"
FORGET, JOBS = r"DELETE /actions/runners/\d+", r"GET .*/attempts/1/jobs"
RUN, CANCEL = r"GET /actions/runs/500$", "POST .*/cancel"
OLDER_LIMIT = (
    "You have triggered an abuse detection mechanism and have been temporarily blocked from content"
    " creation. Please retry your request again later."
)
QUOTA = (
    "Operation could not be completed as it results in exceeding approved {} Cores quota."
    " Current Limit: 8, Current Usage: 8, Additional Required: 8."
)
FINE = End()
BOTH_LAUNCHERS = {Phase.PROVISION: FINE, Phase.SUPERVISE: FINE}
ALL_FINE = dict.fromkeys(Phase, FINE)


def launchers(code: int, words: str, supervise: str | None = None) -> dict[Phase, End]:
    """Both commands that launch end so; ``supervise`` may say something else."""
    said = words if supervise is None else supervise
    return {Phase.PROVISION: End(code, words), Phase.SUPERVISE: End(code, said)}


def sweepers(code: int = 0, words: str = "") -> dict[Phase, End]:
    """Both commands that delete end so."""
    return {Phase.TEARDOWN: End(code, words), Phase.REAP: End(code, words)}


def cloud(name: str, pattern: str, ends: dict[Phase, End], **fault: object) -> Row:
    """Return a row of a fault of the cloud's."""
    return Row(name, ends, lambda: (CloudFault(pattern, **fault),))  # type: ignore[arg-type]  # a fault's own fields


def github(
    name: str, pattern: str, ends: dict[Phase, End], wound: Wound = Wound.REFUSE, **fault: object
) -> Row:
    """Return a row of a fault of GitHub's."""
    return Row(name, ends, lambda: (GitHubFault(pattern, wound, **fault),))  # type: ignore[arg-type]  # a fault's own fields
