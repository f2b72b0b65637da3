"""What the company is made of: what it sells at which price, and who works there."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Final
from uuid import UUID

from api.demo.calendar import Calendar, id_at
from api.demo.names import Region, is_chinese
from api.demo.people import LEAVES, Staff
from domain.values import Money

RATES: Final = {"EUR": Decimal(1), "GBP": Decimal("0.86"), "USD": Decimal("1.1"), "CNY": Decimal(8)}
"""What a list price in euro is multiplied with."""
PRICE_RISES: Final = (30, 60)
"""The weeks in which all prices go up by four percent."""
REPLACED: Final = 22
"""The week in which the old pH probe is taken off offer."""


@dataclass(frozen=True, slots=True)
class Sold:
    """A product, its price in euro, and how many are bought at once."""

    sku: str
    name: str
    category: str
    unit: str
    price: int
    most: int


PRODUCTS: Final = (
    Sold("BW-100", "pH probe BW-100 pH探头", "Sensors 传感器", "piece 个", 340, 40),
    Sold("BW-210", "Turbidity sensor 浊度传感器", "Sensors 传感器", "piece 个", 620, 24),
    Sold("BW-240", "Oxygen sensor 溶氧传感器", "Sensors 传感器", "piece 个", 780, 24),
    Sold("BW-300", "Climate logger 温湿度记录仪", "Loggers 记录仪", "piece 个", 190, 120),
    Sold(
        "BW-310", "Climate logger, radio 无线温湿度记录仪", "Loggers 记录仪", "piece 个", 260, 120
    ),
    Sold("GW-20", "Gateway 网关", "Gateways 网关", "piece 个", 890, 8),
    Sold("SW-CLOUD", "Cloud subscription 云平台订阅", "Software 软件", "year 年", 1450, 3),
    Sold("SW-LAB", "Lab software 实验室软件", "Software 软件", "licence 许可", 3900, 4),
    Sold("SV-CAL", "Calibration visit 上门校准", "Services 服务", "visit 次", 520, 6),
    Sold("SV-CARE", "Care plan 维保计划", "Services 服务", "year 年", 980, 3),
    Sold("KIT-S", "Starter kit 入门套装", "Kits 套装", "set 套", 2400, 5),
)
OLD_PROBE: Final = Sold("BW-090", "pH probe BW-090 pH探头", "Sensors 传感器", "piece 个", 310, 40)


class Company:
    """What every story of a customer needs to know of the company."""

    def __init__(self, calendar: Calendar, random: Random) -> None:
        self.calendar = calendar
        self.staff = Staff(calendar, random)
        self.products = {p.sku: id_at(calendar.start, random) for p in (*PRODUCTS, OLD_PROBE)}
        self.handover = id_at(calendar.week(LEAVES - 1), random)
        """The correlation id of all that follows from a colleague's leaving."""
        self.recipients = [id_at(calendar.start, random) for _ in range(3)]
        """Whom data is given to: who sends newsletters, in Europe and in China, and a carrier."""

    def mailer(self, region: Region) -> UUID:
        """Who sends the newsletters of a region."""
        return self.recipients[is_chinese(region)]

    def marketing(self, region: Region) -> UUID:
        """The colleague who does a region's marketing."""
        return self.staff.ids["zheng.kexin" if is_chinese(region) else "elin.marsh"]

    def price(self, sold: Sold, currency: str, at: datetime) -> Money:
        """The list price on a day."""
        rises = sum(at >= self.calendar.week(week) for week in PRICE_RISES)
        return price_of(sold, currency, rises)


def price_of(sold: Sold, currency: str, rises: int) -> Money:
    """A list price after so many rises."""
    amount = sold.price * RATES[currency] * Decimal("1.04") ** rises
    return Money(amount=amount.quantize(Decimal(1)), currency=currency)
