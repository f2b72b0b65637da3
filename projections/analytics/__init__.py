"""Figures: the table of contents of what is measured. Each is defined once, for every engine."""

from collections.abc import Mapping
from typing import Final

from projections.analytics.accuracy import ACCURACY
from projections.analytics.customers import CUSTOMER_FIGURES
from projections.analytics.kernel import Definition, UnknownFigure
from projections.analytics.loyalty import LOYALTY_FIGURES
from projections.analytics.movement import MOVEMENT
from projections.analytics.sales import SALES
from projections.analytics.segments import SEGMENT_FIGURES
from projections.analytics.service import SERVICE
from projections.analytics.service_levels import SERVICE_LEVELS
from projections.analytics.sources import SOURCE_FIGURES

DEFINITIONS: Final[Mapping[str, Definition]] = {
    one.name: one
    for one in (
        *SALES,
        *MOVEMENT,
        ACCURACY,
        *SERVICE,
        *SERVICE_LEVELS,
        *CUSTOMER_FIGURES,
        *SEGMENT_FIGURES,
        *LOYALTY_FIGURES,
        *SOURCE_FIGURES,
    )
}


def definition(name: str) -> Definition:
    """The definition of that name.

    Raises:
        UnknownFigure: there is none.
    """
    found = DEFINITIONS.get(name)
    if found is None:
        raise UnknownFigure("name", f"is no figure. There are: {', '.join(DEFINITIONS)}.")
    return found
