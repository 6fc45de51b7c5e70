"""A fleet's events folded: lives of machines, phases, money, and the proof."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from orchestrator.ledger.events import Event, Fact
from orchestrator.report import Results, render_markdown, schema, summarize, to_document
from orchestrator.report.model.fleet import EVENTS_SHOWN, FleetEvents, spent_so_far
from tests.report.fake_run import START, FakeRun, facts, outcome, plan_of, suite_named
from tests.report.hostile import CORPUS

if TYPE_CHECKING:
    from orchestrator.report.schemas.fleet_entry import FleetEntry

HOUR = 3600.0
BORN: dict[str, Fact] = {
    "size": "Standard_D8s_v5",
    "region": "westeurope",
    "spot": True,
    "role": "arena",
    "usd_hour": 0.4,
    "expires": START + 7 * HOUR,
}


class Teller:
    """Writes events as the fleet's actors do, each with its number."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(
        self,
        at: float,
        kind: str,
        stage: str = "seen",
        machine: str = "",
        detail: str = "",
        facts: dict[str, Fact] | None = None,
        actor: str = "provision-1",
    ) -> None:
        event = Event(
            actor, len(self.events) + 1, START + at, kind, stage, machine, detail, facts or {}
        )
        self.events.append(event)

    def machine(self, name: str, at: float = 0.0) -> None:
        """Launch one as provisioning does: sent, then accepted 4 s later."""
        self.tell(at, "create", "intent", name, facts=BORN)
        self.tell(at + 4, "create", "done", name, facts=BORN)

    def fleet_events(self, now: float = 10 * HOUR) -> FleetEvents:
        return FleetEvents(tuple(self.events), START + now)


def results(teller: Teller, now: float = 10 * HOUR, scores: tuple[float, ...] = ()) -> Results:
    run = FakeRun(plan_of(suite_named(4)))
    run.start()
    run.beat("w0", 2)
    for unit, score in zip(run.plan.units, scores, strict=False):
        run.end(outcome(unit, score, at=START + 400, seconds=600.0))
    return summarize(run.plan, run.fold(), facts(), teller.fleet_events(now))


def fleet(teller: Teller, now: float = 10 * HOUR, scores: tuple[float, ...] = ()) -> FleetEntry:
    entry = results(teller, now, scores).fleet
    assert entry is not None
    return entry


def test_without_events_there_is_no_fleet() -> None:
    assert results(Teller()).fleet is None
    assert to_document(results(Teller()))["fleet"] is None


def test_a_machines_life_is_put_together_from_all_who_saw_it() -> None:
    teller = Teller()
    teller.machine("waa-w0")
    teller.tell(60, "machine-check", "done", "waa-w0", actor="machine-waa-w0")
    teller.tell(130, "booted", machine="waa-w0", actor="supervise-1")
    teller.tell(130, "online", machine="waa-w0", actor="supervise-1")
    teller.tell(160, "job", machine="waa-w0", facts={"since": START + 150}, actor="supervise-1")
    teller.tell(3604, "delete", "done", "waa-w0", "its job is over", actor="supervise-1")
    (entry,) = fleet(teller, scores=(1.0,)).machines
    lived = (entry.launched, entry.created, entry.booted, entry.online, entry.job, entry.first_task)
    assert lived == tuple(START + at for at in (0, 4, 60, 130, 150, 400))
    assert (entry.deleted, entry.why) == (START + 3604, "its job is over")
    assert entry.usd == pytest.approx(0.4)
    assert (entry.size, entry.region, entry.spot, entry.role) == (
        "Standard_D8s_v5",
        "westeurope",
        True,
        "arena",
    )
    assert entry.shard == 2


def test_phases_have_percentiles_over_the_machines_that_show_both_ends() -> None:
    teller = Teller()
    for number in range(10):
        name = f"m{number}"
        teller.machine(name)
        teller.tell(14 + number, "booted", machine=name)
    teller.machine("never")
    phases = {phase.phase: phase for phase in fleet(teller).phases}
    assert list(phases) == ["create", "boot"]
    assert phases["create"].machines == 11
    boot = phases["boot"]
    assert (boot.p50_s, boot.p90_s, boot.max_s, boot.machines) == (14.0, 18.0, 19.0, 10)


def test_what_was_refused_is_no_machine_and_costs_nothing() -> None:
    teller = Teller()
    teller.tell(0, "create", "intent", "refused", facts=BORN)
    teller.tell(1, "create", "failed", "refused", "AllocationFailed")
    assert fleet(teller).machines == ()
    assert fleet(teller).cost.final_usd is None


def test_a_create_whose_reply_was_lost_is_a_machine_once_it_is_listed() -> None:
    teller = Teller()
    teller.tell(0, "create", "intent", "m", facts=BORN)
    teller.tell(1, "create", "failed", "m", "the connection was lost")
    born = {**BORN, "created": START + 0.5}
    teller.tell(30, "machine", machine="m", facts=born, actor="supervise-1")
    (entry,) = fleet(teller).machines
    assert (entry.launched, entry.created) == (START, START + 0.5)


def test_money_is_reckoned_over_every_machine() -> None:
    teller = Teller()
    teller.tell(0, "prediction", facts={"usd": 1.5, "usd_high": 2.0})
    for name in ("waa-w0", "m1"):
        teller.machine(name, at=-4)
    teller.tell(HOUR, "delete", "done", "waa-w0")
    teller.tell(2 * HOUR, "gone", machine="m1", facts={"since": START + 1.5 * HOUR})
    entry = fleet(teller, scores=(1.0, 0.0, 1.0, 0.5))
    cost, minutes = entry.cost, entry.minutes
    assert cost.predicted_usd == 1.5
    assert cost.final_usd == pytest.approx(2.5 * 0.4)
    assert cost.per_task_usd == pytest.approx(1.0 / 4)
    assert cost.per_success_usd == pytest.approx(1.0 / 2)
    assert (cost.open_machines, cost.unpriced_machines) == (0, 0)
    assert minutes.billed == pytest.approx(150)
    assert minutes.tasks == pytest.approx(40)
    assert minutes.ratio == pytest.approx(150 / 40)


def test_a_machine_nobody_saw_go_is_billed_until_now_and_at_most_until_it_expires() -> None:
    teller = Teller()
    teller.machine("m", at=-4)
    cost = fleet(teller, now=2 * HOUR).cost
    assert cost.final_usd == pytest.approx(0.8)
    assert cost.open_machines == 1
    assert fleet(teller, now=100 * HOUR).cost.final_usd == pytest.approx(7 * 0.4)
    assert spent_so_far(teller.fleet_events(2 * HOUR)) == pytest.approx(0.8)
    assert "so far: 1 not known to be deleted" in render_markdown(results(teller))


def test_a_machine_nobody_saw_go_was_gone_by_the_first_proof_after_it() -> None:
    teller = Teller()
    teller.tell(-100, "proof", facts={"proved": True, "looks": 2.0})
    teller.machine("m", at=-4)
    teller.tell(HOUR / 2, "proof", facts={"proved": False, "looks": 9.0})
    teller.tell(HOUR, "proof", facts={"proved": True, "looks": 2.0})
    teller.tell(2 * HOUR, "proof", facts={"proved": True, "looks": 2.0})
    entry = fleet(teller)
    assert (entry.machines[0].deleted, entry.cost.open_machines) == (START + HOUR, 0)
    assert entry.cost.final_usd == pytest.approx(0.4)


def test_a_machine_without_a_price_is_said() -> None:
    teller = Teller()
    teller.tell(0, "create", "done", "m", facts={**BORN, "usd_hour": None})
    assert fleet(teller).cost.final_usd is None
    assert fleet(teller).cost.unpriced_machines == 1
    assert spent_so_far(teller.fleet_events()) is None
    teller.machine("priced")
    assert "without 1 whose price is not known" in render_markdown(results(teller))


def test_the_newest_proof_stands() -> None:
    teller = Teller()
    assert fleet_proof(teller) is None
    teller.tell(5, "proof", facts={"proved": False, "looks": 9.0, "left": ("disk d (eastus)",)})
    result = fleet_proof(teller)
    assert result is not None
    assert (result.proved, result.looks, result.left) == (False, 9, ("disk d (eastus)",))
    assert "NOT proved gone" in render_markdown(results(teller))
    teller.tell(9, "proof", facts={"proved": True, "looks": 3.0, "left": ()})
    teller.tell(11, "proof", facts={"proved": False, "looks": 1.0}, actor="machine-m")
    result = fleet_proof(teller)
    assert result is not None
    assert (result.proved, result.looks, result.at) == (True, 3, START + 9)
    assert "Proved gone: nothing was left after 3 looks" in render_markdown(results(teller))


def fleet_proof(teller: Teller) -> Any:
    entry = results(teller).fleet
    return entry.proof if entry else None


def test_a_machine_is_believed_of_itself_alone() -> None:
    teller = Teller()
    teller.machine("m")
    teller.tell(10, "boot", "done", "m", actor="machine-other")
    teller.tell(20, "delete", "done", "m", actor="machine-m")
    (entry,) = fleet(teller).machines
    assert (entry.booted, entry.deleted) == (START + 20, None)


def test_of_many_events_the_newest_are_kept_and_the_rest_is_counted() -> None:
    teller = Teller()
    for number in range(EVENTS_SHOWN + 7):
        teller.tell(number, "look", "failed")
    entry = fleet(teller)
    assert (len(entry.events), entry.events_left_out) == (EVENTS_SHOWN, 7)
    assert entry.events[-1].at == START + EVENTS_SHOWN + 6


def test_hostile_text_is_clean_and_the_document_is_valid() -> None:
    teller = Teller()
    for text in CORPUS:
        teller.tell(-START + 7e12, text, text, text, text, {"size": text}, actor=text)
        teller.tell(1, "create", "done", text, text, {"size": text, "usd_hour": -1e300})
        teller.tell(2, "proof", facts={"looks": -5.0, "left": (text,) * 500})
    document = to_document(results(teller))
    shown = json.loads(json.dumps(document, allow_nan=False, ensure_ascii=False).encode())
    Draft202012Validator(schema()).validate(shown)
    assert all(event["detail"].isprintable() for event in shown["fleet"]["events"])
    assert all(len(event["detail"]) <= 500 for event in shown["fleet"]["events"])
    assert len(shown["fleet"]["proof"]["left"]) == 100
    assert "<script" not in render_markdown(results(teller))


def test_unreadable_events_are_named_as_damage() -> None:
    run = FakeRun(plan_of(suite_named(1)))
    events = FleetEvents((), START, ("events/a/000001.json",))
    assert summarize(run.plan, run.fold(), facts(), events).damage == ("events/a/000001.json",)


def test_the_summary_has_a_fleet_section() -> None:
    teller = Teller()
    teller.tell(0, "prediction", facts={"usd": 1.5})
    teller.machine("m", at=-4)
    teller.tell(120, "booted", machine="m")
    teller.tell(HOUR, "delete", "done", "m")
    text = render_markdown(results(teller, scores=(1.0, 1.0)))
    assert "### Fleet" in text
    assert (
        "$0.40 at list prices, predicted $1.50, $0.20 a scored task, $0.20 a full success" in text
    )
    assert "60 minutes billed for 20 of tasks, a factor of 3.00" in text
    assert "| boot | 2 min 00 s | 2 min 00 s | 2 min 00 s | 1 |" in text
    assert "Not yet proved gone" in text
