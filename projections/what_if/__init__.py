"""What-ifs: the table of contents of the rules that can be replayed over the past."""

from collections.abc import Mapping
from typing import Final

from projections.what_if.assignment_report import ASSIGNMENT
from projections.what_if.kernel import WhatIf
from projections.what_if.scoring_report import SCORING
from projections.what_if.sla_report import SLA_POLICY

WHAT_IFS: Final[Mapping[str, WhatIf]] = {one.name: one for one in (SLA_POLICY, SCORING, ASSIGNMENT)}
