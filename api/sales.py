"""What sales works with: customers, contacts, products, pipelines and opportunities."""

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
from projections.contacts import contacts
from projections.customers import customers
from projections.opportunities import opportunities
from projections.opportunity_changes import opportunity_changes
from projections.pipelines import pipelines
from projections.products import products

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
