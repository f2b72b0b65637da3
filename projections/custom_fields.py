"""The custom fields that are declared, a row for each kind of record."""

from domain.custom_fields import CustomFields
from projections.kernel import Projection, RecordRow, Serve


class CustomFieldsRow(RecordRow, CustomFields):
    """The declared fields of one kind of record, and their header."""


custom_fields = Projection(
    "custom_fields", version=1, row=CustomFieldsRow, serves=(Serve("kind"),)
).follows(CustomFields)
