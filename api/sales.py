"""What sales works with: customers, contacts, products, pipelines, deals, quotes and orders."""

from fastapi import APIRouter

from api.commands import accepts
from api.reads import reads
from commands.contacts import (
    ArchiveContact,
    ChangeContact,
    ChangeContactRole,
    LinkContact,
    MarkContactLeft,
    MergeContact,
    ReactivateContact,
    RegisterContact,
    RestoreContact,
    RestrictContact,
    UnlinkContact,
    UnmergeContact,
    UnrestrictContact,
)
from commands.customers import (
    ActivateCustomer,
    ArchiveCustomer,
    AssignCustomer,
    ChangeCustomer,
    ClaimCustomer,
    FollowUpCustomer,
    LockCustomer,
    LoseCustomer,
    MarkCustomerDormant,
    MergeCustomer,
    RegisterCustomer,
    ReleaseCustomer,
    RestoreCustomer,
    UnlockCustomer,
    UnmergeCustomer,
)
from commands.opportunities import (
    ArchiveOpportunity,
    ChangeOpportunity,
    LinkOpportunityContact,
    LoseOpportunity,
    MoveOpportunity,
    OpenOpportunity,
    RecordOpportunity,
    RecordOpportunityLoss,
    ReopenOpportunity,
    RestoreOpportunity,
    SetOpportunityLines,
    UnlinkOpportunityContact,
    WinOpportunity,
)
from commands.order_history import RecordOrder
from commands.order_payments import (
    PlanOrderReceivables,
    RecordOrderPayment,
    RecordOrderRefund,
    ReturnOrderLines,
)
from commands.orders import (
    ArchiveOrder,
    CancelOrder,
    ChangeOrder,
    CompleteOrder,
    ConfirmOrder,
    DraftOrder,
    RestoreOrder,
    SendBackOrder,
    SetOrderLines,
    SubmitOrder,
)
from commands.pipelines import ArchivePipeline, ChangePipeline, DefinePipeline, RestorePipeline
from commands.products import (
    ActivateProduct,
    ArchiveProduct,
    ChangeProduct,
    CreateProduct,
    DeactivateProduct,
    RestoreProduct,
    SetProductPrice,
)
from commands.quotes import (
    AcceptQuote,
    ArchiveQuote,
    ChangeQuote,
    DraftQuote,
    ExpireQuote,
    RejectQuote,
    RestoreQuote,
    ReviseQuote,
    SendBackQuote,
    SendQuote,
    SetQuoteLines,
    SubmitQuote,
)
from projections.contacts import contacts
from projections.customers import customers
from projections.opportunities import opportunities
from projections.opportunity_changes import opportunity_changes
from projections.orders import order_lines, orders
from projections.pipelines import pipelines
from projections.products import products
from projections.quotes import quotes

router = APIRouter()

accepts(router, "/customers", RegisterCustomer)
accepts(router, "/customers/{id}", ChangeCustomer, method="PATCH")
accepts(router, "/customers/{id}/activate", ActivateCustomer)
accepts(router, "/customers/{id}/mark-dormant", MarkCustomerDormant)
accepts(router, "/customers/{id}/lose", LoseCustomer)
accepts(router, "/customers/{id}/assign", AssignCustomer)
accepts(router, "/customers/{id}/claim", ClaimCustomer)
accepts(router, "/customers/{id}/release", ReleaseCustomer)
accepts(router, "/customers/{id}/lock", LockCustomer)
accepts(router, "/customers/{id}/unlock", UnlockCustomer)
accepts(router, "/customers/{id}/follow-up", FollowUpCustomer)
accepts(router, "/customers/{id}/merge", MergeCustomer)
accepts(router, "/customers/{id}/unmerge", UnmergeCustomer)
accepts(router, "/customers/{id}/archive", ArchiveCustomer)
accepts(router, "/customers/{id}/restore", RestoreCustomer)
reads(router, customers)

accepts(router, "/contacts", RegisterContact)
accepts(router, "/contacts/{id}", ChangeContact, method="PATCH")
accepts(router, "/contacts/{id}/link", LinkContact)
accepts(router, "/contacts/{id}/change-role", ChangeContactRole)
accepts(router, "/contacts/{id}/unlink", UnlinkContact)
accepts(router, "/contacts/{id}/mark-left", MarkContactLeft)
accepts(router, "/contacts/{id}/reactivate", ReactivateContact)
accepts(router, "/contacts/{id}/restrict", RestrictContact)
accepts(router, "/contacts/{id}/unrestrict", UnrestrictContact)
accepts(router, "/contacts/{id}/merge", MergeContact)
accepts(router, "/contacts/{id}/unmerge", UnmergeContact)
accepts(router, "/contacts/{id}/archive", ArchiveContact)
accepts(router, "/contacts/{id}/restore", RestoreContact)
reads(router, contacts)

accepts(router, "/products", CreateProduct)
accepts(router, "/products/{id}", ChangeProduct, method="PATCH")
accepts(router, "/products/{id}/set-price", SetProductPrice)
accepts(router, "/products/{id}/activate", ActivateProduct)
accepts(router, "/products/{id}/deactivate", DeactivateProduct)
accepts(router, "/products/{id}/archive", ArchiveProduct)
accepts(router, "/products/{id}/restore", RestoreProduct)
reads(router, products)

accepts(router, "/pipelines", DefinePipeline)
accepts(router, "/pipelines/{id}", ChangePipeline, method="PATCH")
accepts(router, "/pipelines/{id}/archive", ArchivePipeline)
accepts(router, "/pipelines/{id}/restore", RestorePipeline)
reads(router, pipelines)

accepts(router, "/opportunities", OpenOpportunity)
accepts(router, "/opportunities/record", RecordOpportunity)
accepts(router, "/opportunities/{id}", ChangeOpportunity, method="PATCH")
accepts(router, "/opportunities/{id}/move", MoveOpportunity)
accepts(router, "/opportunities/{id}/win", WinOpportunity)
accepts(router, "/opportunities/{id}/lose", LoseOpportunity)
accepts(router, "/opportunities/{id}/record-loss", RecordOpportunityLoss)
accepts(router, "/opportunities/{id}/reopen", ReopenOpportunity)
accepts(router, "/opportunities/{id}/link-contact", LinkOpportunityContact)
accepts(router, "/opportunities/{id}/unlink-contact", UnlinkOpportunityContact)
accepts(router, "/opportunities/{id}/set-lines", SetOpportunityLines)
accepts(router, "/opportunities/{id}/archive", ArchiveOpportunity)
accepts(router, "/opportunities/{id}/restore", RestoreOpportunity)
reads(router, opportunities)
reads(router, opportunity_changes)

accepts(router, "/quotes", DraftQuote)
accepts(router, "/quotes/revise", ReviseQuote)
accepts(router, "/quotes/{id}", ChangeQuote, method="PATCH")
accepts(router, "/quotes/{id}/set-lines", SetQuoteLines)
accepts(router, "/quotes/{id}/submit", SubmitQuote)
accepts(router, "/quotes/{id}/send-back", SendBackQuote)
accepts(router, "/quotes/{id}/send", SendQuote)
accepts(router, "/quotes/{id}/accept", AcceptQuote)
accepts(router, "/quotes/{id}/reject", RejectQuote)
accepts(router, "/quotes/{id}/expire", ExpireQuote)
accepts(router, "/quotes/{id}/archive", ArchiveQuote)
accepts(router, "/quotes/{id}/restore", RestoreQuote)
reads(router, quotes)

accepts(router, "/orders", DraftOrder)
accepts(router, "/orders/record", RecordOrder)
accepts(router, "/orders/{id}", ChangeOrder, method="PATCH")
accepts(router, "/orders/{id}/set-lines", SetOrderLines)
accepts(router, "/orders/{id}/submit", SubmitOrder)
accepts(router, "/orders/{id}/send-back", SendBackOrder)
accepts(router, "/orders/{id}/confirm", ConfirmOrder)
accepts(router, "/orders/{id}/complete", CompleteOrder)
accepts(router, "/orders/{id}/cancel", CancelOrder)
accepts(router, "/orders/{id}/plan-receivables", PlanOrderReceivables)
accepts(router, "/orders/{id}/record-payment", RecordOrderPayment)
accepts(router, "/orders/{id}/record-refund", RecordOrderRefund)
accepts(router, "/orders/{id}/return-lines", ReturnOrderLines)
accepts(router, "/orders/{id}/archive", ArchiveOrder)
accepts(router, "/orders/{id}/restore", RestoreOrder)
reads(router, orders)
reads(router, order_lines)
