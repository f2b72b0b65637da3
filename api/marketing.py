"""What marketing works with: consents, and the question whether somebody may be contacted."""

from fastapi import APIRouter

from api.commands import accepts
from api.permission import answers_permission
from api.reads import reads
from commands.consents import (
    ChangeConsent,
    ConfirmConsent,
    ExpireConsent,
    GrantConsent,
    RefuseConsent,
    RenewConsent,
    RequestConsent,
    WithdrawConsent,
)
from projections.consents import consents

router = APIRouter()

accepts(router, "/consents", GrantConsent)
accepts(router, "/consents/request", RequestConsent)
accepts(router, "/consents/refuse", RefuseConsent)
accepts(router, "/consents/{id}", ChangeConsent, method="PATCH")
accepts(router, "/consents/{id}/confirm", ConfirmConsent)
accepts(router, "/consents/{id}/withdraw", WithdrawConsent)
accepts(router, "/consents/{id}/expire", ExpireConsent)
accepts(router, "/consents/{id}/renew", RenewConsent)
answers_permission(router)
reads(router, consents)
