"""Who works at Birchwater Instruments 桦水仪器: about two dozen colleagues, of whom one leaves."""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from api.demo.calendar import Calendar, id_at
from api.demo.names import Region, is_chinese
from domain.users import Role

LONDON: Final = ZoneInfo("Europe/London")
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
NEW_YORK: Final = ZoneInfo("America/New_York")
ZONES: Final[dict[Region, ZoneInfo]] = {
    "europe": LONDON,
    "americas": NEW_YORK,
    "east": SHANGHAI,
    "south": SHANGHAI,
}
LEAVES: Final = 52
"""The week on whose first day Tom Ashgrove has left."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works with Kept."""

    name: str
    mail: str
    team: str
    role: Role
    leads: bool = False
    joins: int = 0
    """The week in which they are invited."""
    leaves: int | None = None
    successor: str | None = None


TEAMS: Final = {
    "sales": "Sales 销售部",
    "europe": "Sales Europe 欧洲销售组",
    "americas": "Sales Americas 美洲销售组",
    "east": "Sales East China 华东销售组",
    "south": "Sales South China 华南销售组",
    "service": "Service 客户服务部",
    "support_europe": "Support Europe 欧洲客服组",
    "support_china": "Support China 中国客服组",
    "marketing": "Marketing 市场部",
}
ABOVE: Final = {
    **dict.fromkeys(("europe", "americas", "east", "south"), "sales"),
    **dict.fromkeys(("support_europe", "support_china"), "service"),
}

COLLEAGUES: Final = (
    Colleague("Margit Solberg", "margit.solberg", "sales", Role.ADMIN, leads=True),
    Colleague("沈墨言", "shen.moyan", "service", Role.ADMIN, leads=True),
    Colleague("Clara Whitlock", "clara.whitlock", "europe", Role.SALES, leads=True),
    Colleague(
        "Tom Ashgrove",
        "tom.ashgrove",
        "europe",
        Role.SALES,
        leaves=LEAVES,
        successor="bea.thornbury",
    ),
    Colleague("Ines Carvalho", "ines.carvalho", "europe", Role.SALES),
    Colleague("Piet Vandermeer", "piet.vandermeer", "europe", Role.SALES),
    Colleague("Bea Thornbury", "bea.thornbury", "europe", Role.SALES, joins=LEAVES - 3),
    Colleague("Dana Redfern", "dana.redfern", "americas", Role.SALES, leads=True),
    Colleague("Miguel Sandoval", "miguel.sandoval", "americas", Role.SALES),
    Colleague("周启明", "zhou.qiming", "east", Role.SALES, leads=True),
    Colleague("林晓岚", "lin.xiaolan", "east", Role.SALES),
    Colleague("许知秋", "xu.zhiqiu", "east", Role.SALES),
    Colleague("黄思齐", "huang.siqi", "south", Role.SALES, leads=True),
    Colleague("陈楚云", "chen.chuyun", "south", Role.SALES),
    Colleague("罗子衿", "luo.zijin", "south", Role.SALES, joins=28),
    Colleague("Oonagh Kerrigan", "oonagh.kerrigan", "support_europe", Role.SERVICE, leads=True),
    Colleague("Jakub Nowicki", "jakub.nowicki", "support_europe", Role.SERVICE),
    Colleague("Sofia Lindqvist", "sofia.lindqvist", "support_europe", Role.SERVICE),
    Colleague("赵清和", "zhao.qinghe", "support_china", Role.SERVICE, leads=True),
    Colleague("孙若溪", "sun.ruoxi", "support_china", Role.SERVICE),
    Colleague("吴一鸣", "wu.yiming", "support_china", Role.SERVICE, joins=16),
    Colleague("Elin Marsh", "elin.marsh", "marketing", Role.MARKETING, leads=True),
    Colleague("郑可欣", "zheng.kexin", "marketing", Role.MARKETING),
    Colleague("Rafael Ito", "rafael.ito", "marketing", Role.ANALYST),
    Colleague("秦素问", "qin.suwen", "service", Role.AUDITOR),
)
INVITED_LAST: Final = Colleague("Hugo Blanchard", "hugo.blanchard", "americas", Role.SALES)
"""Has not accepted yet. Nothing is recorded after the invitation, so it tells a finished demo."""


def address_of(colleague: Colleague) -> str:
    """The e-mail address at work."""
    return f"{colleague.mail}@example.com"


def zone_of(colleague: Colleague) -> ZoneInfo:
    """Where they work."""
    if not colleague.name.isascii():
        return SHANGHAI
    return NEW_YORK if colleague.team == "americas" else LONDON


class Staff:
    """The colleagues by their ids, and who does what when somebody is not there."""

    def __init__(self, calendar: Calendar, random: Random) -> None:
        self.calendar = calendar
        self.by_mail = {one.mail: one for one in (*COLLEAGUES, INVITED_LAST)}
        self.ids = {mail: id_at(calendar.start, random) for mail in self.by_mail}
        self.teams = {key: id_at(calendar.start, random) for key in TEAMS}

    def seller(self, region: Region, at: datetime, random: Random) -> Colleague:
        """Somebody of the region's sales team who is there."""
        return self._one_of(region, at, random)

    def agent(self, region: Region, at: datetime, random: Random) -> Colleague:
        """Somebody of the support team that speaks the region's language."""
        team = "support_china" if is_chinese(region) else "support_europe"
        return self._one_of(team, at, random)

    def lead(self, team: str) -> Colleague:
        """Who leads a team."""
        return next(one for one in COLLEAGUES if one.team == team and one.leads)

    def acting(self, colleague: Colleague, at: datetime) -> UUID:
        """The colleague's id, or their successor's once they have left."""
        gone = colleague.leaves is not None and at >= self.calendar.week(colleague.leaves - 1)
        return self.ids[colleague.successor if gone and colleague.successor else colleague.mail]

    def _one_of(self, team: str, at: datetime, random: Random) -> Colleague:
        week = self.calendar.week_of(at)
        there = [
            one
            for one in COLLEAGUES
            if one.team == team and one.joins < week + 1 and (one.leaves or week + 9) > week + 8
        ]
        return random.choice(there)
