"""Dashboards 经营看板: which figures are looked at together. A panel is a line in a table here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from projections.words.kernel import Both

_YEAR: Final = "last_12_months"
_QUARTER: Final = "last_90_days"


@dataclass(frozen=True, slots=True)
class Panel:
    """A figure on a dashboard. What is asked of a whole dashboard goes before what stands here."""

    figure: str
    """The definition, by its name; a dashboard shows each once."""
    by: tuple[str, ...] | None = None
    """What it is grouped by; unless given, what the definition says."""
    period: str | None = None
    """A relative period; none: of all time, or what stands on the last day."""
    filters: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Figures that are looked at together, all as of one position of the log."""

    name: str
    version: int
    """Goes up when other figures are on it, or the same ones asked otherwise."""
    title: Both
    description: Both
    panels: tuple[Panel, ...]


_SALES: Final = Dashboard(
    "sales",
    1,
    Both("Sales", "销售看板"),
    Both(
        "What was won and lost, how fast, and what is still open.",
        "赢单与输单、成交速度以及在途商机。",
    ),
    (
        Panel("won_deals", ("month",), _YEAR),
        Panel("win_rate", ("month",), _YEAR),
        Panel("open_deals", ("stage",)),
        Panel("forecast", ("forecast_category",)),
        Panel("stage_conversion", ("stage",), _YEAR),
        Panel("pipeline_movement", ("movement",), "this_quarter"),
        Panel("loss_reasons", ("loss_reason",), _YEAR),
        Panel("cycle_length", ("status",), _YEAR),
        Panel("slippage", ("status",), _YEAR),
    ),
)
_SERVICE: Final = Dashboard(
    "service",
    1,
    Both("Service", "服务看板"),
    Both(
        "What customers asked for, how soon they were answered, and what still waits.",
        "客户提出的问题、答复的快慢以及尚待处理的工单。",
    ),
    (
        Panel("ticket_volume", ("month",), _YEAR),
        Panel("ticket_flow", ("month",), _YEAR),
        Panel("first_response", ("priority",), _QUARTER),
        Panel("resolution_time", ("priority",), _QUARTER),
        Panel("backlog", ("priority",)),
        Panel("reopen_rate", ("priority",), _QUARTER),
        Panel("first_contact_resolution", ("channel",), _QUARTER),
    ),
)
_CUSTOMERS: Final = Dashboard(
    "customers",
    1,
    Both("Customers", "客户看板"),
    Both(
        "Where the relations stand, who was not spoken with for long, and where they come from.",
        "客户关系所处阶段、久未联系的客户以及客户来源。",
    ),
    (
        Panel("customer_stages", ("stage",)),
        Panel("customer_activity", ("recency",)),
        Panel("source_effectiveness", ("lead_source",), _YEAR),
    ),
)
_BUSINESS: Final = Dashboard(
    "business",
    1,
    Both("The business at a glance", "经营看板"),
    Both(
        "Sales, service and customers on one page.",
        "销售、服务与客户一览。",
    ),
    (
        Panel("won_deals", ("month",), _YEAR),
        Panel("win_rate", ("quarter",), _YEAR),
        Panel("forecast", ("forecast_category",)),
        Panel("pipeline_movement", ("movement",), "this_quarter"),
        Panel("ticket_flow", ("month",), _YEAR),
        Panel("backlog", ("priority",)),
        Panel("customer_stages", ("stage",)),
    ),
)

DASHBOARDS: Final[Mapping[str, Dashboard]] = {
    one.name: one for one in (_SALES, _SERVICE, _CUSTOMERS, _BUSINESS)
}
