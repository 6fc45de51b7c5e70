"""A docker command that answers from ``state.json`` beside it and fails on the unknown."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def answer(words: list[str], state: dict[str, dict[str, object]]) -> int:
    if words[0] == "version" and "down" not in state:
        return 0
    if words[0] == "version":
        sys.stderr.write("Cannot connect to the Docker daemon\n")
        return 1
    if words[1] == "inspect" and words[0] in ("image", "container"):
        result = state[words[0]].get(words[2])
        if result is None:
            sys.stderr.write(f"Error: No such {words[0]}: {words[2]}\n")
            return 1
        sys.stdout.write(json.dumps([result]))
        return 0
    raise SystemExit(f"fake docker does not know {words}")


if __name__ == "__main__":
    file = Path(__file__).with_name("state.json")
    raise SystemExit(answer(sys.argv[1:], json.loads(file.read_text())))
