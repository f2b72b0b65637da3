"""The SLA policies, with every revision of what they promise."""

from domain.sla_policies import SlaPolicy
from projections.kernel import Projection, RecordRow, Serve


class SlaPolicyRow(RecordRow, SlaPolicy):
    """An SLA policy and its header."""


sla_policies = Projection(
    "sla_policies",
    version=1,
    row=SlaPolicyRow,
    serves=(Serve("number"), Serve("name"), Serve("changed_at")),
).follows(SlaPolicy)
