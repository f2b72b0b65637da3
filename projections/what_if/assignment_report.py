"""How an assignment rule that was tried on past tickets is reported."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from domain.tickets import Ticket
from projections.what_if.assignment import (
    Assignment,
    Passage,
    Who,
    fold,
    given_out,
)
from projections.what_if.kernel import (
    MOST_SHOWN,
    Cell,
    Column,
    Period,
    Ref,
    Rows,
    Sheet,
    WhatIf,
)
from projections.what_if.loads import Held, Load, Span, imbalance, loads
from projections.words.kernel import Both, both

_READ_MODELS: Final = {"user_id": "users", "team_id": "teams"}
_NONE: Final = Load(0, None, 0)


class AssignmentTally:
    """The tickets, some hundred bytes each: who gets one depends on all that came before it."""

    def __init__(self, rule: Assignment, period: Period) -> None:
        self._rule, self._period = rule, period
        self._passages: list[Passage] = []

    def count(self, passage: Passage) -> None:
        """One ticket more."""
        self._passages.append(passage)

    def add(self, other: "AssignmentTally") -> None:
        """Those that another process counted."""
        self._passages += other._passages

    def rows(self) -> dict[str, Rows]:
        """The report."""
        passages = sorted(self._passages, key=lambda one: (one.opened_at, one.position))
        told = _Told(self._rule, passages, given_out(self._rule, passages), self._period)
        return {
            "routes": told.routes(),
            "balance": told.balance(),
            "loads": told.loads(),
            "changed": told.changed(),
        }


class _Told:
    """Who really had the tickets, beside who would have."""

    def __init__(
        self,
        rule: Assignment,
        passages: Sequence[Passage],
        given: Sequence[Who | None],
        period: Period,
    ) -> None:
        self._rule = rule
        self._pairs = [*zip(passages, given, strict=True)]
        before: dict[Who, list[Held]] = defaultdict(list)
        after: dict[Who, list[Held]] = defaultdict(list)
        for passage, who in self._pairs:
            for holder, span in passage.held:
                before[holder].append(Held(passage.id, span))
            if who is not None:
                after[who] += [Held(passage.id, span) for span in passage.in_work]
        whole = _whole(passages, period)
        self._before, self._after = loads(before, whole), loads(after, whole)

    def routes(self) -> Rows:
        """How many tickets each route takes, and how many it gives to whoever had them."""
        counts: dict[int | None, Counter[str]] = defaultdict(Counter)
        for passage, who in self._pairs:
            counts[passage.route][_difference(passage, who)] += 1
        rows: Rows = []
        for number in (*range(len(self._rule.routes)), None):
            found = counts[number]
            differences = [found[one] for one in ("same", "other", "nobody")]
            rows.append((None if number is None else number + 1, found.total(), *differences))
        return rows

    def balance(self) -> Rows:
        """How evenly the tickets are spread among holders of each kind."""
        rows: Rows = []
        for kind in dict.fromkeys(one.kind for one in self._rule.routes):
            for side, found in (("before", self._before), ("after", self._after)):
                of_kind = {who: load for who, load in found.items() if who.kind == kind}
                most = max((one.most for one in of_kind.values()), default=0)
                rows.append((kind, side, len(of_kind), most, imbalance(of_kind)))
        return rows

    def loads(self) -> Rows:
        """What each holder had, and would have had."""
        rows: Rows = []
        for who in sorted({*self._before, *self._after}):
            before, after = self._before.get(who, _NONE), self._after.get(who, _NONE)
            rows.append((who.kind, _cell(who), *before, *after))
        return rows

    def changed(self) -> Rows:
        """The first tickets that somebody else gets."""
        rows: Rows = []
        for passage, who in self._pairs:
            if who is not None and _difference(passage, who) != "same" and len(rows) < MOST_SHOWN:
                had = _had(passage)
                route = None if passage.route is None else passage.route + 1
                cells = (route, had and _cell(had), _cell(who))
                rows.append((passage.id, passage.number, passage.opened_at, *cells))
        return rows


def _whole(passages: Sequence[Passage], period: Period) -> Span:
    """From when the first ticket came to when the last one was done with."""
    ends = [span.end for passage in passages for span in passage.in_work]
    begin = passages[0].opened_at if passages else period.until
    return Span(begin, max(ends, default=period.until))


def _had(passage: Passage) -> Who | None:
    """Who had it last."""
    return passage.held[-1][0] if passage.held else None


def _difference(passage: Passage, who: Who | None) -> str:
    had = _had(passage)
    if had is None:
        return "nobody"
    return "same" if had == who else "other"


def _cell(who: Who) -> Cell:
    model = _READ_MODELS.get(who.kind)
    return who.key if model is None else Ref(model, UUID(who.key))


_NOBODY: Final = Both("nobody", "无人")
_ROUTE: Final = Column("route", Both("route", "规则序号"), empty=Both("no route", "无匹配规则"))
_KIND: Final = Column(
    "kind",
    Both("kind of holder", "受理方类型"),
    both(user_id=("users", "用户"), team_id=("teams", "团队"), queue=("queues", "队列")),
)
_LOADS: Final = tuple(
    Column(f"{side}_{name}", Both(f"{en}: {label.en}", f"{zh}：{label.zh}"))
    for side, en, zh in (("before", "really", "实际"), ("after", "by the rule", "按规则"))
    for name, label in both(
        tickets=("tickets", "工单数"),
        mean=("open on average", "平均未结"),
        most=("open at most", "最多未结"),
    ).items()
)

ASSIGNMENT: Final = WhatIf(
    "assignment",
    1,
    Both("What if tickets had been assigned by a rule", "假设按规则分配工单"),
    Both(
        "Who would have got each ticket that was opened in the period, in the order in which they "
        "came, beside who really had it last.",
        "期间内创建的工单按先后顺序应分配给谁，并与实际最后受理方比较。",
    ),
    (
        Both(
            "Each ticket takes as long as it did, whoever has it, and stays with whoever got it.",
            "假设无论由谁受理，处理时长不变，且不再转派。",
        ),
        Both(
            "Nothing is open at the beginning of the period. Means are over the time from the "
            "first ticket to the end of the last one, idle hours included.",
            "假设期初没有未结工单；平均值按首张工单创建至末张工单结束的全部时间（含空闲）计算。",
        ),
    ),
    Ticket,
    "tickets",
    fold,
    AssignmentTally,
    (
        Sheet(
            "routes",
            Both("By route", "按规则"),
            (
                _ROUTE,
                Column("tickets", Both("tickets", "工单数")),
                Column("same", Both("same holder", "受理方相同")),
                Column("other", Both("another holder", "受理方不同")),
                Column("nobody", Both("really nobody", "实际无人受理")),
            ),
        ),
        Sheet(
            "balance",
            Both("Balance", "均衡情况"),
            (
                _KIND,
                Column(
                    "side",
                    Both("side", "情形"),
                    both(before=("really", "实际"), after=("by the rule", "按规则")),
                ),
                Column("holders", Both("holders", "受理方数")),
                Column("most", Both("open at most with one", "单方最多未结")),
                Column(
                    "imbalance",
                    Both(
                        "imbalance (busiest over mean; 1 is even)",
                        "不均衡度（最忙/平均，1 为均衡）",
                    ),
                ),
            ),
        ),
        Sheet(
            "loads",
            Both("By holder", "按受理方"),
            (_KIND, Column("holder", Both("holder", "受理方")), *_LOADS),
        ),
        Sheet(
            "changed",
            Both(
                "Tickets that go to somebody else (the first ones)", "受理方改变的工单（前若干条）"
            ),
            (
                Column("id", Both("id", "编号（ID）")),
                Column("number", Both("number", "工单编号")),
                Column("opened_at", Both("opened", "创建")),
                _ROUTE,
                Column("before", Both("really", "实际"), empty=_NOBODY),
                Column("after", Both("by the rule", "按规则")),
            ),
        ),
    ),
)
