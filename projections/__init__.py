"""The read models: the table of contents of everything that Kept shows."""

from projections.customers import customers
from projections.history import history
from projections.kernel import Derived, Projection

PROJECTIONS: tuple[Projection, ...] = (customers,)
"""First stage: folded from events, in this order."""
DERIVED: tuple[Derived, ...] = (history,)
"""Second stage: fed by the first."""
