"""The read models: the table of contents of everything that Kept shows."""

from projections.consents import consents
from projections.contacts import contacts
from projections.custom_fields import custom_fields
from projections.customers import customers
from projections.history import history
from projections.kernel import Derived, Projection
from projections.legal_holds import legal_holds
from projections.lifetimes import lifetimes
from projections.opportunities import opportunities
from projections.opportunity_changes import opportunity_changes
from projections.orders import order_lines, orders
from projections.pipelines import pipelines
from projections.products import products
from projections.quotes import quotes
from projections.read_seals import read_seals
from projections.recipients import disclosures, recipients
from projections.retention_schedules import retention_reviews, retention_schedules
from projections.saved_figures import saved_figures
from projections.skipped_events import skipped_events
from projections.sla_policies import sla_policies
from projections.subject_requests import notices, subject_requests
from projections.teams import teams
from projections.ticket_changes import ticket_changes
from projections.ticket_clocks import ticket_clocks
from projections.tickets import ticket_messages, tickets
from projections.users import users

PROJECTIONS: tuple[Projection, ...] = (
    users,
    teams,
    custom_fields,
    read_seals,
    skipped_events,
    saved_figures,
    customers,
    contacts,
    consents,
    products,
    pipelines,
    opportunities,
    quotes,
    orders,
    sla_policies,
    tickets,
    ticket_messages,
    ticket_clocks,
    subject_requests,
    notices,
    legal_holds,
    recipients,
    disclosures,
    retention_schedules,
    retention_reviews,
    lifetimes,
)
"""First stage: folded from events."""
DERIVED: tuple[Derived, ...] = (history, order_lines, opportunity_changes, ticket_changes)
"""Second stage: fed by the first."""
