"""The optional part of an installation: the Azure libraries, which the extra ``azure`` brings."""

from __future__ import annotations

from importlib.util import find_spec

from orchestrator.errors import BadInputError, Problem

INSTALL = "pip install 'waa-matrix[azure]'"

MODULES = ("azure.identity", "azure.mgmt.compute", "azure.mgmt.resource", "azure.storage.blob")
"""One module of each distribution that the extra names (pyproject.toml)."""

NAMESPACE = "azure"


def azure_problems() -> list[Problem]:
    """Return the problem of an installation without the Azure libraries; nothing is imported."""
    absent = [module for module in MODULES if not _is_there(module)]
    return [azure_problem(", ".join(absent))] if absent else []


def azure_problem(absent: str) -> Problem:
    """Return the problem that ``absent``, modules of the extra, cannot be imported."""
    return Problem("Azure", f"its libraries are not installed ({absent})", f"Run {INSTALL}.")


def require_azure() -> None:
    """Return where the Azure libraries are installed.

    Raises:
        BadInputError: They are not; it says what to install.
    """
    if problems := azure_problems():
        raise BadInputError(problems)


def is_of_azure(error: ModuleNotFoundError) -> bool:
    """Whether what could not be imported is a part of the extra."""
    return (error.name or "").partition(".")[0] == NAMESPACE


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # a package around it is absent as well
        return False
