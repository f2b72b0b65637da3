"""The seals of the read log, in the order of what they seal."""

from domain.read_seals import ReadSeal
from projections.kernel import Projection, RecordRow, Serve


class ReadSealRow(RecordRow, ReadSeal):
    """A seal and its header; ``position`` is that of the sealing event, until its reads expire."""


read_seals = Projection(
    "read_seals",
    version=1,
    row=ReadSealRow,
    serves=(Serve("last"), Serve("until")),
).follows(ReadSeal)
