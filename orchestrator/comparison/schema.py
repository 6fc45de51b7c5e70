"""Which documents are read back: the values of ``schema`` in a ``results.json``."""

from __future__ import annotations

from typing import Final

SCHEMA: Final = "waa-matrix/results/2"
"""The value of ``schema`` as it is written: 2 has causes and flags that 1 had not."""

SCHEMAS_READ: Final = ("waa-matrix/results/1", SCHEMA)
"""The values of ``schema`` that are read: a document of any other one is another format."""
