"""What figures are grouped by, in words that the records have already."""

from collections.abc import Mapping
from typing import Final

from projections.analytics.kernel import Dimension
from projections.words import WORDS
from projections.words.kernel import Both
from projections.words.shared import LABELS, YES_NO

_LINKS: Final = {
    "owner_id": "users",
    "assignee_id": "users",
    "team_id": "teams",
    "product_id": "products",
    "pipeline_id": "pipelines",
    "sla_policy_id": "sla_policies",
}
YES_OR_NO: Final = {"true": YES_NO[True], "false": YES_NO[False]}


def of(kind: str, *names: str) -> tuple[Dimension, ...]:
    """Fields of a kind of record, with their labels and the words of their values."""
    words = WORDS[kind]
    return tuple(
        Dimension(
            name,
            LABELS.get(name) or words.labels[name],
            words.values.get(name, {}),
            _LINKS.get(name),
        )
        for name in names
    )


def called(name: str, label: Both, values: Mapping[str, Both]) -> Dimension:
    """One that only figures have."""
    return Dimension(name, label, values)


PRODUCT: Final = Dimension("product_id", Both("product", "产品"), links="products")
