"""The aggregates: the table of contents of everything that Kept remembers."""

# Events that stand in files of their own: whoever knows the domain can read every one of them.
import domain.erasure
import domain.erasure_steps  # noqa: F401
from domain.consents import Consent
from domain.contacts import Contact
from domain.custom_fields import CustomFields
from domain.customers import Customer
from domain.kernel import Aggregate
from domain.legal_holds import LegalHold
from domain.opportunities import Opportunity
from domain.orders import Order
from domain.pipelines import Pipeline
from domain.products import Product
from domain.quotes import Quote
from domain.read_seals import ReadSeal
from domain.recipients import Recipient
from domain.retention_schedules import RetentionSchedule
from domain.saved_figures import SavedFigure
from domain.skipped_events import SkippedEvents
from domain.sla_policies import SlaPolicy
from domain.subject_requests import SubjectRequest
from domain.teams import Team
from domain.tickets import Ticket
from domain.users import User

AGGREGATES: tuple[type[Aggregate], ...] = (
    User,
    Team,
    CustomFields,
    ReadSeal,
    SkippedEvents,
    SavedFigure,
    Customer,
    Contact,
    Consent,
    Product,
    Pipeline,
    Opportunity,
    Quote,
    Order,
    SlaPolicy,
    Ticket,
    SubjectRequest,
    LegalHold,
    Recipient,
    RetentionSchedule,
)
