"""What /openapi.json says of the routes: words and shapes are the commands' and read models'."""

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from api.examples import AN_ID, example_of
from api.parameters import COMMAND_HEADERS, IF_MATCH, KIND_IN_PATH, RECORD_ID
from api.problems import TITLES
from commands.kernel import Command
from domain.fields import PersonalMark, mark_of

TAGS = {
    "customers": "Customers 客户: organisations and persons that the company sells to and serves.",
    "contacts": "Contacts 联系人: the people whom one speaks with.",
    "consents": "Consents 同意·合法依据: on which basis one may contact whom, and who said no.",
    "products": "Products 产品 and their dated prices.",
    "pipelines": "Pipelines: the stages 阶段 that deals pass through, as data.",
    "opportunities": "Opportunities 商机: deals, from prospect to won or lost.",
    "quotes": "Quotes 报价单: what is offered, in versions; an accepted one becomes an order.",
    "orders": "Orders 订单·合同: what was bought, how it is paid, and what came back.",
    "order-lines": "The lines of orders, one row each, for analytics.",
    "sla-policies": "SLA policies 服务级别: until when tickets are to be answered and resolved.",
    "ticket-clocks": "The clocks of tickets: what is due, paused, met or missed 服务级别时限.",
    "opportunity-changes": "What happened to deals 商机变动: each step, for figures.",
    "tickets": "Tickets 工单: what customers ask for, and what was answered.",
    "ticket-changes": "What happened to tickets 工单变动: each step, for figures.",
    "analytics": "Figures 统计分析: each defined once, with what is behind every number.",
    "what-if": "What-ifs 假设推演: a rule replayed over the past; nothing is written.",
    "saved-figures": "Saved figures 保存的统计: one's own and shared ones, with snapshots of them.",
    "dashboards": "Dashboards 经营看板: several figures at once, as of one position.",
    "users": "Users: who works with Kept. For administrators.",
    "teams": "Teams of users. For administrators.",
    "subject-requests": "Requests of people about their own data 个人信息主体请求.",
    "legal-holds": "Legal holds 法律保全: whose data has to be kept, by which law.",
    "retention-schedules": "How long each category of personal data is kept 保存期限.",
    "retention-reviews": "Until when whoever looked at a record keeps it 保存复核.",
    "lifetimes": "The moments from which retention runs 保存期限起算: ids and times only.",
    "custom-fields": "Custom fields 自定义字段 of each kind of record. For administrators.",
    "read-seals": "Seals of the read log 读取日志封印: the roots that prove who read whom.",
    "skipped-events": "Events that read models go on without 跳过的事件. For administrators.",
    "dated-copies": "Read models as they were 时点副本: how far one is that a list waits for.",
    "diff": "What differs between two moments 差异对比, record by record and field by field.",
    "parked": "Rows that wait because an event could not be folded. For administrators.",
    "history": "Who changed what, when, from what to what, why and from where.",
    "events": "The event log as a feed: every change once, in order, without a gap.",
    "audit-trail": "The history with proofs, as files for auditors.",
    "reads": "The read log 读取日志: who read whose personal data, and what for.",
    "proofs": "Proofs 证明 that an entry is in the log, and that the log only grew.",
    "health": "Whether this process is alive and ready. Open without a key.",
}


def describe_command(
    command: type[Command], path: str, method: str, name: str | None = None
) -> dict[str, Any]:
    """The options of a command's route, under its own name or another."""
    name = name or command.__name__
    opens = command.OPENS is True
    parameters = [*COMMAND_HEADERS]
    if not opens:
        place = KIND_IN_PATH if "{kind}" in path else RECORD_ID
        parameters = [place, IF_MATCH, *parameters]
    responses = errors_of(
        400, 401, 403, *(() if opens else (404, 412)), 409, 410, 413, 415, 422, 503
    )
    return {
        "operation_id": name,
        "summary": _words(name),
        "description": _description(command),
        "tags": [path.split("/")[2]],
        "status_code": 201 if opens else 200,
        "openapi_extra": {
            "requestBody": _body(command, method),
            "parameters": parameters,
            "responses": {"201" if opens else "200": _receipt(opens), **responses},
        },
    }


def describe_read(
    name: str, path: str, summary: str, description: str, **extra: Any
) -> dict[str, Any]:
    """The options of a route that reads."""
    statuses = extra.pop("errors", (400, 401, 403, 422, 503))
    answer = extra.pop("answer")
    return {
        "operation_id": name,
        "summary": summary,
        "description": description,
        "tags": [path.split("/")[2]],
        "openapi_extra": {"responses": {"200": answer, **errors_of(*statuses)}, **extra},
    }


def errors_of(*statuses: int) -> dict[str, Any]:
    """References to the answers of these statuses."""
    return {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}


def add_docstrings(model: type[BaseModel], schema: dict[str, Any]) -> None:
    """Describe each property by the string under its field, and say which ones are personal."""
    described = docstrings(model)
    for name, member in schema.get("properties", {}).items():
        member.pop("title", None)
        mark = mark_of(model, name) if name in model.model_fields else None
        if name in described:
            member.setdefault("description", described[name])
        if isinstance(mark, PersonalMark):
            member["x-personal"] = mark.category
        if member.get("default", ...) is None or member.get("default") in ([], {}):
            del member["default"]  # leaving a field out is not the same as clearing it


@cache
def docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The string under each field, of the model and of those that it extends."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, BaseModel) and one is not BaseModel:
            found |= _docstrings_in(one)
    return found


@cache
def _docstrings_in(model: type[BaseModel]) -> dict[str, str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(model)))
    except (OSError, TypeError):
        return {}  # its source does not ship
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(text.value.value, str)
    }


def _body(command: type[Command], method: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{command.__name__}"}
    content = {"schema": schema, "examples": {"example": {"value": example_of(command)}}}
    kinds = {"application/json": content}
    if method == "PATCH":
        kinds["application/merge-patch+json"] = content
    needed = any(field.is_required() for field in command.model_fields.values())
    return {"required": needed, "content": kinds}


def _receipt(opens: bool) -> dict[str, Any]:
    headers = {
        name: {"$ref": f"#/components/headers/{name}"} for name in ("ETag", "Idempotency-Replayed")
    }
    if opens:
        headers["Location"] = {"$ref": "#/components/headers/Location"}
    return {
        "description": "It is recorded; this is the receipt.",
        "headers": headers,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Receipt"}}},
    }


def _description(command: type[Command]) -> str:
    text = inspect.getdoc(command) or ""
    return f"{text}\n\nOnly the role admin may issue it." if command.ADMIN else text


def _words(name: str) -> str:
    """``WinOpportunity`` as people write it: Win opportunity."""
    words = "".join(f" {one.lower()}" if one.isupper() else one for one in name).split()
    return " ".join(words).capitalize()


def title_of(status: int) -> str:
    """The titles of the problems with this status."""
    return "; or: ".join(title for code, title in TITLES.values() if code == status)


__all__ = [
    "AN_ID",
    "TAGS",
    "add_docstrings",
    "describe_command",
    "describe_read",
    "docstrings",
    "errors_of",
    "title_of",
]
