"""The rules of the house that are not its layers: who may touch the world, and what is called how.

Which way imports point is import-linter's to hold (``scripts/check``).
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "orchestrator"
SOURCES = sorted(PACKAGE.rglob("*.py"))

PURE = (
    "encoding",
    "errors",
    "failures",
    "text",
    "planning.costs",
    "planning.forecast",
    "planning.plan",
    "planning.plan_file",
    "planning.sample_size",
    "planning.schedule",
    "planning.simulate",
    "planning.simulation_study",
    "planning.spelling",
    "planning.suite",
    "ledger.attempts",
    "ledger.causes",
    "ledger.events",
    "ledger.fold",
    "ledger.groups",
    "ledger.lives",
    "ledger.outages",
    "ledger.paths",
    "ledger.progress",
    "ledger.records",
    "ledger.scan",
    "comparison",
    "report.publication",
    "results",
    "stats",
)
STANDIN = "arena.simulated.fake_container"
# Programs of their own as well: they are handed to the container's Python.
PROGRAMS = ("__main__", STANDIN, "arena.winarena.guest_probe", "arena.winarena.task_processes")
# A clock, a network, an environment, a process: none of them is the business of what decides.
WORLD = ("os", "time", "socket", "subprocess", "requests", "urllib", "http", "asyncio", "threading")
READS_FILES = ("results",)

SDKS = {
    "obstore": ("store",),
    "github": ("github",),
    "azure": ("compute", "store"),
    "requests": ("planning.sources", "github", "compute"),
    "rich": ("cli",),
    "jinja2": ("report",),
    "msgspec": ("report",),
    "numpy": ("stats",),
    "vl_convert": ("report.charts.vega",),
    "PIL": ("report.model.images",),
    "scipy": ("stats",),
    "click": ("cli",),
    "stamina": ("compute", "github"),
}


def module_of(path: Path) -> str:
    """Return a module's name below the package: ``ledger.fold``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            yield node.module
            if node.module == "orchestrator":
                yield from (f"orchestrator.{alias.name}" for alias in node.names)


def within(module: str, *places: str) -> bool:
    return any(module == place or module.startswith(place + ".") for place in places)


def named(paths: list[Path]) -> list[str]:
    return [module_of(path) or "orchestrator" for path in paths]


PURE_SOURCES = [path for path in SOURCES if within(module_of(path), *PURE)]


@pytest.mark.parametrize("path", PURE_SOURCES, ids=named(PURE_SOURCES))
def test_what_decides_has_no_clock_network_or_environment(path: Path) -> None:
    used = {name.split(".")[0] for name in imports(path)}
    allowed = {"os"} if within(module_of(path), *READS_FILES) else set()
    assert used.intersection(WORLD) - allowed == set()
    text = path.read_text()
    assert "os.environ" not in text
    assert ".now(" not in text


@pytest.mark.parametrize("path", SOURCES, ids=named(SOURCES))
def test_only_the_command_line_reads_the_environment_prints_and_exits(path: Path) -> None:
    module = module_of(path)
    if within(module, "cli", *PROGRAMS):
        return
    tree = ast.parse(path.read_text())
    names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert names.isdisjoint({"os.environ", "sys.exit", "sys.argv", "os._exit", "click.echo"})
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert calls.isdisjoint({"print", "exit", "input", "getenv"})


@pytest.mark.parametrize("path", SOURCES, ids=named(SOURCES))
def test_an_sdk_does_not_leave_its_adapter(path: Path) -> None:
    module = module_of(path)
    for name in imports(path):
        homes = SDKS.get(name.split(".")[0])
        assert homes is None or within(module, *homes), f"{module} imports {name}"


def test_the_stand_in_needs_nothing_but_python() -> None:
    for path in SOURCES:
        if within(module_of(path), STANDIN):
            foreign = {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names
            assert foreign == set(), path


@pytest.mark.parametrize("path", SOURCES, ids=named(SOURCES))
def test_files_stay_small_and_are_named_for_what_they_are(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 340
    assert path.stem not in {"utils", "util", "helpers", "helper", "manager", "models", "common"}


def test_help_imports_no_sdk() -> None:
    heavy = sorted({*SDKS, "numpy", "msal", "cryptography"} - {"click"})
    program = (
        "import sys\n"
        "sys.argv = ['waa-matrix', '--help']\n"
        "from orchestrator.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert "simulate" in done.stdout


def _called(path: Path) -> Iterator[str]:
    """Yield the name of everything that a file gives one to."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


NAMED = sorted([*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")])


def test_nothing_is_called_one_found_or_told() -> None:
    """Such a name says that there are several, or that somebody looked: not what it is."""
    nameless = {"one", "found", "told"}
    assert [path for path in NAMED if nameless.intersection(_called(path))] == []


def test_a_class_is_the_only_one_of_its_name() -> None:
    defined: dict[str, list[str]] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                defined.setdefault(node.name, []).append(module_of(path))
    assert {name: places for name, places in defined.items() if len(places) > 1} == {}
