"""Names of companies, people and places, made of the words in ``names.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import count
from random import Random
from typing import Any, Final, Literal

Region = Literal["europe", "americas", "east", "south"]
REGIONS: Final[tuple[Region, ...]] = ("europe", "americas", "east", "south")

INDUSTRIES: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "Food 食品": (("Foods", "Dairy", "Bakeries"), ("食品", "乳业", "烘焙")),
    "Water 水务": (("Water", "Utilities"), ("水务", "环保科技")),
    "Pharma 制药": (("Pharma", "Biologics"), ("制药", "生物科技")),
    "Laboratories 实验室": (("Laboratories", "Analytics"), ("检测技术", "实验室设备")),
    "Logistics 物流": (("Cold Chain", "Logistics"), ("冷链物流", "供应链")),
    "Hospitality 酒店餐饮": (("Hotels", "Catering"), ("酒店管理", "餐饮管理")),
    "Agriculture 农业": (("Orchards", "Growers"), ("农业科技", "种业")),
    "Energy 能源": (("Energy", "Grid Services"), ("能源科技", "电力工程")),
    "Education 教育": (("Academy", "College"), ("教育科技", "职业学校")),
    "Public sector 公共部门": (("City Works", "Museum Trust"), ("市政服务中心", "博物馆")),
}
SOURCES: Final = (
    "Trade fair 展会",
    "Website 官网",
    "Referral 转介绍",
    "Partner 合作伙伴",
    "Cold call 电话开发",
)
_LEGAL: Final = {
    "europe": ("Ltd", "GmbH", "B.V.", "S.A.", "AB"),
    "americas": ("Inc.", "LLC", "Corp."),
}
_CITIES: Final[dict[Region, tuple[tuple[str, str, str], ...]]] = {
    "europe": (
        ("Leeds", "West Yorkshire", "GB"),
        ("Bristol", "England", "GB"),
        ("Lübeck", "Schleswig-Holstein", "DE"),
        ("Utrecht", "Utrecht", "NL"),
        ("Nantes", "Pays de la Loire", "FR"),
        ("Uppsala", "Uppsala län", "SE"),
    ),
    "americas": (
        ("Duluth", "MN", "US"),
        ("Portland", "ME", "US"),
        ("Boise", "ID", "US"),
        ("Halifax", "NS", "CA"),
    ),
    "east": (
        ("杭州市", "浙江省", "CN"),
        ("苏州市", "江苏省", "CN"),
        ("宁波市", "浙江省", "CN"),
        ("上海市", "上海市", "CN"),
    ),
    "south": (
        ("深圳市", "广东省", "CN"),
        ("厦门市", "福建省", "CN"),
        ("珠海市", "广东省", "CN"),
        ("广州市", "广东省", "CN"),
    ),
}
_PHONES: Final[dict[Region, tuple[str, ...]]] = {
    # Numbers that regulators keep for drama, where there are such.
    "europe": ("+44 20 7946 0###", "+49 30 23125 ###", "+33 1 99 00 ## ##", "+46 8 465 004 ##"),
    "americas": ("+1 212 555 01##", "+1 312 555 01##", "+1 415 555 01##"),
    "east": ("+86 21 5550 ####", "+86 100 5550 ####", "+86 571 8555 ####"),
    "south": ("+86 20 5550 ####", "+86 100 5551 ####", "+86 755 2555 ####"),
}


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name, and how it is written in an address."""

    family: str
    given: str
    slug: str

    @property
    def full(self) -> str:
        return (
            f"{self.given} {self.family}" if self.given.isascii() else f"{self.family}{self.given}"
        )


@cache
def words(language: str) -> dict[str, dict[str, str]]:
    """The lists of words of a language, each word with how it is written in an address."""
    read: dict[str, Any] = tomllib.loads(
        files("api.demo").joinpath("names.toml").read_text("utf-8")
    )
    pairs = {
        kind: [one.partition(":") for one in text.split()] for kind, text in read[language].items()
    }
    return {
        kind: {word: pinyin or word for word, _, pinyin in found} for kind, found in pairs.items()
    }


def _coined(language: str, random: Random) -> str:
    known = words(language)
    return random.choice([*known["first"]]) + random.choice([*known["second"]])


def is_chinese(region: Region) -> bool:
    """Whether people there write Chinese."""
    return region in ("east", "south")


class Names:
    """Gives names out, each company's once."""

    def __init__(self, random: Random) -> None:
        english, chinese = words("english"), words("chinese")
        self._english = [(one, two) for one in english["first"] for two in english["second"]]
        self._chinese = [(one, two) for one in chinese["first"] for two in chinese["second"]]
        random.shuffle(self._english)
        random.shuffle(self._chinese)
        self._english.remove(("Quill", "mere"))  # the companies of the showcase
        self._english.remove(("Lark", "combe"))
        self._chinese.remove(("鲸", "灯"))
        self._rows = count(2)

    def next_row(self) -> int:
        """The next line of the old CRM's file; the first one holds the headings."""
        return next(self._rows)

    def company(self, region: Region, industry: str, random: Random) -> tuple[str, str]:
        """A company's name, and the word for it in addresses."""
        english, chinese = INDUSTRIES[industry]
        if is_chinese(region):
            one, two = self._chinese.pop()
            slug = words("chinese")["first"][one] + words("chinese")["second"][two]
            return f"{one}{two}{random.choice(chinese)}有限公司", slug
        first, second = self._english.pop()
        legal = random.choice(_LEGAL[region])
        return f"{first}{second} {random.choice(english)} {legal}", f"{first}{second}".lower()


def person(region: Region, random: Random) -> Name:
    """Somebody's name."""
    known = words("chinese" if is_chinese(region) else "english")
    family = random.choice([*known["family"].items()])
    given = random.choice([*known["given"].items()])
    ends = (family, given) if is_chinese(region) else (given, family)
    return Name(family[0], given[0], ".".join(written.lower() for _, written in ends))


def phone(region: Region, random: Random) -> str:
    """A phone number that nobody has, as far as that can be promised."""
    pattern = random.choice(_PHONES[region])
    return "".join(str(random.randrange(10)) if one == "#" else one for one in pattern)


def address(region: Region, random: Random) -> dict[str, str]:
    """A postal address."""
    city, state, country = random.choice(_CITIES[region])
    number = random.randrange(1, 300)
    if is_chinese(region):
        street = f"{_coined('chinese', random)}路{number}号"
        code = f"{random.randrange(200000, 530000)}"
    else:
        street = f"{number} {_coined('english', random)} Lane"
        code = f"{random.randrange(10000, 99999)}"
    return {
        "street": street,
        "city": city,
        "region": state,
        "postal_code": code,
        "country": country,
    }
