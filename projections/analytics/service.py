"""Service figures: what comes in, how soon it is answered and ended, what is left.

Hours are calendar hours, folded from the moments of the events; what was promised, and business
hours, are in :mod:`projections.analytics.service_levels`.
"""

from typing import Any, Final

from projections.analytics.dimensions import called, of
from projections.analytics.kernel import (
    HOUR,
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
from projections.words.kernel import Both

HANDS: Final = of("tickets", "queue", "assignee_id", "team_id", "channel", "priority")
_NAMES: Final = tuple(one.name for one in HANDS)
_TICKETS: Final = (*HANDS, *of("tickets", "type", "category"))
_CHANGES: Final = (
    *HANDS,
    called("ticket_type", WORDS["tickets"].labels["type"], WORDS["tickets"].values["type"]),
)
_ENDED: Final = ("resolved", "closed")
TICKETS: Final = Measure("tickets", Both("tickets", "工单数"), "tickets")


def _of_tickets(tickets: Table, on: Any, **more: Any) -> Table:
    """The columns that all facts of tickets have, and more."""
    kept = {name: tickets[name] for name in ("id", "position", "type", "category", *_NAMES)}
    return tickets.select(**kept, on=on, **more)


def _of_changes(changes: Table, **more: Any) -> Table:
    """The same of events of tickets."""
    names = ("id", "position", "ticket_type", "age_seconds", *_NAMES)
    kept = {name: changes[name] for name in names}
    return changes.select(**kept, on=changes.occurred_at.date(), **more)


def _opened(views: Views, asked: Asked) -> Table:
    tickets = views["tickets"]
    return _of_tickets(tickets, tickets.created_at.date())


def _answered(views: Views, asked: Asked) -> Table:
    changes = views["ticket_changes"]
    return _of_changes(changes.filter(changes.first_reply))


def _ended(views: Views, asked: Asked) -> Table:
    changes = views["ticket_changes"]
    ends = latest(changes, changes.was_in_work != changes.in_work)
    return _of_changes(ends.filter(~ends.in_work, ends.status.isin(_ENDED)))


def _standing(views: Views, asked: Asked) -> Table:
    changes = views["ticket_changes"]
    changes = latest(changes, *by_evening(changes, asked.last_day, asked))
    changes = changes.filter(changes.in_work)
    age = -changes.created_at.date().delta(asked.last_day, unit="day")
    return _of_changes(changes, age=age)


def _flowing(views: Views, asked: Asked) -> Table:
    changes = views["ticket_changes"]
    changes = changes.filter(changes.was_in_work != changes.in_work)
    came = one_if(changes.in_work)
    return _of_changes(changes, came=came, ended=1 - came, grew=came * 2 - 1)


def _once_ended(views: Views, asked: Asked) -> Table:
    tickets = views["tickets"]
    reopened = tickets.reopen_count > 0
    ended = tickets.resolved_at.coalesce(tickets.closed_at)
    tickets = tickets.mutate(ended=ended)
    tickets = tickets.filter(tickets.ended.notnull() | reopened)
    return _of_tickets(
        tickets,
        tickets.ended.coalesce(tickets.created_at).date(),
        reopened=one_if(tickets.reopen_count > 0),
        reopenings=tickets.reopen_count,
    )


def _at_once(views: Views, asked: Asked) -> Table:
    tickets = views["tickets"]
    tickets = tickets.filter(tickets.status.isin(_ENDED), tickets.merged_into_id.isnull())
    at_once = (
        (tickets.public_replies <= 1)
        & (tickets.reopen_count == 0)
        & (tickets.escalation_level == 0)
    )
    ended = tickets.resolved_at.coalesce(tickets.closed_at, tickets.created_at)
    return _of_tickets(tickets, ended.date(), at_once=one_if(at_once))


def _hours(column: str) -> tuple[Measure, ...]:
    """How long it took, in calendar hours."""
    return (
        Measure(
            *("median_hours", Both("median", "中位数"), "hours", "median", column), divisor=HOUR
        ),
        Measure(
            *("p90_hours", Both("90 of 100 within", "九成不超过"), "hours", "percentile", column),
            divisor=HOUR,
        ),
    )


VOLUME: Final = Definition(
    "ticket_volume",
    1,
    "service",
    Both("Tickets opened", "工单量"),
    Both("Tickets by the day they were opened.", "按创建日期统计工单数量。"),
    _opened,
    _TICKETS,
    (TICKETS,),
    by=("month",),
    chart="line",
    behind=("status",),
)
FIRST_RESPONSE: Final = Definition(
    "first_response",
    1,
    "service",
    Both("Time to the first response", "首次响应时长"),
    Both(
        "Calendar hours from the opening of a ticket to the first public answer, by the day it was "
        "given.",
        "从创建工单到首次公开答复所经过的自然小时数，按答复日期计算。",
    ),
    _answered,
    _CHANGES,
    (TICKETS, *_hours("age_seconds")),
    by=("priority",),
)
RESOLUTION: Final = Definition(
    "resolution_time",
    1,
    "service",
    Both("Time to resolution", "解决时长"),
    Both(
        "Calendar hours from the opening of a ticket to the last time it was resolved (or closed "
        "without that), by that day. A ticket that was reopened and is in work does not count.",
        "从创建工单到最近一次解决（或直接关闭）所经过的自然小时数，按该日期计算；"
        "重开后仍在处理的工单不计入。",
    ),
    _ended,
    _CHANGES,
    (TICKETS, *_hours("age_seconds")),
    by=("priority",),
)
BACKLOG: Final = Definition(
    "backlog",
    1,
    "service",
    Both("Backlog", "积压工单"),
    Both(
        "Tickets that were new, open or pending on the evening of the last day, and how old they "
        "were then.",
        "期末当日仍为新建、处理中或挂起的工单及其已存在天数。",
    ),
    _standing,
    _CHANGES,
    (
        TICKETS,
        Measure("median_age", Both("median age", "天数中位数"), "days", "median", "age"),
        Measure("p90_age", Both("90 of 100 within", "九成不超过"), "days", "percentile", "age"),
        Measure("oldest", Both("oldest", "最长天数"), "days", "most", "age"),
    ),
    by=("priority",),
    standing=True,
)
FLOW: Final = Definition(
    "ticket_flow",
    1,
    "service",
    Both("Tickets in and out of work", "工单进出"),
    Both(
        "How often tickets came into work (opened, reopened, restored) and left it, and by how "
        "much the backlog grew.",
        "工单进入处理（创建、重开、恢复）和结束处理的次数，以及积压的增量。",
    ),
    _flowing,
    _CHANGES,
    (
        Measure("came", Both("came in", "进入"), "times", "sum", "came"),
        Measure("ended", Both("ended", "结束"), "times", "sum", "ended"),
        Measure("grew", Both("growth of the backlog", "积压增量"), "tickets", "sum", "grew"),
    ),
    by=("month",),
    chart="line",
)
REOPENED: Final = Definition(
    "reopen_rate",
    1,
    "service",
    Both("Reopened tickets", "重开率"),
    Both(
        "Of the tickets that were ended once, how many of a hundred were opened again. A period is "
        "about the day they were last resolved.",
        "曾经结束的工单中被重开的百分比。期间按最近一次解决日期计算。",
    ),
    _once_ended,
    _TICKETS,
    (
        TICKETS,
        Measure("reopened", Both("reopened", "已重开"), "tickets", "sum", "reopened"),
        Measure("reopenings", Both("reopenings", "重开次数"), "times", "sum", "reopenings"),
        Measure("reopen_rate", Both("reopen rate", "重开率"), "percent", "share", "reopened"),
    ),
    by=("priority",),
    behind=("status", "reopen_count"),
)
FIRST_CONTACT: Final = Definition(
    "first_contact_resolution",
    1,
    "service",
    Both("Resolved at the first contact", "首次联系解决率"),
    Both(
        "Of the tickets resolved or closed, how many of a hundred took one public answer at most "
        "and were neither escalated nor reopened.",
        "已解决或关闭的工单中，公开答复不超过一次且未升级、未重开的百分比。",
    ),
    _at_once,
    _TICKETS,
    (
        TICKETS,
        Measure(
            "at_once", Both("at the first contact", "首次联系解决"), "tickets", "sum", "at_once"
        ),
        Measure("rate", Both("rate", "比率"), "percent", "share", "at_once"),
    ),
    by=("channel",),
    behind=("status", "public_replies", "reopen_count", "escalation_level"),
)

SERVICE: Final = (VOLUME, FIRST_RESPONSE, RESOLUTION, BACKLOG, FLOW, REOPENED, FIRST_CONTACT)
