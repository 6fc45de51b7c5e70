"""A set-up of an engine without an account: what every set-up is checked for, and no more."""

from __future__ import annotations

from typing import NoReturn

from orchestrator.compute.findings import Answer, CheckStatus, Finding
from orchestrator.compute.kit import CheckRequest
from orchestrator.compute.offers import NO_QUOTA, RegionOffers
from orchestrator.compute.plain import NoChecks
from orchestrator.doctor.diagnosis import diagnose
from orchestrator.doctor.regions import region_checks
from orchestrator.errors import MatrixError
from orchestrator.fleet.capacity import MachineRequirements, SpotMode
from tests.fakes.clock import ScaledClock


def request(*regions: str) -> CheckRequest:
    def nobody() -> NoReturn:
        raise MatrixError("GitHub is nobody's business here")

    return CheckRequest(
        workers=2,
        least=1,
        regions=regions,
        sites={},
        machine_image="",
        golden=False,
        public_ip=False,
        repository="",
        runner_group=1,
        environments=(),
        reaper="",
        now=0.0,
        about=Answer("GitHub token", nobody),
        github=Answer("GitHub token", nobody),
    )


def checked(engine: NoChecks, *regions: str) -> list[Finding]:
    wish = MachineRequirements(("any",), regions, SpotMode.NEVER)
    clock = ScaledClock(speed=1.0, start=0.0)
    return diagnose(
        [
            *engine.account(),
            *region_checks(request(*regions), wish, engine, clock),
            *engine.image(),
            *engine.identity(),
            *engine.sweeper(),
        ]
    )


def test_nothing_of_it_can_fail_and_nothing_bounds_its_machines() -> None:
    engine = NoChecks()
    assert checked(engine, "here", "there") == []
    engine.login.get()  # raises where somebody would have to sign in
    assert engine.machine_image.get() is None


def test_where_no_region_was_named_its_machines_are_not_counted() -> None:
    (finding,) = checked(NoChecks())
    assert (finding.check, finding.status) == ("machines", CheckStatus.SKIPPED)


class Offering(NoChecks):
    """An engine without an account that tells what its regions offer: nothing at all."""

    @property
    def offers(self) -> dict[str, Answer[RegionOffers]]:
        return {"here": Answer("sizes in here", lambda: RegionOffers("here", total=NO_QUOTA))}


def test_what_it_offers_bounds_its_machines_as_everywhere() -> None:
    findings = checked(Offering(), "here")
    assert [(each.check, each.status) for each in findings] == [
        ("sizes in here", CheckStatus.FAIL),
        ("quotas in here", CheckStatus.SKIPPED),
        ("machines", CheckStatus.FAIL),
    ]
