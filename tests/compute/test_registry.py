"""The registry of engines, over packages that are installed: metadata and modules on the path."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from orchestrator.compute import registry
from orchestrator.compute.registry import GROUP
from orchestrator.errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path

TOY_KIT = """
from dataclasses import dataclass

from orchestrator.compute.kit import setting, settings_of
from orchestrator.planning.prices import NoCharge


@dataclass(frozen=True)
class ToyOptions:
    racks: str = setting("one", "Racks to use.", shown=True)


class ToyKit:
    settings = settings_of(ToyOptions)
    prices = NoCharge()

    def missing(self):
        return []

    def account(self, values, environment, ca_file=None):
        raise NotImplementedError


KIT = ToyKit()
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of installed packages that Python looks in."""
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))
    return place


def install(
    site: Path, package: str, engines: dict[str, str], modules: dict[str, str] | None = None
) -> None:
    """Install a package, as its wheel would be: modules, and metadata with entry points."""
    for name, text in (modules or {}).items():
        (site / f"{name}.py").write_text(text)
    metadata = site / f"{package.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [f"{name} = {where}" for name, where in engines.items()]
    (metadata / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines]) + "\n")


def problem(name: str) -> tuple[str, str]:
    """Return why an engine cannot be loaded, and what to do."""
    with pytest.raises(BadInputError) as caught:
        registry.load(name)
    (only,) = caught.value.problems
    assert only.where == f"engine {name}"
    return only.what, only.fix


def test_an_engine_of_an_installed_package_is_loaded_by_its_name(site: Path) -> None:
    install(site, "toy-engines", {"toy": "toy_kit_a:KIT"}, {"toy_kit_a": TOY_KIT})
    kit = registry.load("toy")
    assert [(each.flag, each.default, each.text) for each in kit.settings] == [
        ("--racks", "one", "Racks to use.")
    ]
    assert "toy" in registry.names()


def test_looking_at_names_imports_no_engine(site: Path) -> None:
    install(site, "toy-engines", {"toy": "toy_kit_b:KIT"}, {"toy_kit_b": "raise SystemExit(9)"})
    program = (
        "import json, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from orchestrator.compute import registry\n"
        "names = registry.names()\n"
        "ours = 'orchestrator.compute.azure_vm'\n"
        "engines = [name for name in sys.modules if name.startswith(ours)]\n"
        "print(json.dumps([names, engines]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(site)], capture_output=True, text=True, check=True
    )
    names, imported = json.loads(done.stdout)
    assert {"azure_vm", "toy"} <= set(names)
    assert imported == []


def test_an_unknown_engine_is_answered_with_what_there_is_and_what_to_install(site: Path) -> None:
    install(site, "toy-engines", {"toybox": "toy_kit_c:KIT"})
    what, fix = problem("toybax")
    assert what == "is not installed"
    assert f"an entry point toybax of the group {GROUP}" in fix
    assert "azure_vm" in fix
    assert "Did you mean toybox?" in fix


@pytest.mark.parametrize("name", ["os:path", "orchestrator.compute.azure_vm.kit:KIT", "", "toy.py"])
def test_a_module_is_never_an_engines_name(name: str) -> None:
    assert problem(name)[0] == "is not installed"


def test_a_package_cannot_take_a_name_of_this_projects(site: Path) -> None:
    install(site, "impostor", {"azure_vm": "toy_kit_d:KIT"}, {"toy_kit_d": TOY_KIT})
    assert "subscription" in {each.name for each in registry.load("azure_vm").settings}


def test_a_name_that_two_packages_bring_is_nobodys(site: Path) -> None:
    install(site, "toy-left", {"toy": "toy_kit_e:KIT"}, {"toy_kit_e": TOY_KIT})
    install(site, "toy-right", {"toy": "toy_kit_e:KIT"})
    what, _ = problem("toy")
    assert what == "is brought by toy-left 1.0 and toy-right 1.0"


@pytest.mark.parametrize(
    ("value", "module"),
    [
        ("toy_kit_missing:KIT", None),
        ("toy_kit_f:KITT", TOY_KIT),
        ("toy_kit_g:KIT", "import no_such_library_of_a_cloud"),
    ],
)
def test_an_engine_that_cannot_be_loaded_names_its_package(
    site: Path, value: str, module: str | None
) -> None:
    name = value.partition(":")[0]
    install(site, "toy-engines", {"toy": value}, {name: module} if module else None)
    what, fix = problem("toy")
    assert what.startswith("of toy-engines 1.0 cannot be loaded (")
    assert "toy-engines 1.0" in fix


def test_what_brings_no_engine_is_refused(site: Path) -> None:
    install(site, "toy-engines", {"toy": "toy_kit_h:KIT"}, {"toy_kit_h": "KIT = 'a text'"})
    what, _ = problem("toy")
    assert what == "of toy-engines 1.0 is none (toy_kit_h:KIT)"
