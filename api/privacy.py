"""What privacy officers work with: requests of people about their own data, holds, retention."""

from functools import partial
from typing import Final

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request

from api.certificates import certificate
from api.commands import accepts
from api.openapi import describe_read
from api.parameters import RECORD_ID
from api.problems import Problem
from api.reads import reads
from api.replies import Reply, json_reply
from api.retention_plan import plans_retention
from api.routing import KeyedRoute, caller_of, record_id
from commands.legal_holds import ChangeLegalHold, LiftLegalHold, PlaceLegalHold
from commands.recipients import (
    ChangeRecipient,
    EndRecipient,
    RecordDisclosure,
    RegisterRecipient,
)
from commands.retention_schedules import (
    ChangeRetentionSchedule,
    ProposeRetentionSchedule,
    PutRetentionScheduleInForce,
    ReviewRetention,
    WithdrawRetentionSchedule,
)
from commands.subject_requests import (
    ChangeSubjectRequest,
    DecideErasure,
    ExtendSubjectRequest,
    FulfilSubjectRequest,
    IdentifySubject,
    ReceiveSubjectRequest,
    RecordNotice,
    RefuseSubjectRequest,
    WithdrawSubjectRequest,
)
from projections.legal_holds import legal_holds
from projections.lifetimes import lifetimes
from projections.recipients import disclosures, recipients
from projections.retention_schedules import retention_reviews, retention_schedules
from projections.subject_requests import notices, subject_requests
from store.transparency.merkle import ProofError

CERTIFIERS: Final = ("admin", "auditor")

_DESCRIBED = describe_read(
    "CertifyErasure",
    "/v1/subject-requests/{id}/certificate",
    "Certify an erasure",
    "What went, what stays and where, with proofs that the log holds every step, signed with the "
    "log's key. It names the person only by commitments that they can open. `kept verify --bundle` "
    "checks it without a database and without us.",
    parameters=[RECORD_ID],
    answer={
        "description": "The certificate.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    errors=(401, 403, 404, 409),
)


async def certified(request: Request) -> Reply:
    """The certificate of an erasure that was carried out."""
    caller = caller_of(request)
    caller.needs("read")
    if caller.reader.role not in CERTIFIERS:
        raise Problem("forbidden", "Certificates are for administrators and auditors.")
    services, wanted = caller.served.services, record_id(request)
    work = partial(certificate, services.log, services.integrator, services.transparency, wanted)
    try:
        made = await anyio.to_thread.run_sync(work, limiter=caller.served.scans)
    except ProofError as missing:
        raise Problem("rejected", str(missing)) from None
    return json_reply(200, made, {"Cache-Control": "no-store"})


router = APIRouter()

accepts(router, "/subject-requests", ReceiveSubjectRequest)
accepts(router, "/subject-requests/{id}", ChangeSubjectRequest, method="PATCH")
accepts(router, "/subject-requests/{id}/identify", IdentifySubject)
accepts(router, "/subject-requests/{id}/extend", ExtendSubjectRequest)
accepts(router, "/subject-requests/{id}/refuse", RefuseSubjectRequest)
accepts(router, "/subject-requests/{id}/withdraw", WithdrawSubjectRequest)
accepts(router, "/subject-requests/{id}/fulfil", FulfilSubjectRequest)
accepts(router, "/subject-requests/{id}/decide-erasure", DecideErasure)
accepts(router, "/subject-requests/{id}/notices", RecordNotice)
reads(router, subject_requests)
reads(router, notices)

accepts(router, "/legal-holds", PlaceLegalHold)
accepts(router, "/legal-holds/{id}", ChangeLegalHold, method="PATCH")
accepts(router, "/legal-holds/{id}/lift", LiftLegalHold)
reads(router, legal_holds)

accepts(router, "/recipients", RegisterRecipient)
accepts(router, "/recipients/{id}", ChangeRecipient, method="PATCH")
accepts(router, "/recipients/{id}/end", EndRecipient)
accepts(router, "/recipients/{id}/disclosures", RecordDisclosure)
reads(router, recipients)
reads(router, disclosures)
plans_retention(router)
accepts(router, "/retention-schedules", ProposeRetentionSchedule)
accepts(router, "/retention-schedules/{id}", ChangeRetentionSchedule, method="PATCH")
accepts(router, "/retention-schedules/{id}/put-in-force", PutRetentionScheduleInForce)
accepts(router, "/retention-schedules/{id}/withdraw", WithdrawRetentionSchedule)
accepts(router, "/retention-schedules/{id}/review", ReviewRetention)
reads(router, retention_schedules)
reads(router, retention_reviews)
reads(router, lifetimes)

router.routes.append(
    KeyedRoute("/v1/subject-requests/{id}/certificate", certified, methods=["GET"], **_DESCRIBED)
)
