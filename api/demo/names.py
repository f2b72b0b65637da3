"""Names of companies, people and places. Made up: e-mail addresses and most phone numbers are reserved."""

from dataclasses import dataclass
from random import Random
from typing import Final, Literal

Region = Literal["europe", "americas", "east", "south"]

_FIRST: Final = (
    "Quill Thistle Ember Lark Otter Briar Fen Wren Pebble Marrow Sorrel Tansy Hazel Juniper Rook"
    " Kestrel Bramble Clover Damson Fallow Heron Ivory Larch Moss Nettle Osier Plover Russet Sedge"
    " Teasel Umber Willow Yarrow Copper Flint Garnet Amber Saffron Cobalt Indigo"
).split()
_SECOND: Final = (
    "brook moor gate well combe wick haven ridge ford mere dale field stead worth thorpe bourne"
    " croft hollow marsh lea holt cliffe barrow quay garth"
).split()
_BRANDS_1: Final = dict(
    pair.split(":")
    for pair in (
        "云:yun 星:xing 松:song 鹿:lu 鲸:jing 榕:rong 竹:zhu 麦:mai 橙:cheng 墨:mo 岚:lan 溪:xi 雁:yan 桐:tong"
        " 荷:he 砚:nie 枫:feng 桔:ju 禾:heh 藤:teng 梧:wu 鸥:ou 苔:tai 杉:shan 蓝:laan 晴:qing 潮:chao 柚:you"
        " 芦:luu 萤:ying 帆:fan 茶:cha 槐:huai 菱:ling 萍:ping 棠:tang 柠:ning 椿:chun 霁:ji 珊:sha"
    ).split()
)
_BRANDS_2: Final = dict(
    pair.split(":")
    for pair in (
        "桥:qiao 舟:zhou 岛:dao 径:jin 灯:deng 窗:chuang 港:gang 野:ye 汀:ting 泊:bo 笛:di 羽:yu 庭:tin 坞:wuu"
        " 谷:gu 筝:zheng 原:yuan 渡:du 屿:yuu 篱:li 穗:sui 石:shi 轩:xuan 池:chi 巷:xiang"
    ).split()
)
_GIVEN: Final = (
    "Ada Bram Celia Dario Edith Felix Greta Hugo Imke Jonas Katya Leopold Maren Nils Odette Pascal"
    " Quentin Rosalind Stellan Tilda Ulric Verena Wim Xenia Yannick Zelda Astrid Basil Cordelia"
    " Desmond Elodie Fergus Gisela Horace Isolde Jasper Kirsten Lionel Matilda Nestor Ophelia Piers"
    " Ramona Silas Theodora Ursula Viggo Winifred Ambrose Beatrix"
).split()
_FAMILY: Final = (
    "Ashdown Bellweather Carraway Dunmore Everleigh Fairbairn Goldfinch Hartwell Inglewood Jessop"
    " Kettering Lovelace Merriweather Nightshade Oakhurst Penhallow Quarrington Ravenscroft Swiftwater"
    " Thackeray Underhill Vantongeren Wetherby Yardley Zilverberg Abelard Brinkhof Castellane Dragomir"
    " Eklund Fontaine Grimaldi Holmqvist Iversen Jankowiak Kowalczyk Lindholm Montclair Novotny"
    " Olafsson Petrakis Quintanilla Rosendahl Sorensen Tavares Ulvaeus Vandeputte Westergaard"
).split()
_SURNAMES: Final = dict(
    pair.split(":")
    for pair in (
        "林:lin 周:zhou 陈:chen 黄:huang 赵:zhao 孙:sun 吴:wu 郑:zheng 许:xu 何:he 罗:luo 沈:shen 秦:qin 顾:gu 苏:su"
        " 唐:tang 宋:song 江:jiang 叶:ye 方:fang 白:bai 石:shi 陆:lu 夏:xia 姚:yao 钟:zhong 温:wen 丁:ding 梁:liang 傅:fu"
    ).split()
)
_ZH_GIVEN: Final = dict(
    pair.split(":")
    for pair in (
        "晓岚:xiaolan 启明:qiming 知秋:zhiqiu 思齐:siqi 楚云:chuyun 雨桐:yutong 清和:qinghe 若溪:ruoxi 一鸣:yiming"
        " 可欣:kexin 子衿:zijin 书航:shuhang 安然:anran 明远:mingyuan 静姝:jingshu 允之:yunzhi 南笙:nansheng 景行:jingxing"
        " 望舒:wangshu 嘉树:jiashu 采薇:caiwei 云舟:yunzhou 听雨:tingyu 怀瑾:huaijin 念慈:nianci 星野:xingye 未晞:weixi"
        " 长风:changfeng 映雪:yingxue 朝阳:chaoyang 立夏:lixia 言蹊:yanxi 平川:pingchuan 青禾:qingheh 问渠:wenqu 若谷:ruogu"
        " 亦航:yihang 西洲:xizhou 慕白:mubai 霁月:jiyue"
    ).split()
)
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


def is_chinese(region: Region) -> bool:
    """Whether people there write Chinese."""
    return region in ("east", "south")


class Names:
    """Gives names out, each company's once."""

    def __init__(self, random: Random) -> None:
        self._english = [(one, two) for one in _FIRST for two in _SECOND]
        self._chinese = [(one, two) for one in _BRANDS_1 for two in _BRANDS_2]
        random.shuffle(self._english)
        random.shuffle(self._chinese)

    def company(self, region: Region, industry: str, random: Random) -> tuple[str, str]:
        """A company's name, and the word for it in addresses."""
        english, chinese = INDUSTRIES[industry]
        if is_chinese(region):
            one, two = self._chinese.pop()
            slug = _BRANDS_1[one] + _BRANDS_2[two]
            return f"{one}{two}{random.choice(chinese)}有限公司", slug
        first, second = self._english.pop()
        legal = random.choice(_LEGAL[region])
        return f"{first}{second} {random.choice(english)} {legal}", f"{first}{second}".lower()


def person(region: Region, random: Random) -> Name:
    """Somebody's name."""
    if is_chinese(region):
        family, given = random.choice([*_SURNAMES]), random.choice([*_ZH_GIVEN])
        return Name(family, given, f"{_SURNAMES[family]}.{_ZH_GIVEN[given]}")
    family, given = random.choice(_FAMILY), random.choice(_GIVEN)
    return Name(family, given, f"{given}.{family}".lower())


def phone(region: Region, random: Random) -> str:
    """A phone number that nobody has, as far as that can be promised."""
    pattern = random.choice(_PHONES[region])
    return "".join(str(random.randrange(10)) if one == "#" else one for one in pattern)


def address(region: Region, random: Random) -> dict[str, str]:
    """A postal address."""
    city, state, country = random.choice(_CITIES[region])
    number = random.randrange(1, 300)
    if is_chinese(region):
        street = f"{random.choice([*_BRANDS_1])}{random.choice([*_BRANDS_2])}路{number}号"
        code = f"{random.randrange(200000, 530000)}"
    else:
        street = f"{number} {random.choice(_FIRST)}{random.choice(_SECOND)} Lane"
        code = f"{random.randrange(10000, 99999)}"
    return {
        "street": street,
        "city": city,
        "region": state,
        "postal_code": code,
        "country": country,
    }
