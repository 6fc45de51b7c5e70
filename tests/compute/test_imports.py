from __future__ import annotations

import subprocess
import sys

MODULES = (
    *("base", "failures", "retry", "registry"),
    *("azure_vm.adapter", "azure_vm.storage", "azure_vm.credentials", "azure_vm.kit"),
)


def test_importing_the_cloud_imports_no_sdk() -> None:
    names = ", ".join(f"orchestrator.compute.{name}" for name in MODULES)
    code = f"import sys, {names}; print([name for name in sys.modules if name.split('.')[0] in"
    done = subprocess.run(
        [sys.executable, "-c", f"{code} ('azure', 'msal', 'cryptography')])"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
