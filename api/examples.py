"""An example for each command, read off its fields; a test checks that each is one."""

from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel

from commands.kernel import Command
from domain.kernel import bare_type
from domain.values import Money

AN_ID: Final = "01920b5e-3f4a-7c1d-8e2f-5a6b7c8d9e0f"
A_MOMENT: Final = "2026-03-02T09:30:00.000000Z"

_OF_COMMANDS: Final[dict[str, dict[str, Any]]] = {
    "ChangeCustomer": {"level": "A", "next_follow_up_on": "2026-03-16", "note": None},
    "ChangeContact": {"title": "采购经理", "language": "zh-Hans"},
    "ChangeUser": {"time_zone": "Asia/Shanghai"},
    "ChangeTeam": {"name": "East China 华东"},
    "ChangeProduct": {"category": "Sensors"},
    "ChangePipeline": {"name": "Renewals"},
    "ChangeOpportunity": {"next_step": "Send the revised offer", "probability": 60},
    "ChangeConsent": {"tags": ["spring fair"]},
    "GrantConsent": {"contact_id": AN_ID, "wording_version": "2026-03"},
    "RequestConsent": {"contact_id": AN_ID},
    "RefuseConsent": {"contact_id": AN_ID},
    "RenewConsent": {"wording_version": "2026-03"},
    "ProposeRetentionSchedule": {"kind": "contacts", "category": "trace", "duration": "P3Y"}
    | {"trigger": "last_activity", "law": "GDPR Art. 5(1)(e)", "action": "erase"},
    "ChangeRetentionSchedule": {"duration": "P1Y6M"},
    "ChangeTicket": {"subject": "Display stays dark after the update"},
    "DefineSlaPolicy": {"name": "Standard 标准", "time_zone": "Asia/Shanghai"}
    | {"business_hours": [{"weekday": "monday", "opens": "09:00", "closes": "18:00"}]}
    | {"holidays": ["2026-10-01"]},
    "ChangeSlaPolicy": {"pauses": ["customer", "third_party"]},
    "SaveFigure": {"name": "Won this quarter 本季赢单", "visibility": "shared"}
    | {"question": {"figure": "won_deals", "by": ["month"], "period": "this_quarter"}}
    | {"schedule": {"every": "weekly", "hour": 6, "format": "xlsx"}},
    "ChangeSavedFigure": {"visibility": "shared"},
    "DefinePipeline": {"name": "Renewals 续约"},
    "CreateTeam": {"name": "East China 华东"},
    "InviteUser": {"name": "王芳 Wang Fang", "email": "wang.fang@example.com"},
    "CreateProduct": {"sku": "GTX-PRO", "name": "GTX Pro"},
    "OpenOpportunity": {"name": "GTX Pro for the new plant"},
    "RecordOpportunity": {"name": "GTX Pro for the new plant", "stage": "prospecting"},
    "ChangeQuote": {"valid_until": "2026-06-30", "terms": "Delivery within six weeks"},
    "ChangeOrder": {"payment_terms": "30 days net"},
    "DeclareCustomField": {"key": "tier", "label": "Tier", "label_zh": "层级", "type": "choice"}
    | {"choices": ["gold", "silver"], "personal": False},
    "ChangeCustomField": {"key": "tier", "choices": ["gold", "silver", "bronze"]},
    "RetireCustomField": {"key": "tier"},
    "RestoreCustomField": {"key": "tier"},
    "AssignTicket": {"assignee_id": AN_ID},
    "LoseCustomer": {"loss_reason": "Closed their office in Hamburg"},
    "RecordTicket": {
        "subject": "INC0000045",
        "source_state": "New",
        "status": "new",
        "sequence": 0,
    },
    "RecordTicketTransition": {"source_state": "Active", "status": "open", "sequence": 2},
    "RecordTicketChange": {"sequence": 3, "priority": "high"},
    "RegisterRecipient": {
        "name": "Print & Post",
        "country": "DE",
        "categories": ["identity", "contact"],
        "purposes": ["newsletter"],
        "contract_on": "2024-05-01",
    },
    "ChangeRecipient": {"country": "CH", "safeguards": ["adequacy"]},
    "RecordDisclosure": {"contact_ids": [AN_ID], "categories": ["contact"]},
    "RecordNotice": {"outcome": "sent", "means": "email"},
}
"""What an example gives; for others it is the required fields and the favourites below."""

_OF_FIELDS: Final[dict[str, Any]] = {
    "name": "星河科技 Xinghe Technology",
    "kind": "organisation",
    "emails": ["info@xinghe.example.com"],
    "phones": ["+86 10 6552 9988"],
    "level": "A",
    "family_name": "李",
    "given_name": "娜",
    "language": "zh-Hans",
    "subject": "Display stays dark 显示屏不亮",
    "body": "Have you tried the update of yesterday?",
    "stage": "proposal",
    "expected_close_on": "2026-06-30",
    "closed_on": "2026-03-02",
    "resolution": "The cable was loose; it was replaced.",
    "key": "tier",
    "label": "Tier",
    "sku": "GTX-PRO",
    "source_state": "Active",
    "sequence": 2,
    "quantity": "12",
    "purpose": "newsletter",
    "source": "Form on the web site",
    "wording_version": "2026-03",
    "captured_at": A_MOMENT,
    "followed_up_on": "2026-03-02",
    "currency": "EUR",
}
_FAVOURITES: Final = frozenset({"emails", "phones", "given_name", "followed_up_on"})


def example_of(command: type[Command]) -> dict[str, Any]:
    """The body of a request that the command's model takes."""
    given = _OF_COMMANDS.get(command.__name__, {})
    wanted = {
        name
        for name, field in command.model_fields.items()
        if field.is_required() or (not given and name in _FAVOURITES)
    }
    fields = command.model_fields
    return {name: _example(name, fields[name].annotation) for name in wanted - given.keys()} | given


def _example(name: str, annotation: Any) -> Any:
    if name in _OF_FIELDS and not _is_enum(annotation, name):
        return _OF_FIELDS[name]
    return _of_type(name, annotation)


def _is_enum(annotation: Any, name: str) -> bool:
    kind = bare_type(annotation)
    is_enum = isinstance(kind, type) and issubclass(kind, Enum)
    return is_enum and _OF_FIELDS[name] not in [one.value for one in kind]


def _of_type(name: str, annotation: Any) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _of_type(name, arguments[0])
    if origin in (Union, UnionType):
        return _of_type(name, next(one for one in arguments if one is not NoneType))
    if origin is tuple:
        return [_of_type(name, arguments[0])]
    if origin is Literal:
        return arguments[0]
    return _plain(annotation)


_PLAIN: Final[dict[Any, Any]] = {
    UUID: AN_ID,
    Money: {"amount": "12800.00", "currency": "EUR"},
    int: 1,
    bool: True,
    str: "As agreed on the phone",
    dict: {},
}


def _plain(kind: Any) -> Any:
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields
        return {n: _example(n, f.annotation) for n, f in fields.items() if f.is_required()}
    return {"date": "2026-03-02", "datetime": A_MOMENT, "Decimal": "12.50"}.get(kind.__name__)
