"""What service works with: tickets, their messages and clocks, and SLA policies."""

from fastapi import APIRouter

from api.commands import accepts
from api.reads import reads
from commands.sla_policies import (
    ArchiveSlaPolicy,
    ChangeSlaPolicy,
    DefineSlaPolicy,
    RestoreSlaPolicy,
)
from commands.ticket_history import RecordTicket, RecordTicketChange, RecordTicketTransition
from commands.tickets import (
    AddTicketMessage,
    AddTicketNote,
    ArchiveTicket,
    AssignSlaPolicy,
    AssignTicket,
    ChangeTicket,
    CloseTicket,
    CreateFollowUpTicket,
    EscalateTicket,
    HoldTicket,
    MarkTicketDuplicate,
    MergeTicket,
    OpenTicket,
    RejectTicket,
    ReopenTicket,
    ReplyToTicket,
    ResolveTicket,
    RestoreTicket,
    ResumeTicket,
    SetTicketPriority,
    SplitTicket,
    StartTicket,
    UnmergeTicket,
)
from domain.sla_policies import DEFAULT_SLA_POLICY
from projections.judged_clocks import judged_clocks
from projections.sla_policies import sla_policies
from projections.ticket_changes import ticket_changes
from projections.ticket_clocks import ticket_clocks
from projections.tickets import ticket_messages, tickets

router = APIRouter()

accepts(router, "/tickets", OpenTicket)
accepts(router, "/tickets/follow-up", CreateFollowUpTicket)
accepts(router, "/tickets/record", RecordTicket)
accepts(router, "/tickets/{id}", ChangeTicket, method="PATCH")
accepts(router, "/tickets/{id}/assign", AssignTicket)
accepts(router, "/tickets/{id}/set-priority", SetTicketPriority)
accepts(router, "/tickets/{id}/assign-sla-policy", AssignSlaPolicy)
accepts(router, "/tickets/{id}/escalate", EscalateTicket)
accepts(router, "/tickets/{id}/start", StartTicket)
accepts(router, "/tickets/{id}/hold", HoldTicket)
accepts(router, "/tickets/{id}/resume", ResumeTicket)
accepts(router, "/tickets/{id}/reply", ReplyToTicket)
accepts(router, "/tickets/{id}/add-note", AddTicketNote)
accepts(router, "/tickets/{id}/add-message", AddTicketMessage)
accepts(router, "/tickets/{id}/resolve", ResolveTicket)
accepts(router, "/tickets/{id}/close", CloseTicket)
accepts(router, "/tickets/{id}/reopen", ReopenTicket)
accepts(router, "/tickets/{id}/reject", RejectTicket)
accepts(router, "/tickets/{id}/mark-duplicate", MarkTicketDuplicate)
accepts(router, "/tickets/{id}/merge", MergeTicket)
accepts(router, "/tickets/{id}/unmerge", UnmergeTicket)
accepts(router, "/tickets/{id}/split", SplitTicket)
accepts(router, "/tickets/{id}/record-transition", RecordTicketTransition)
accepts(router, "/tickets/{id}/record-change", RecordTicketChange)
accepts(router, "/tickets/{id}/archive", ArchiveTicket)
accepts(router, "/tickets/{id}/restore", RestoreTicket)
reads(router, tickets)
reads(router, ticket_messages)
reads(router, ticket_clocks)
reads(router, judged_clocks)

accepts(router, "/sla-policies", DefineSlaPolicy)
accepts(
    router,
    "/sla-policies/default",
    DefineSlaPolicy,
    name="DefineDefaultSlaPolicy",
    at=DEFAULT_SLA_POLICY,
)
accepts(router, "/sla-policies/{id}", ChangeSlaPolicy, method="PATCH")
accepts(router, "/sla-policies/{id}/archive", ArchiveSlaPolicy)
accepts(router, "/sla-policies/{id}/restore", RestoreSlaPolicy)
reads(router, sla_policies)
reads(router, ticket_changes)
