"""The customers, as lists and searches need them."""

from domain.customers import Customer
from projections.kernel import Projection, RecordRow, Serve


class CustomerRow(RecordRow, Customer):
    """A customer and its header."""


customers = Projection(
    "customers",
    version=1,
    row=CustomerRow,
    serves=(
        Serve("number"),
        Serve("changed_at"),
        Serve("name"),
        Serve("name", ("stage",)),
        Serve("name", ("owner_id",)),
        Serve("next_follow_up_on", ("owner_id",)),
        Serve("name", ("industry",)),
        Serve("name", ("parent_id",)),
        Serve("changed_at", ("in_pool",)),
    ),
    search=("name", "emails", "phones", "number"),
).follows(Customer)
