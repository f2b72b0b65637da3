"""How a scoring rule that was tried on past deals is reported."""

from typing import Final

from domain.opportunities import Opportunity
from projections.what_if.kernel import Column, Sheet, WhatIf
from projections.what_if.scoring import ScoringTally, fold
from projections.words import WORDS
from projections.words.kernel import Both, both

_RULE: Final = Column(
    "rule",
    Both("scored by", "评分依据"),
    both(
        rule=("the rule", "该规则"),
        against=("the other rule", "对比规则"),
        probability=("the stored probability", "当时的赢率"),
    ),
)
_BELOW: Final = Both("below all bands", "低于所有分段")
_BAND: Final = Column("band", Both("band", "分段"), empty=_BELOW)
_DEALS: Final = Column("deals", Both("deals that ended", "已结束商机数"))
_WON: Final = Column("won", Both("won", "赢单"))
_LOST: Final = Column("lost", Both("lost", "输单"))
_RATE: Final = Column("win_rate", Both("win rate, %", "赢单率（%）"))

SCORING: Final = WhatIf(
    "scoring",
    1,
    Both("What if deals had been scored by a rule", "假设按规则给商机评分"),
    Both(
        "The score that each deal opened in the period would have had so many days after its "
        "opening, and how well it tells those that were won from those that were lost.",
        "期间内创建的商机在创建若干天后按规则应得的评分，以及评分区分赢单与输单的能力。",
    ),
    (
        Both(
            "A deal is scored as it stood on that day, or just before it was closed if that was "
            "sooner. Nobody acted on the scores.",
            "按当日状态评分；若更早结束，则按结束前状态评分。假设没有人依据评分行事。",
        ),
        Both(
            "AUC: of a hundred pairs of a won and a lost deal, in how many the won one had the "
            "higher score; one as high counts half. 50 is what chance gives.",
            "AUC：每一百对赢单与输单中，赢单评分更高的对数；评分相同计半。随机时为 50。",
        ),
    ),
    Opportunity,
    "opportunities",
    fold,
    ScoringTally,
    (
        Sheet(
            "quality",
            Both("How well they tell won from lost", "区分能力"),
            (
                *(_RULE, _DEALS, _WON, _LOST, _RATE),
                Column("auc", Both("AUC, %", "AUC（%）")),
                Column("open", Both("still open", "仍在进行")),
                Column("unscored", Both("without a score", "无评分")),
            ),
        ),
        Sheet(
            "bands",
            Both("By band", "按分段"),
            (
                *(_RULE, _BAND, _DEALS, _WON, _LOST, _RATE),
                Column("lift", Both("lift (× the win rate of all)", "提升度（相对总体赢单率）")),
                Column("won_share", Both("of all won, %", "占全部赢单（%）")),
            ),
        ),
        Sheet(
            "changed",
            Both(
                "Deals that the other rule puts elsewhere (the first ones)",
                "分段不同的商机（前若干条）",
            ),
            (
                Column("id", Both("id", "编号（ID）")),
                Column("number", Both("number", "商机编号")),
                Column("month", Both("opened in", "创建月份")),
                Column("status", Both("status", "状态"), WORDS["opportunities"].values["status"]),
                Column("score", Both("score", "评分")),
                _BAND,
                Column("other_score", Both("other rule: score", "对比规则：评分")),
                Column("other_band", Both("other rule: band", "对比规则：分段"), empty=_BELOW),
            ),
        ),
    ),
)
