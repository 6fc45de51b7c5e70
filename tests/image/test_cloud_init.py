from __future__ import annotations

import base64
from typing import Any

import yaml

from orchestrator.fleet.bootstrap import PLACEHOLDERS, SAS_FILE, template
from orchestrator.secret import Secret
from tests.image.machine import IMAGE

TEXT = (IMAGE / "cloud-init.yaml").read_text()


def files(text: str) -> dict[str, dict[str, Any]]:
    return {entry["path"]: entry for entry in yaml.safe_load(text)["write_files"]}


def test_the_template_is_one_that_the_fleet_takes() -> None:
    assert template(TEXT, "cloud-init.yaml").text.startswith("#cloud-config\n")


def test_each_placeholder_stands_alone_in_a_file_of_base64() -> None:
    contents = [entry["content"] for entry in files(TEXT).values()]
    assert sorted(contents) == sorted(PLACEHOLDERS)
    assert {entry["encoding"] for entry in files(TEXT).values()} == {"b64"}


def test_who_may_read_what() -> None:
    modes = {path: (entry["owner"], entry["permissions"]) for path, entry in files(TEXT).items()}
    assert modes == {
        "/run/waa-matrix/jit-config": ("root:root", "0400"),
        SAS_FILE: ("runner:runner", "0400"),
        "/run/waa-matrix/machine.env": ("root:root", "0444"),
    }


def test_it_runs_nothing_but_units_of_the_image() -> None:
    reported = yaml.safe_load(TEXT)
    assert set(reported) == {"write_files", "runcmd"}
    assert reported["runcmd"] == [["systemctl", "start", "--no-block", "waa-machine.target"]]
    assert (IMAGE / "systemd" / "waa-machine.target").is_file()


def test_rendered_values_arrive_unchanged() -> None:
    jit, sas = "eyJ\n: {}#'\"", "sv=1&sig=%2F"
    text = template(TEXT, "it").render(Secret(jit), Secret(sas), {"WAA_ROLE": "arena"})
    result = {path: base64.b64decode(entry["content"]) for path, entry in files(text).items()}
    assert result == {
        "/run/waa-matrix/jit-config": jit.encode(),
        SAS_FILE: sas.encode(),
        "/run/waa-matrix/machine.env": b"WAA_ROLE=arena\n",
    }
