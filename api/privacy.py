"""What privacy officers work with: requests of people about their own data."""

from fastapi import APIRouter

from api.commands import accepts
from api.reads import reads
from commands.subject_requests import (
    ChangeSubjectRequest,
    DecideErasure,
    ExtendSubjectRequest,
    FulfilSubjectRequest,
    IdentifySubject,
    ReceiveSubjectRequest,
    RefuseSubjectRequest,
    WithdrawSubjectRequest,
)
from projections.subject_requests import subject_requests

router = APIRouter()

accepts(router, "/subject-requests", ReceiveSubjectRequest)
accepts(router, "/subject-requests/{id}", ChangeSubjectRequest, method="PATCH")
accepts(router, "/subject-requests/{id}/identify", IdentifySubject)
accepts(router, "/subject-requests/{id}/extend", ExtendSubjectRequest)
accepts(router, "/subject-requests/{id}/refuse", RefuseSubjectRequest)
accepts(router, "/subject-requests/{id}/withdraw", WithdrawSubjectRequest)
accepts(router, "/subject-requests/{id}/fulfil", FulfilSubjectRequest)
accepts(router, "/subject-requests/{id}/decide-erasure", DecideErasure)
reads(router, subject_requests)
