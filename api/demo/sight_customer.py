"""A customer that is worth a look: imported, corrected twice, merged, released and claimed."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from api.demo.accounts import OLD_CRM
from api.demo.calendar import at_night, working
from api.demo.company import Company
from api.demo.scene import KEPT, Scene, Sight
from api.demo.story import Act, rule
from commands import customers
from domain.customers import Kind, Level
from domain.envelope import Source


def customer(company: Company, scene: Scene) -> Sight:
    """Imported, corrected twice, released, claimed, merged, locked."""
    ines, clara = "ines.carvalho", "clara.whitlock"
    brewery = _imported(company, scene)

    def change(days: float | datetime, by: str, why: str, cause: Act | None, **fields: Any) -> Act:
        command = customers.ChangeCustomer.model_validate(fields)
        return scene.act(days, brewery, command, by, because=why, cause=cause)

    longer = change(500, ines, "the sign says so", None, name="Larkcombe Breweries")
    back = longer.at + timedelta(seconds=1)
    change(back, ines, "the register says Brewery", longer, name="Larkcombe Brewery")
    night = at_night(scene.ago(410))
    release = customers.ReleaseCustomer()
    scene.act(night, brewery, release, KEPT, source=rule("release-after-90-quiet-days"))
    claim = customers.ClaimCustomer(owner_id=company.staff.ids[clara])
    claimed = scene.act(380, brewery, claim, clara, because="met them at the fair")
    change(claimed.at + timedelta(hours=1), clara, "four sites, not one", claimed, level=Level.A)
    note = customers.FollowUpCustomer(
        note="They brew at four sites and want one contract for all.",
        next_follow_up_on=scene.ago(340).date(),
    )
    scene.act(370, brewery, note, clara)
    _merged(company, scene, brewery)
    late = customers.ChangeCustomer(phones=("+44 20 7946 0199", "+44 20 7946 0118"))
    told = scene.ago(240)
    at = told - timedelta(days=7)
    scene.act(at, brewery, late, clara, because="told on the phone", entered=told)
    scene.act(200, brewery, customers.LockCustomer(), "margit.solberg", because="key account")
    why = {
        "en": "a customer that was imported, corrected twice, merged, released and claimed",
        "zh": "导入、两次更正、合并、放入公海后又被领取的客户",
    }
    return Sight(scene.story, "customers", brewery, why)


def _imported(company: Company, scene: Scene) -> UUID:
    came = customers.RegisterCustomer(
        name="Larkcombe Brewery",
        kind=Kind.ORGANISATION,
        industry="Food 食品",
        level=Level.C,
        emails=("office@larkcombe.example.com",),
        phones=("+44 20 7946 0117",),
        owner_id=company.staff.ids["ines.carvalho"],
        source_system=OLD_CRM,
        external_id="K00001",
    )
    at = working(company.calendar.week(0.2), scene.story.zone, scene.story.random)
    source = Source(kind="import", client=OLD_CRM, file="customers.csv", row=1)
    return scene.open(at, came, "shen.moyan", source=source).stream


def _merged(company: Company, scene: Scene, brewery: UUID) -> None:
    twice = customers.RegisterCustomer(
        name="Larkcombe Brewery (Leeds)",
        kind=Kind.ORGANISATION,
        emails=("leeds@larkcombe.example.com",),
        phones=("+44 20 7946 0118",),
        owner_id=company.staff.ids["piet.vandermeer"],
    )
    double = scene.open(320, twice, "piet.vandermeer")
    merge = customers.MergeCustomer(absorbed_id=double.stream)
    scene.act(300, brewery, merge, "clara.whitlock", because="one company, two desks")
