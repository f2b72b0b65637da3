"""What customers bought: which orders count as theirs, said once for all figures of customers.

- An order 订单 counts while it binds: confirmed or completed. A draft does not, nor does one that
  waits for approval or was cancelled.
- It counts on its order date, with its net value less what came back of it (``kept_total``):
  after discounts, before tax. A return so takes its value off the day of the order.
- A credit 贷项 is no order: it takes its value off its customer on a day of its own. Whoever has
  nothing but credits has bought nothing.
- Orders of nobody count for nobody. Those of a customer who was merged into another count as the
  other's. Customers and orders that are archived count: what was bought was bought.
- Amounts of two currencies are never added up.
"""

from datetime import date
from typing import Final

from domain.orders import BINDING, Type
from projections.analytics.dimensions import of
from projections.analytics.kernel import Table, Views, one_if

MOST_MERGES: Final = 3
"""How often a customer's history may have gone on in another's and still be found there."""
FIELDS: Final = of(
    "customers", "lead_source", "level", "industry", "type", "kind", "stage", "owner_id", "team_id"
)
"""What figures of buyers are grouped and filtered by."""
_BINDING: Final = sorted(one.value for one in BINDING)


def orders(views: Views, until: date) -> Table:
    """What counts up to that day, credits too: ``id`` of the customer, ``order_id``, ``position``,
    ``on``, ``currency``, ``value`` and ``sale`` (1, of a credit 0).
    """
    found = views["orders"]
    found = found.filter(
        found.status.isin(_BINDING),
        found.customer_id.notnull(),
        found.ordered_on.notnull(),
        found.ordered_on <= until,
    )
    found = found.select(
        id=found.customer_id,
        order_id=found.id,
        position=found.position,
        on=found.ordered_on,
        currency=found.currency,
        value=found.kept_total,
        sale=one_if(found.type != Type.CREDIT.value),
    )
    return of_whom_it_went_on(views, found)


def sales(views: Views, until: date) -> Table:
    """The orders that count, without credits, with the number ``nth`` of each among its customer's,
    from 0. Of two on one day, the one that was recorded first is the first.
    """
    found = orders(views, until)
    found = found.filter(found.sale == 1)
    return found.mutate(
        nth=found.position.rank().over(group_by=[found.id], order_by=[found.on, found.position])
    )


def by_currency(views: Views, until: date) -> Table:
    """What each customer who bought anything up to that day bought in each currency: ``id``,
    ``currency``, ``value``, ``orders``, ``first_on``, ``last_on`` and the ``position`` of what
    counted last. Where a currency has nothing but credits, it has no days.
    """
    found = orders(views, until)
    sold = found.sale == 1
    found = found.group_by("id", "currency").aggregate(
        value=found.value.sum(),
        orders=found.sale.sum(),
        first_on=found.on.min(where=sold),
        last_on=found.on.max(where=sold),
        position=found.position.max(),
    )
    found = found.mutate(bought=found.orders.sum().over(group_by=[found.id]))
    return found.filter(found.bought > 0).drop("bought")


def buyers(views: Views, until: date) -> Table:
    """Whoever bought anything up to that day: ``id``, ``orders``, ``first_on``, ``last_on`` and the
    ``position`` of what counted last.
    """
    found = by_currency(views, until)
    return found.group_by("id").aggregate(
        first_on=found.first_on.min(),
        last_on=found.last_on.max(),
        orders=found.orders.sum(),
        position=found.position.max(),
    )


def described(views: Views, found: Table) -> Table:
    """The same with the fields of their customers that figures are grouped by."""
    customers = views["customers"]
    kept = {one.name: customers[one.name] for one in FIELDS}
    return found.join(customers.select(id=customers.id, **kept), "id")


def of_whom_it_went_on(views: Views, found: Table) -> Table:
    """Rows by a customer's ``id``, as rows of the one in whom that customer's history goes on."""
    customers = views["customers"]
    merged = customers.filter(customers.merged_into_id.notnull())
    merged = merged.select(id=merged.id, into=merged.merged_into_id)
    for _ in range(MOST_MERGES):
        found = found.left_join(merged, "id")
        found = found.mutate(id=found.into.coalesce(found.id)).drop("into")
        found = found.drop(*(name for name in found.columns if name.endswith("_right")))
    return found
