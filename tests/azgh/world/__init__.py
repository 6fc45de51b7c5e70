"""Azure, Entra and GitHub as ``az`` and ``gh`` see them: stateful, no kinder than the real ones.

Each refusal has its public source beside it. What the stand-in does not know is answered with a 501
and noted in ``unknown``: a test that sees one fails.
"""

from __future__ import annotations

from tests.azgh.world.arm import Arm
from tests.azgh.world.call import Call, Reply
from tests.azgh.world.entra import Entra
from tests.azgh.world.github import GitHub

__all__ = ["Call", "Reply", "World"]


class World:
    """Everything that the two programs can reach."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.unknown: list[str] = []
        self.refusals: list[str] = []
        self.entra = Entra()
        self.arm = Arm(self.entra)
        self.github = GitHub()

    @property
    def changes(self) -> list[str]:
        """Every request that may have changed something."""
        return [str(call) for call in self.calls if call.changes]

    def answer(self, call: Call) -> Reply:
        """Answer a request for whichever host."""
        self.calls.append(call)
        try:
            reply = self._answer(call)
        except (AssertionError, KeyError) as error:
            # A detail of a request that a handler does not know.
            self.unknown.append(f"{call}: {error!r}")
            reply = None
        if reply is not None:
            return reply
        self.unknown.append(f"{call} {call.raw.decode(errors='replace')[:400]}")
        return Reply(501, {"error": {"code": "UnknownToTheStandIn", "message": str(call)}})

    def _answer(self, call: Call) -> Reply | None:
        if call.host == "management.azure.com":
            return self.arm.answer(call)
        if call.host in ("graph.microsoft.com", "login.microsoftonline.com"):
            return self.entra.answer(call)
        if call.host == "api.github.com":
            return self.github.answer(call)
        if call.host == "azcliprod.blob.core.windows.net":
            return Reply(404)  # az looks for a newer version of itself
        return None
