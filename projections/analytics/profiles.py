"""What is counted for the profile of a customer."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from domain.ticket_history import IN_WORK
from projections.analytics.kernel import Table, Views, one_if

_IN_WORK: Final = sorted(one.value for one in IN_WORK)


def deals_of(views: Views, ids: Sequence[UUID]) -> Table:
    """Their deals by ``status`` and ``currency``: ``deals`` and ``amount``."""
    found = views["opportunities"]
    found = found.filter(found.customer_id.isin(ids), ~found.archived)
    return (
        found.group_by("status", currency=found.amount_currency)
        .aggregate(deals=found.count(), amount=found.amount.sum())
        .order_by("status", "currency")
    )


def tickets_of(views: Views, ids: Sequence[UUID]) -> Table:
    """One row: how many tickets there are, are open, and kept or missed what was promised."""
    found, clocks = views["tickets"], views["ticket_clocks"]
    found = found.filter(found.customer_id.isin(ids), found.merged_into_id.isnull())
    judged = clocks.select(
        id=clocks.ticket_id, missed=clocks.missed, outcome=clocks.resolution_outcome
    )
    found = found.left_join(judged, "id")
    missed = found.missed.fill_null(False)
    return found.aggregate(
        tickets=found.count(),
        open=one_if(found.status.isin(_IN_WORK)).sum(),
        promises_kept=one_if((found.outcome == "met") & ~missed).sum(),
        promises_missed=one_if(missed).sum(),
    )


def contacts(ids: Sequence[UUID], most: int) -> str:
    """A query for those who speak for them: ``id`` and ``customers``. Links lie in a list of
    objects, into which no expression of Ibis looks, so this one is for PostgreSQL alone.
    """
    linked = " OR ".join(f'customers @> \'[{{"customer_id": "{one}"}}]\'' for one in ids)
    return (
        "SELECT id, customers FROM contacts WHERE merged_into_id IS NULL AND NOT archived"
        f" AND ({linked}) ORDER BY id LIMIT {most}"
    )
