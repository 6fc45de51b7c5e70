"""Checks of the machine image: that it is there and fit, and what in it goes out of date."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.checks.account import ROLES_FIX
from orchestrator.compute.azure_vm.checks.questions import IMAGE
from orchestrator.compute.findings import BlockedError, Check, CheckStatus, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.compute.azure_vm.checks.questions import Questions
    from orchestrator.compute.azure_vm.images import ImageVersion
    from orchestrator.compute.kit import CheckRequest
    from orchestrator.github.repository import RunnerRelease

RUNNER_TAG = "waa-runner-version"
GOLDEN_TAG = "waa-golden-expires"
"""Tags of an image's version, written when it is built (runner-image/packer)."""

EVALUATION, RUNNER = "Windows evaluation", "runner version"

DAY_S = 86400.0
RUNNER_GRACE_S = 30 * DAY_S
"""How long GitHub still sends jobs to a runner once its successor is out."""
EVALUATION_S = 90 * DAY_S
"""The life of a Windows 11 Enterprise evaluation."""
_SOON_S = 7 * DAY_S
_OLD_S = 35 * DAY_S

BUILD_FIX = (
    "Build the machine image anew: gh workflow run image.yml, or see runner-image/README.md."
)
GOLDEN_FIX = "Prepare the golden Windows image anew and build: see runner-image/README.md."


def image_checks(request: CheckRequest, asked: Questions) -> list[Check]:
    """Return the checks of the image; they own it."""

    def known() -> ImageVersion:
        image = asked.image.get()
        if image is None:
            raise BlockedError(IMAGE)
        return image

    def runner() -> list[Finding]:
        releases = request.github.get().repository.runner_releases()
        return [runner_finding(known(), releases, request.now)]

    def evaluation() -> list[Finding]:
        if not request.golden:
            return [Finding(EVALUATION, CheckStatus.OK, "no golden Windows image is asked for")]
        return [evaluation_finding(known(), request.now)]

    return [
        Check(IMAGE, lambda: [image_finding(request, asked.image.own())], ROLES_FIX),
        Check(EVALUATION, evaluation),
        Check(RUNNER, runner, "See githubstatus.com and look again.", unseen=CheckStatus.WARN),
    ]


def image_finding(request: CheckRequest, image: ImageVersion | None) -> Finding:
    """Judge that there is an image, that machines can nest others with it, and its age."""
    if image is None:
        fix = f"Correct --machine-image, or build one. {BUILD_FIX}"
        return Finding(IMAGE, CheckStatus.FAIL, "does not exist, or has no version", fix)
    version = image.id.rpartition("/")[2]
    if image.security_type in ("TrustedLaunch", "ConfidentialVM"):
        what = (
            f"{version}: its definition asks for {image.security_type}, without which it is refused"
        )
        fix = "Use a definition with SecurityType=Standard, as scripts/azure-setup makes it."
        return Finding(IMAGE, CheckStatus.FAIL, what, fix)
    if request.golden and not image.data_disks:
        what = f"{version}: holds no golden Windows image (no data disk)"
        return Finding(
            IMAGE,
            CheckStatus.FAIL,
            what,
            f"Build it with one, or give --no-golden-disk. {BUILD_FIX}",
        )
    if image.published is None:
        return Finding(IMAGE, CheckStatus.OK, f"version {version}")
    age = request.now - image.published
    said = f"version {version} is {max(age, 0) / DAY_S:.0f} days old"
    if age > _OLD_S:
        return Finding(
            IMAGE, CheckStatus.WARN, f"{said}: what is in it goes out of date", BUILD_FIX
        )
    return Finding(IMAGE, CheckStatus.OK, said)


def evaluation_finding(image: ImageVersion, now: float) -> Finding:
    """Judge when the Windows in the image stops: by its tag, or at best 90 days after it was built.

    An evaluation that is over shuts Windows down every hour ("Windows 11 Enterprise evaluation").
    """
    said = image.tags.get(GOLDEN_TAG, "")
    ends = _day(said)
    if ends is not None:
        return _evaluation_by(ends, said, now)
    if image.published is not None and image.published + EVALUATION_S < now:
        what = f"over: the image is older than {EVALUATION_S / DAY_S:.0f} days"
        return Finding(EVALUATION, CheckStatus.FAIL, what, GOLDEN_FIX)
    what = f"unknown: the image carries no tag {GOLDEN_TAG} (a day, 2027-02-20)"
    fix = f"az resource tag --is-incremental --ids {image.id} --tags {GOLDEN_TAG}=DAY"
    return Finding(EVALUATION, CheckStatus.WARN, what, fix)


def _evaluation_by(ends: float, day: str, now: float) -> Finding:
    left = ends - now
    if left <= 0:
        return Finding(EVALUATION, CheckStatus.FAIL, f"over since {day}", GOLDEN_FIX)
    status = CheckStatus.WARN if left < _SOON_S else CheckStatus.OK
    what = f"ends on {day}, in {left / DAY_S:.0f} days"
    return Finding(EVALUATION, status, what, GOLDEN_FIX if status is CheckStatus.WARN else "")


def runner_finding(
    image: ImageVersion, releases: Sequence[RunnerRelease] | None, now: float
) -> Finding:
    """Judge the runner in the image: 30 days after its successor's release it gets no more jobs.

    Without the tag it is taken for the newest of the day the image was published: that is how
    images are built. ``releases`` are newest first, None where they could not be read.
    """
    version = image.tags.get(RUNNER_TAG, "")
    if not releases:
        what = f"{version or 'unknown'}; its releases are not served here"
        return Finding(RUNNER, CheckStatus.WARN, what, "See github.com/actions/runner/releases.")
    if not version and image.published is None:
        fix = f"az resource tag --is-incremental --ids {image.id} --tags {RUNNER_TAG}=VERSION"
        return Finding(RUNNER, CheckStatus.WARN, f"unknown: the image has no tag {RUNNER_TAG}", fix)
    newer = _successors(image, version, releases)
    shown = version or "the newest of the day the image was built"
    if not newer:
        return Finding(RUNNER, CheckStatus.OK, f"{shown}: no newer release")
    first = min(newer, key=lambda release: release.published_at)
    left = first.published_at + RUNNER_GRACE_S - now
    said = f"{shown}: {first.version} came out {(now - first.published_at) / DAY_S:.0f} days ago"
    if left <= 0:
        return Finding(
            RUNNER, CheckStatus.FAIL, f"{said}; GitHub sends it no jobs any more", BUILD_FIX
        )
    status = CheckStatus.WARN if left < _SOON_S else CheckStatus.OK
    what = f"{said}; good for {left / DAY_S:.0f} days more"
    return Finding(RUNNER, status, what, BUILD_FIX if status is CheckStatus.WARN else "")


def _successors(
    image: ImageVersion, version: str, releases: Sequence[RunnerRelease]
) -> list[RunnerRelease]:
    if version:
        return [release for release in releases if _numbers(release.version) > _numbers(version)]
    return [release for release in releases if release.published_at > (image.published or 0.0)]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _day(text: str) -> float | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()
