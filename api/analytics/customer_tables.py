"""Tables of customers, one by one: who is in which RFM segment, and what is expected of whom.

Ids, scores and predictions hold nothing personal; what customers are called passes the gate.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from api.analytics.predicting import Predicting, predicted
from projections.analytics.engine import Analytics
from projections.analytics.kernel import Asked, UnknownFigure
from projections.analytics.segments import CUSTOMER_SEGMENTS, SEGMENTS
from projections.gate import Gate
from projections.readers import Reader
from projections.words.kernel import LANGUAGES, Language, both

if TYPE_CHECKING:
    from projections.analytics.prediction.lifetime import Prediction

PAGE: Final = 200
"""Customers on a page."""
_SCORES: Final = ("recency_score", "frequency_score", "monetary_score")
_LABELS: Final = both(
    name=("customer", "客户"),
    segment_label=("segment", "客户分层"),
    recency=("days since the last order", "距最近购买天数"),
    orders=("orders", "订单数"),
    recency_score=("recency score", "最近购买评分"),
    frequency_score=("frequency score", "购买频率评分"),
    monetary_score=("monetary score", "购买金额评分"),
    currency=("currency", "币种"),
    value=("net value", "净购买额"),
    alive=("probability of being alive", "活跃概率"),
    expected_30_days=("purchases expected in 30 days", "30 天预期购买次数"),
    expected_90_days=("purchases expected in 90 days", "90 天预期购买次数"),
    next_purchase_on=("next purchase by", "预计下次购买日"),
    each=("expected value of a purchase", "预期单次购买额"),
    lifetime_value=("lifetime value", "客户生命周期价值"),
)
SCORED: Final = ("segment_label", "recency", "orders", *_SCORES, "currency", "value")
_NOTHING: Final[tuple[dict[str, Any], ...]] = ({},)
EXPECTED: Final = (
    *("alive", "expected_30_days", "expected_90_days", "next_purchase_on"),
    *("currency", "each", "lifetime_value"),
)


@dataclass(frozen=True, slots=True)
class CustomerTable:
    """A page of customers, or all of them, with what they are called."""

    columns: tuple[str, ...]
    language: Language
    customers: Sequence[Mapping[str, Any]]
    names: Mapping[str, str] = field(default_factory=dict)
    next_after: UUID | None = None

    def as_json(self) -> list[dict[str, Any]]:
        """For programs."""
        return [{**one, "name": self.names.get(one["id"])} for one in self.customers]

    def headings(self) -> list[str]:
        """Of a table of them."""
        at = LANGUAGES.index(self.language)
        return ["id", *(_LABELS[name][at] for name in ("name", *self.columns))]

    def rows(self) -> Iterator[list[Any]]:
        """A row for each customer and currency."""
        for one in self.customers:
            for worth in one["worth"] or _NOTHING:
                cells = {**one, **worth}
                named = self.names.get(one["id"])
                yield [one["id"], named, *(cells.get(name) for name in self.columns)]


@dataclass(frozen=True, slots=True)
class Tables:
    """What tables of customers are made from, for whoever reads them."""

    analytics: Analytics
    predicting: Predicting
    gate: Gate
    reader: Reader
    language: Language

    def scores(self, asked: Asked, after: UUID | None, limit: int = PAGE) -> CustomerTable:
        """Customers in the order of their ids, with their scores and segments.

        Raises:
            UnknownFigure, FiguresTimedOut: as for figures.
        """
        from projections.analytics import compiling  # noqa: PLC0415  it imports Ibis

        asked = CUSTOMER_SEGMENTS.checked(asked)
        engine = self.analytics.engine
        rows = engine.rows(compiling.sql(compiling.scores(asked, after, limit + 1), engine.dialect))
        found = self._collected(rows)
        page = [*found.values()][:limit]
        more = UUID(page[-1]["id"]) if len(found) > limit else None
        return self._named(SCORED, page, more)

    def score_of(self, asked: Asked, customer: UUID) -> dict[str, Any] | None:
        """One customer's scores and segment; None if they bought nothing."""
        from projections.analytics import compiling  # noqa: PLC0415  it imports Ibis

        engine = self.analytics.engine
        query = compiling.sql(compiling.scores(asked, None, 1, customer), engine.dialect)
        found = self._collected(engine.rows(query))
        return next(iter(found.values()), None)

    def all_scores(self, asked: Asked) -> CustomerTable:
        """All of them, page by page."""
        return self._whole(lambda after: self.scores(asked, after))

    def expected(
        self, asked: Asked, position: int, after: UUID | None, limit: int = PAGE
    ) -> CustomerTable:
        """Customers with what is expected of them; who is worth most first.

        Raises:
            UnknownFigure: no model could be trained, or the cursor's customer is gone.
            FiguresTimedOut: as for figures.
        """
        predictions = self.predicting.model(asked, position).predictions
        start = 0 if after is None else _place(predictions, after) + 1
        page = [{"id": str(one.id), **predicted(one)} for one in predictions[start:][:limit]]
        more = len(predictions) > start + limit
        return self._named(EXPECTED, page, UUID(page[-1]["id"]) if more else None)

    def all_expected(self, asked: Asked, position: int) -> CustomerTable:
        """All of them."""
        return self._whole(lambda after: self.expected(asked, position, after))

    def _whole(self, page: Callable[[UUID | None], CustomerTable]) -> CustomerTable:
        customers: list[Mapping[str, Any]] = []
        names: dict[str, str] = {}
        after: UUID | None = None
        while True:
            found = page(after)
            customers += found.customers
            names |= found.names
            after = found.next_after
            if after is None:
                return CustomerTable(found.columns, self.language, customers, names)

    def _collected(self, rows: Sequence[Mapping[str, Any]]) -> dict[UUID, dict[str, Any]]:
        found: dict[UUID, dict[str, Any]] = {}
        for row in rows:
            worth = {"currency": row["currency"], "value": str(row["value"])}
            found.setdefault(row["id"], self._scored(row))["worth"].append(worth)
        return found

    def _scored(self, row: Mapping[str, Any]) -> dict[str, Any]:
        segment = SEGMENTS[row["segment"]][LANGUAGES.index(self.language)]
        scores = {name: int(row[name]) for name in ("recency", "orders", *_SCORES)}
        return {
            "id": str(row["id"]),
            "segment": row["segment"],
            "segment_label": segment,
            **scores,
            "worth": [],
        }

    def _named(
        self, columns: tuple[str, ...], page: Sequence[Mapping[str, Any]], more: UUID | None
    ) -> CustomerTable:
        ids = {UUID(one["id"]) for one in page}
        names = self.gate.names(self.reader, {"customers": ids}) if ids else {}
        return CustomerTable(columns, self.language, page, names, more)


def _place(predictions: "Sequence[Prediction]", customer: UUID) -> int:
    for place, one in enumerate(predictions):
        if one.id == customer:
            return place
    raise UnknownFigure("cursor", "names nobody in this list. Begin again without it.")
