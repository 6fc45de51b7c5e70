"""What this machine lacks for a job."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from orchestrator.compute.findings import CheckStatus, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.compute.job import Job

_KVM = "/dev/kvm"


def job_findings(job: Job, directory: Path) -> Iterator[Finding]:
    """Yield what is missing here for a job whose processes live below ``directory``."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        yield _missing("directory", f"{there} cannot be written to", "Choose another directory.")
    cores = os.cpu_count() or 1
    if job.needs.cores is not None and job.needs.cores * len(job.names) > cores:
        what = f"{len(job.names)} workers of {job.needs.cores} cores, on a machine of {cores}"
        yield _missing("cores", what, "Start fewer workers here.")
    if job.needs.kvm and not os.access(_KVM, os.R_OK | os.W_OK):
        what = f"{_KVM} is not there, or not open to this user"
        yield _missing("KVM", what, "Turn on nested virtualization, or join the group kvm.")
    if job.image is not None or job.placement is not None:
        what = "an image or a size is asked for, and processes have neither"
        yield _missing("machine", what, "Leave both out, or name an engine of machines.")


def _missing(check: str, what: str, fix: str) -> Finding:
    return Finding(check, CheckStatus.FAIL, what, fix)
