#!/usr/bin/env -S python3 -I -S
"""Stands for ``az`` and ``gh``: keeps what was made in a file, and answers what is asked about it.

It is linked as both names. ``RECORDED`` is a directory: ``calls`` has a line for each call that
changes something, ``state.json`` what there is. A command it does not know ends with status 9.
"""

from __future__ import annotations

import itertools
import json
import os
import shlex
import sys
from pathlib import Path

HERE = Path(os.environ["RECORDED"])
ACCOUNT = {"id": "sub-1", "tenantId": "ten-1"}
NAMES = (
    *("--name", "--namespace", "--gallery-name", "--gallery-image-definition"),
    *("--gallery-image-version", "--account-name", "--nsg-name"),
)
PARENTS = ("--vnet-name", "--repo", "--env", "--id", "--role", "--scope")
MADE = {"create", "set", "update", "register"}


def main() -> int:
    program, words = Path(sys.argv[0]).name, sys.argv[1:]
    verbs = [word for word in words if not word.startswith("-")][: _verbs(words)]
    flags = dict(itertools.pairwise(words))
    state = _state()
    if verbs == ["account", "show"]:
        sys.stdout.write(ACCOUNT[flags["--query"]] + "\n")
        return 0
    if program == "gh" and verbs[0] == "api":
        return _api(words, flags, state)
    if verbs[-1] not in (*MADE, "show", "list", "get") and verbs[:2] != ["variable", "get"]:
        sys.stderr.write(f"unknown: {program} {shlex.join(words)}" + "\n")
        return 9
    noun = " ".join(verbs[: 2 if verbs[0] in ("variable", "secret") else None])
    key = f"{program} {' '.join(noun.split()[:-1])} {_identity(words, flags, verbs)}"
    if noun.split()[-1] in MADE:
        _log(program, words)
        state[key] = _said_of(key, flags, noun)
        if verbs[0] == "secret":
            (HERE / "secret").write_text(sys.stdin.read())
        _save(state)
        return 0
    if key in state:
        sys.stdout.write(f"{state[key]}\n")
        return 0
    if noun.split()[-1] == "list":
        return 0
    if program == "gh":
        sys.stderr.write(f"{noun} {flags.get('--env', '')} was not found\n")
        return 1
    return 3


def _said_of(key: str, flags: dict[str, str], noun: str) -> str:
    """What is answered about a thing that was just made, by the one query that is asked of it."""
    if noun.endswith("register"):
        return "Registered"
    if noun.startswith("role definition"):
        role: dict[str, list[str]] = json.loads(Path(flags["--role-definition"][1:]).read_text())
        return " ".join(sorted([*role["Actions"], *role["DataActions"]]))
    return flags.get("--body") or f"id-of-{key.rsplit(maxsplit=1)[-1]}"


def _verbs(words: list[str]) -> int:
    count = next((at for at, word in enumerate(words) if word.startswith("-")), len(words))
    return min(count, 2) if words[0] in ("variable", "secret", "api") else count


def _identity(words: list[str], flags: dict[str, str], verbs: list[str]) -> str:
    parts = [flags[name] for name in (*NAMES, *PARENTS) if name in flags]
    if verbs[0] in ("variable", "secret"):
        # `secret list` names the secret in its question alone.
        named = words[2] if verbs[1] != "list" else flags["--jq"].split('"')[1]
        return " ".join([named, *parts])
    if verbs[:2] == ["role", "definition"] and "--role-definition" in flags:
        return str(_read(flags["--role-definition"])["Name"]).replace(" ", "_")
    if verbs[:2] == ["role", "definition"]:
        return flags["--name"].replace(" ", "_")
    if verbs[:2] == ["ad", "app"] and "--filter" in flags:
        return flags["--filter"].split("'")[1]
    if verbs[:2] == ["ad", "app"] and "--display-name" in flags:
        return flags["--display-name"]
    parts.append(flags.get("--assignee") or flags.get("--assignee-object-id", ""))
    return " ".join(parts).replace(" (", "_(").strip()


def _read(name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(Path(name.removeprefix("@")).read_text())
    (HERE / Path(name).name).write_text(json.dumps(found))
    return found


def _api(words: list[str], flags: dict[str, str], state: dict[str, str]) -> int:
    path = next(word for word in words if word.startswith("repos/"))
    if "--method" in flags:
        _log("gh", words)
        state[path] = path.rpartition("/")[2]
        _save(state)
    elif "/environments/" not in path:
        sys.stdout.write("repo:octo/bench\n")
    elif path in state:
        sys.stdout.write(f"{state[path]}\n")
    else:
        sys.stderr.write("gh: Not Found (HTTP 404)\n")
        return 1
    return 0


def _state() -> dict[str, str]:
    file = HERE / "state.json"
    found: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return found


def _save(state: dict[str, str]) -> None:
    (HERE / "state.json").write_text(json.dumps(state))


def _log(program: str, words: list[str]) -> None:
    with (HERE / "calls").open("a") as file:
        file.write(shlex.join([program, *words]) + "\n")


if __name__ == "__main__":
    sys.exit(main())
