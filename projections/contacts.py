"""The contacts, as lists and searches need them."""

from domain.contacts import Contact
from projections.kernel import Projection, RecordRow, Serve


class ContactRow(RecordRow, Contact):
    """A contact and its header."""


contacts = Projection(
    "contacts",
    version=1,
    row=ContactRow,
    serves=(
        Serve("number"),
        Serve("changed_at"),
        Serve("family_name"),
        Serve("family_name", ("owner_id",)),
        Serve("family_name", ("stage",)),
    ),
    search=("family_name", "given_name", "emails", "phones", "number"),
).follows(Contact)
