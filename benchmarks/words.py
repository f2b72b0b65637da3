"""Believable words, names and numbers for generated records, in several languages."""

from datetime import datetime, timedelta
from random import Random


def _words(text: str) -> list[str]:
    return text.split()


FAMILY = _words("Wang Li Zhang 刘 陈 杨 Müller Novak Okafor García Smith Jensen Rossi 周 吴")
GIVEN = _words("Wei Anna 敏 静 Jonas Amara Lucía Emma Marco 磊 洋 Sofia Liam Chen 艳")
FIRMS = _words("Northwind 北风 Contoso 海创 Fabrikam 华锐 Tailspin 远景 Litware 启明 Proseware")
KINDS = _words("Trading 贸易 Logistics 物流 Software 科技 Foods 食品 Instruments 仪器")
STREETS = (
    "88 Century Avenue",
    "人民路 12 号",
    "Hafenstraße 7",
    "Calle Mayor 21",
    "5 Market Street",
)
WORDS = _words(
    "they want the second option , delivery in spring ; the offer of last week was too dear ; call"
    " again after the holidays ; 请 尽快 回复 ; 合同 已 发送 ; the printer on floor three does not"
    " answer ; password reset did not help ; 发票 金额 不对 ; see the attached log"
)


class Pen(Random):
    """Draws what people would write. ``now`` is moved on by whoever tells the story."""

    now: datetime

    def money(self, most: int) -> dict[str, str]:
        return {"amount": f"{self.randrange(100, most)}.00", "currency": "EUR"}

    def phone(self) -> str:
        return f"+8613{self.randrange(1_000_000_000):09d}"

    def day(self, ahead: int) -> str:
        """A day so many days ahead at most."""
        return (self.now + timedelta(days=self.randrange(ahead + 1))).date().isoformat()

    def text(self, words: int) -> str:
        return " ".join(self.choices(WORDS, k=words))

    def address(self) -> dict[str, str]:
        return {
            "street": self.choice(STREETS),
            "city": self.choice(("Shanghai", "Hamburg", "Madrid", "Lagos")),
            "postal_code": f"{self.randrange(100_000):05d}",
            "country": self.choice(("CN", "DE", "ES", "NG")),
        }
