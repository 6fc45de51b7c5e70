"""The engines that can be named: those of this project, and those of installed packages.

A package brings engines by entry points of the group ``waa_matrix.engines``. Nothing is imported
before an engine is loaded, and no module is ever named by anything but an installation.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from orchestrator.compute.kit import EngineKit
from orchestrator.errors import BadInputError, bad_input
from orchestrator.planning.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint

GROUP = "waa_matrix.engines"
AZURE_VM, LOCAL = "azure_vm", "local"

_OWN: Mapping[str, str] = {
    AZURE_VM: "orchestrator.compute.azure_vm.kit:KIT",
    LOCAL: "orchestrator.compute.local.kit:KIT",
}


def names() -> tuple[str, ...]:
    """Return the engines that there are. None is imported."""
    return tuple(sorted({*_OWN, *(point.name for point in _installed())}))


def load(name: str) -> EngineKit:
    """Return what an engine brings. This project's own names cannot be taken by a package.

    Raises:
        BadInputError: There is no such engine, several packages bring it, or it cannot be loaded.
    """
    if name in _OWN:
        module, _, attribute = _OWN[name].partition(":")
        own: EngineKit = getattr(import_module(module), attribute)
        return own
    points = _installed(name)
    if not points:
        raise _unknown(name)
    if len(points) > 1:
        packages = " and ".join(sorted(_package(point) for point in points))
        raise bad_input(f"engine {name}", f"is brought by {packages}", "Uninstall all but one.")
    return _load(points[0])


def _installed(name: str | None = None) -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points  # every command would wait for it

    points = entry_points(group=GROUP)
    return tuple(point for point in points if name is None or point.name == name)


def _load(point: EntryPoint) -> EngineKit:
    where, package = f"engine {point.name}", _package(point)
    try:
        kit = point.load()
    except (ImportError, AttributeError) as error:
        fix = f"Install {package} anew, with all that it needs."
        raise bad_input(where, f"of {package} cannot be loaded ({error})", fix) from error
    if not isinstance(kit, EngineKit):
        fix = f"Install another version of {package}."
        raise bad_input(where, f"of {package} is none ({point.value})", fix)
    return kit


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unnamed package"


def _unknown(name: str) -> BadInputError:
    known = names()
    fix = (
        f"Install the package that brings it, by an entry point {name} of the group {GROUP},"
        f" or name one of {', '.join(known)}.{did_you_mean(name, known)}"
    )
    return bad_input(f"engine {name}", "is not installed", fix)
