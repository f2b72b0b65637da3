"""A story in which every command there is gets issued once at least, and none is refused."""

from dataclasses import dataclass, field
from typing import Any, Final

from domain.values import CustomValue

EUROS: Final = {"amount": "12.50", "currency": "EUR"}


@dataclass(frozen=True)
class Step:
    """A command for the record of a name. What it opens bears that name from then on."""

    command: str
    record: str
    public: dict[str, Any] = field(default_factory=dict)
    """What the command needs beside its personal fields; ``@name`` stands for a record's id."""
    by_another: bool = False
    """Whether somebody else issues it than all the others."""
    occurred_at: str | None = None
    """When it was so; now, unless it is entered late."""


def _step(command: str, record: str, **public: "CustomValue | dict[str, Any] | list[Any]") -> Step:
    return Step(command, record, public)


_LEGACY: Final = {"source_system": "legacy"}
_OF_LEAVER: Final = {"user_id": "@leaver", **_LEGACY}
_STAGES: Final = [
    {"key": "first", "label": "First", "probability": 10},
    {"key": "won", "label": "Won", "kind": "won", "probability": 100},
    {"key": "lost", "label": "Lost", "kind": "lost", "probability": 0},
]
_DEAL: Final = {"amount": EUROS, "expected_close_on": "2027-01-31", **_LEGACY}
_LONG_AGO: Final = "2025-03-01T09:00:00Z"
_SOLD: Final = {"product_id": "@product", "unit_price": EUROS}
_OFFER: Final = {"currency": "EUR", "valid_until": "2099-12-31"}
_ABOUT: Final = {"contact_id": "@contact", "channel": "email", "source": "A form", **_LEGACY}
_ACT: Final = {"captured_at": "2025-01-05T09:00:00Z", **_ABOUT}
_REFUSAL: Final = {"withdrawal_reason": "asked", **_ABOUT}

_GIVEN: Final[dict[str, Any]] = {"categories": ["contact"], "purpose": "mailings"}
_RECIPIENT: Final = {
    "role": "processor",
    "country": "DE",
    "categories": ["identity", "contact"],
    "purposes": ["mailings"],
    "contract_on": "2024-05-01",
}

STORY: Final = (
    # Colleagues
    Step("InviteUser", "user", _LEGACY),
    _step("ActivateUser", "user"),
    Step("ChangeUser", "user", _LEGACY),
    Step("InviteUser", "leaver", _LEGACY),
    _step("ActivateUser", "leaver"),
    _step("DeactivateUser", "leaver"),
    _step("ReactivateUser", "leaver"),
    Step("CreateTeam", "team", {"name": "Team of the story", **_LEGACY}),
    Step("ChangeTeam", "team", {"name": "Team of stories", **_LEGACY}),
    _step("ArchiveTeam", "team"),
    _step("RestoreTeam", "team"),
    # Pipelines and products
    Step("DefinePipeline", "pipeline", {"name": "Of the story", "stages": _STAGES, **_LEGACY}),
    Step("ChangePipeline", "pipeline", {"name": "Of stories", **_LEGACY}),
    _step("ArchivePipeline", "pipeline"),
    _step("RestorePipeline", "pipeline"),
    Step("CreateProduct", "product", {"sku": "STORY-1", "name": "Story", **_LEGACY}),
    Step("ChangeProduct", "product", {"name": "Story 2", **_LEGACY}),
    _step("SetProductPrice", "product", price=EUROS),
    _step("DeactivateProduct", "product"),
    _step("ActivateProduct", "product"),
    _step("ArchiveProduct", "product"),
    _step("RestoreProduct", "product"),
    # Customers
    Step("RegisterCustomer", "customer", {"kind": "person", **_LEGACY}),
    Step("ChangeCustomer", "customer", {"level": "A", **_LEGACY}),
    _step("ActivateCustomer", "customer"),
    _step("MarkCustomerDormant", "customer"),
    _step("LoseCustomer", "customer"),
    _step("AssignCustomer", "customer", owner_id="@user"),
    _step("ReleaseCustomer", "customer"),
    _step("ClaimCustomer", "customer", owner_id="@user"),
    _step("LockCustomer", "customer"),
    _step("UnlockCustomer", "customer"),
    _step("FollowUpCustomer", "customer"),
    Step("RegisterCustomer", "twin", {"kind": "person", **_LEGACY}),
    _step("MergeCustomer", "customer", absorbed_id="@twin"),
    Step("ChangeCustomer", "customer", {"level": "B", **_LEGACY}),
    _step("UnmergeCustomer", "customer", absorbed_id="@twin"),
    _step("ArchiveCustomer", "customer"),
    _step("RestoreCustomer", "customer"),
    # Contacts
    Step("RegisterContact", "contact", _LEGACY),
    Step("ChangeContact", "contact", _LEGACY),
    _step("LinkContact", "contact", customer_id="@customer"),
    _step("ChangeContactRole", "contact", customer_id="@customer", role="user"),
    _step("UnlinkContact", "contact", customer_id="@customer"),
    _step("MarkContactLeft", "contact"),
    _step("ReactivateContact", "contact"),
    _step("RestrictContact", "contact"),
    _step("UnrestrictContact", "contact"),
    Step("RegisterContact", "double", _LEGACY),
    _step("MergeContact", "contact", absorbed_id="@double"),
    Step("ChangeContact", "contact", {"do_not_call": True, **_LEGACY}),
    _step("UnmergeContact", "contact", absorbed_id="@double"),
    _step("ArchiveContact", "contact"),
    _step("RestoreContact", "contact"),
    # Consents, the refusals last
    Step("GrantConsent", "consent", {"purpose": "invoices", "lawful_basis": "contract", **_ACT}),
    _step("RenewConsent", "consent", captured_at="2025-02-05T09:00:00Z", source="A form"),
    Step("ChangeConsent", "consent", _LEGACY),
    Step(
        "GrantConsent",
        "lapsed",
        {
            "purpose": "offers",
            "lawful_basis": "legitimate_interests",
            "valid_until": "2025-03-01T00:00:00Z",
            **_ACT,
        },
    ),
    _step("ExpireConsent", "lapsed"),
    Step("RequestConsent", "newsletter", {"purpose": "newsletter", "wording_version": "3", **_ACT}),
    _step("ConfirmConsent", "newsletter"),
    Step("RefuseConsent", "surveys", {"purpose": "surveys", **_REFUSAL}),
    _step("WithdrawConsent", "newsletter", withdrawal_reason="unsubscribed"),
    # Deals
    Step("OpenOpportunity", "deal", {"customer_id": "@customer", **_DEAL}),
    Step("ChangeOpportunity", "deal", {"probability": 60, **_LEGACY}),
    _step("MoveOpportunity", "deal", stage="proposal"),
    _step("LinkOpportunityContact", "deal", contact_id="@contact"),
    _step("UnlinkOpportunityContact", "deal", contact_id="@contact"),
    _step("SetOpportunityLines", "deal", lines=[{"product_id": "@product", "unit_price": EUROS}]),
    _step("LoseOpportunity", "deal", loss_reason="other"),
    _step("ReopenOpportunity", "deal"),
    _step("WinOpportunity", "deal", amount=EUROS),
    _step("ArchiveOpportunity", "deal"),
    _step("RestoreOpportunity", "deal"),
    Step("RecordOpportunity", "old deal", {"stage": "prospecting", **_LEGACY}),
    _step("RecordOpportunityLoss", "old deal", loss_reason="other"),
    # Quotes and orders
    Step("DraftQuote", "offer", {"customer_id": "@customer", **_OFFER, **_LEGACY}),
    Step("ChangeQuote", "offer", _LEGACY),
    _step("SetQuoteLines", "offer", lines=[_SOLD]),
    _step("SubmitQuote", "offer"),
    _step("SendBackQuote", "offer"),
    _step("SubmitQuote", "offer"),
    _step("SendQuote", "offer"),
    _step("ReviseQuote", "revision", revises_id="@offer", valid_until="2099-12-31"),
    _step("SubmitQuote", "revision"),
    _step("SendQuote", "revision"),
    _step("AcceptQuote", "revision"),
    _step("ArchiveQuote", "revision"),
    _step("RestoreQuote", "revision"),
    Step("DraftQuote", "refused", {"customer_id": "@customer", **_OFFER, **_LEGACY}),
    _step("SetQuoteLines", "refused", lines=[_SOLD]),
    _step("SubmitQuote", "refused"),
    _step("SendQuote", "refused"),
    _step("RejectQuote", "refused"),
    Step(
        "DraftQuote",
        "late",
        {
            "customer_id": "@customer",
            "currency": "EUR",
            "valid_until": "2025-03-31",
            "lines": [_SOLD],
            **_LEGACY,
        },
        occurred_at=_LONG_AGO,
    ),
    Step("SubmitQuote", "late", occurred_at=_LONG_AGO),
    Step("SendQuote", "late", occurred_at=_LONG_AGO),
    _step("ExpireQuote", "late"),
    Step("DraftOrder", "order", {"customer_id": "@customer", "currency": "EUR", **_LEGACY}),
    Step("ChangeOrder", "order", _LEGACY),
    _step("SetOrderLines", "order", lines=[_SOLD]),
    _step("SubmitOrder", "order"),
    _step("SendBackOrder", "order"),
    _step("SubmitOrder", "order"),
    _step("ConfirmOrder", "order"),
    _step(
        "PlanOrderReceivables",
        "order",
        instalments=[{"due_on": "2027-01-31", "amount": EUROS}],
    ),
    _step("RecordOrderPayment", "order", amount=EUROS),
    _step("ReturnOrderLines", "order", returns=[{"line": 1, "quantity": "1"}]),
    _step("RecordOrderRefund", "order", amount=EUROS),
    _step("CompleteOrder", "order"),
    _step("ArchiveOrder", "order"),
    _step("RestoreOrder", "order"),
    Step("DraftOrder", "mistake", {"customer_id": "@customer", "currency": "EUR", **_LEGACY}),
    _step("CancelOrder", "mistake"),
    Step(
        "RecordOrder",
        "old order",
        {"ordered_on": "2010-12-01", "currency": "EUR", "lines": [_SOLD], **_LEGACY},
    ),
    # Saved figures
    Step(
        "SaveFigure",
        "figure",
        {
            "question": {"figure": "won_deals", "by": ["month"], "period": "this_quarter"},
            **_LEGACY,
        },
    ),
    Step("ChangeSavedFigure", "figure", {"visibility": "shared", **_LEGACY}),
    _step("ArchiveSavedFigure", "figure"),
    _step("RestoreSavedFigure", "figure"),
    # SLA policies
    Step("DefineSlaPolicy", "policy", {"name": "Usual", **_LEGACY}),
    Step("ChangeSlaPolicy", "policy", {"pauses": ["third_party"], **_LEGACY}),
    _step("ArchiveSlaPolicy", "policy"),
    _step("RestoreSlaPolicy", "policy"),
    # Tickets
    Step("OpenTicket", "ticket", {"priority": "low", "contact_id": "@contact", **_LEGACY}),
    Step("ChangeTicket", "ticket", {"category": "Displays", **_LEGACY}),
    _step("StartTicket", "ticket"),
    _step("AssignTicket", "ticket", assignee_id="@user"),
    _step("SetTicketPriority", "ticket", priority="high"),
    _step("AssignSlaPolicy", "ticket", sla_policy_id="@policy"),
    _step("EscalateTicket", "ticket", escalation_level=2),
    _step("HoldTicket", "ticket", waiting_for="customer"),
    _step("ResumeTicket", "ticket"),
    _step("ReplyToTicket", "ticket"),
    _step("AddTicketNote", "ticket"),
    _step("AddTicketMessage", "ticket"),
    _step("SplitTicket", "ticket", message_ids=["@message"]),
    _step("ResolveTicket", "ticket"),
    _step("ReopenTicket", "ticket"),
    _step("RejectTicket", "ticket", reopen_within_days=0),
    Step("CreateFollowUpTicket", "follow-up", {"follows_up_id": "@ticket", **_LEGACY}),
    Step("OpenTicket", "same", {"priority": "low", **_LEGACY}),
    _step("MarkTicketDuplicate", "same", duplicate_of_id="@follow-up"),
    Step("OpenTicket", "another", {"priority": "low", **_LEGACY}),
    _step("MergeTicket", "another", absorbed_id="@follow-up"),
    _step("UnmergeTicket", "another", absorbed_id="@follow-up"),
    _step("ResolveTicket", "another"),
    _step("CloseTicket", "another"),
    _step("ArchiveTicket", "another"),
    _step("RestoreTicket", "another"),
    Step(
        "RecordTicket",
        "incident",
        {"sequence": 0, "status": "new", "source_state": "New", **_LEGACY},
    ),
    Step("RecordTicketChange", "incident", {"sequence": 1, "priority": "high", **_LEGACY}),
    _step("RecordTicketTransition", "incident", sequence=2, source_state="Active", status="open"),
    # Requests of people about their own data
    Step(
        "ReceiveSubjectRequest", "access", {"kind": "access", "contact_id": "@contact", **_LEGACY}
    ),
    Step("ChangeSubjectRequest", "access", _LEGACY),
    _step("ExtendSubjectRequest", "access", months_more=2),
    _step("IdentifySubject", "access", identified_by="document"),
    _step("FulfilSubjectRequest", "access"),
    Step("ReceiveSubjectRequest", "no", {"kind": "objection", "user_id": "@leaver", **_LEGACY}),
    _step("RefuseSubjectRequest", "no", refusal_ground="excessive"),
    Step("ReceiveSubjectRequest", "never mind", {"kind": "erasure", "user_id": "@user", **_LEGACY}),
    _step("WithdrawSubjectRequest", "never mind"),
    Step("RegisterCustomer", "who goes", {"kind": "person", **_LEGACY}),
    Step(
        "ReceiveSubjectRequest",
        "erasure",
        {"kind": "erasure", "customer_id": "@who goes", **_LEGACY},
    ),
    _step("IdentifySubject", "erasure", identified_by="signed_in"),
    _step("DecideErasure", "erasure"),
    Step("PlaceLegalHold", "hold", {"law": "HGB § 257", "approved_by_id": "@user", **_OF_LEAVER}),
    Step("ChangeLegalHold", "hold", {"expires_on": "2099-12-31", **_LEGACY}),
    _step("LiftLegalHold", "hold"),
    # Recipients
    Step("RegisterRecipient", "printer", {**_RECIPIENT, **_LEGACY}),
    Step("ChangeRecipient", "printer", {"country": "AT", **_LEGACY}),
    _step("RecordDisclosure", "printer", contact_ids=["@contact"], **_GIVEN),
    Step(
        "ReceiveSubjectRequest",
        "correction",
        {"kind": "rectification", "contact_id": "@contact", **_LEGACY},
    ),
    _step("IdentifySubject", "correction", identified_by="signed_in"),
    _step("FulfilSubjectRequest", "correction"),
    _step("RecordNotice", "correction", recipient_id="@printer", outcome="sent", means="post"),
    _step("EndRecipient", "printer"),
    # Retention
    Step(
        "ProposeRetentionSchedule",
        "schedule",
        {
            "kind": "contacts",
            "category": "trace",
            "trigger": "last_activity",
            "duration": "P3Y",
            "law": "PIPL Art. 19",
            "action": "review",
            **_LEGACY,
        },
    ),
    Step("ChangeRetentionSchedule", "schedule", {"duration": "P5Y", **_LEGACY}),
    Step("PutRetentionScheduleInForce", "schedule", by_another=True),
    _step("ReviewRetention", "schedule", record_id="@contact", kept_until="2099-12-31"),
    _step("WithdrawRetentionSchedule", "schedule"),
    # Custom fields
    _step("DeclareCustomField", "customers", key="tier", label="Tier", type="text"),
    _step("ChangeCustomField", "customers", key="tier", label="Level"),
    _step("RetireCustomField", "customers", key="tier"),
    _step("RestoreCustomField", "customers", key="tier"),
)
