"""Looking back at forecasts: what was counted on, on some evening, against what came of it."""

from typing import Any, Final

from projections.analytics.dimensions import PRODUCT, called, of
from projections.analytics.kernel import (
    Asked,
    Definition,
    Measure,
    Table,
    Views,
    by_evening,
    latest,
    one_if,
)
from projections.words import WORDS
from projections.words.kernel import Both, both

_HELD: Final = (
    *of("opportunities", "owner_id", "team_id"),
    PRODUCT,
    *of("opportunities", "lead_source", "pipeline_id"),
)
_NAMES: Final = tuple(one.name for one in _HELD)
_UNFORESEEN: Final = "unforeseen"
_CATEGORY: Final = called(
    "forecast_category",
    WORDS["opportunities"].labels["forecast_category"],
    {
        **WORDS["opportunities"].values["forecast_category"],
        **both(unforeseen=("not in the forecast", "未预测")),
    },
)
_OUTCOME: Final = called(
    "outcome",
    Both("outcome", "结果"),
    both(
        won=("won", "赢单"),
        lost=("lost", "输单"),
        slipped=("still open", "未结束"),
        archived=("archived", "归档"),
    ),
)


def _compared(views: Views, asked: Asked) -> Table:
    """Two rows a deal: as it was forecast, if it was, and as it was won, if it was."""
    steps = views["opportunity_changes"]
    ended = _ended(views, asked)
    forecast, won = _forecast(steps, ended, asked), _won(steps, ended, asked)
    then = forecast.select(deal=forecast.id, was_in=forecast.forecast_category, at=forecast.stage)
    won = won.left_join(then, won.id == then.deal)
    return forecast.union(
        won.select(
            *("id", "position", "on", *_NAMES),
            forecast_category=won.was_in.coalesce(_UNFORESEEN),
            stage=won["at"],
            outcome=won.status,
            currency=won.amount_currency,
            deals=won.none,
            forecast=won.nothing,
            weighted=won.nothing,
            came=won.none,
            lost=won.none,
            slipped=won.none,
            won_deals=won.one,
            won=won.amount,
            beyond=-won.amount,
        )
    )


def _forecast(steps: Table, ended: Table, asked: Asked) -> Table:
    """The deals that were open on the evening and expected to close by the end of the period."""
    then = _standing(steps, asked, asked.made_on)
    then = then.filter(
        then.status == "open", ~then.archived, then.expected_close_on <= asked.last_day
    )
    if asked.since is not None:
        then = then.filter(then.expected_close_on >= asked.since)
    then = then.inner_join(ended, then.id == ended.deal)
    still = then.gone.ifelse("archived", "slipped")
    then = then.mutate(outcome=(then.became == "open").ifelse(still, then.became))
    came, lost, slipped = (one_if(then.outcome == one) for one in ("won", "lost", "slipped"))
    return then.select(
        *("id", "position"),
        on=then.expected_close_on,
        **{name: then[name] for name in _NAMES},
        forecast_category=then.forecast_category,
        stage=then.stage,
        outcome=then.outcome,
        currency=then.amount_currency,
        deals=then.one,
        forecast=then.amount,
        weighted=then.amount * then.probability,
        came=came,
        lost=lost,
        slipped=slipped,
        won_deals=then.none,
        won=then.nothing,
        beyond=then.amount,
    )


def _won(steps: Table, ended: Table, asked: Asked) -> Table:
    """The deals that were won after the evening and in the period, at the amount agreed in the end;
    the position is that of the win.
    """
    still = ended.filter(ended.became == "won")
    day = steps.occurred_at.date()
    is_win = [steps.status == "won", ~steps.was_status.identical_to("won"), day > asked.made_on]
    if asked.since is not None:
        is_win.append(day >= asked.since)
    wins = _standing(steps, asked, asked.last_day, *is_win)
    wins = wins.inner_join(still, wins.id == still.deal)
    return wins.select(
        *("id", "position", "status", "none", "one", "nothing", *_NAMES),
        on=wins.occurred_at.date(),
        amount=wins.agreed,
        amount_currency=wins.agreed_in,
    )


def _ended(views: Views, asked: Asked) -> Table:
    """What became of each deal by the last evening; by today's, that is how it is."""
    deals = views["opportunities"]
    if asked.last_day < asked.today:
        deals = _standing(views["opportunity_changes"], asked, asked.last_day)
    return deals.select(
        deal=deals.id,
        became=deals.status,
        gone=deals.archived,
        agreed=deals.amount,
        agreed_in=deals.amount_currency,
    )


def _standing(steps: Table, asked: Asked, day: Any, *conditions: Any) -> Table:
    """Of each deal, its latest step by that evening that fits; and none, one and no money to count
    it by.
    """
    steps = latest(steps, *by_evening(steps, day, asked), *conditions)
    return steps.mutate(
        none=one_if(steps.position < 0),
        one=one_if(steps.position >= 0),
        nothing=(steps.amount * 0).fill_null(0),
    )


ACCURACY: Final = Definition(
    "forecast_accuracy",
    1,
    "sales",
    Both("Forecast and outcome", "预测与实际"),
    Both(
        "What was forecast on an evening, unless given the one before the period: the deals then "
        "open that were expected to close in the period, as each stood then; and what became of "
        "them by its end. Beside it, what was won in the period at the amounts agreed, be it "
        "foreseen or not. A period is about the expected close, and the day of the win.",
        "某日终（未指定则为期间前一日）的预测：当时进行中且预计在期间内成交的商机，按当时的状态统计，"
        "及其在期末的结果；并列出期间内实际赢单的商机及成交金额（无论是否在预测之内）。"
        "期间按预计成交日期及赢单日期计算。",
    ),
    _compared,
    (_CATEGORY, _OUTCOME, *of("opportunities", "stage"), *_HELD),
    (
        Measure("deals", Both("forecast deals", "预测商机"), "deals", "sum", "deals"),
        Measure("forecast", Both("forecast amount", "预测金额"), "money", "sum", "forecast"),
        Measure(
            *("weighted", Both("weighted amount", "加权金额"), "money", "sum", "weighted"),
            divisor=100,
        ),
        Measure("came", Both("of these won", "其中赢单"), "deals", "sum", "came"),
        Measure("lost", Both("of these lost", "其中输单"), "deals", "sum", "lost"),
        Measure("slipped", Both("of these still open", "其中未结束"), "deals", "sum", "slipped"),
        Measure("won_deals", Both("won deals", "赢单商机"), "deals", "sum", "won_deals"),
        Measure("won", Both("won amount", "赢单金额"), "money", "sum", "won"),
        Measure(
            *("beyond", Both("forecast beyond what was won", "预测超出实际"), "money", "sum"),
            "beyond",
        ),
        Measure(
            *("reached", Both("won of the forecast", "预测达成率"), "percent", "share", "won"),
            whole="forecast",
        ),
    ),
    by=("forecast_category",),
    looks_back=True,
)
