"""Errors: always problem details, always with a sentence, and never with what was sent."""

import json
import logging
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest
from psycopg_pool import PoolTimeout

from api.bodies import MAX_BODY
from api.problems import TITLES, problem_of
from api.routing import KeyedRoute
from api.sales import router
from api.services import create_tenant
from commands.dispatcher import Contended
from commands.kernel import COMMANDS, Command
from store import tenants
from store.api_keys import ApiKeys
from store.database import Database
from store.errors import EventTooLarge, LogFull, LogUnavailable, SubjectErased, Unrecordable
from tests.api.conftest import Api, Running

CANARY = "canary7f3a91c0e5"


def test_only_health_is_open(running: Running) -> None:
    with httpx2.Client(base_url=running.url) as nobody:
        assert nobody.get("/health/live").json() == {"status": "alive"}
        assert nobody.get("/health/ready").json()["status"] == "ready"
        for path in ("/v1/customers", "/v1/events", "/openapi.json", "/docs", "/nothing", "/"):
            answer = nobody.get(path)
            Api.refused(answer, 401, "unauthenticated", "kept keys create")
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="kept"'


def test_every_route_asks_for_a_key_itself() -> None:
    assert all(isinstance(route, KeyedRoute) for route in router.routes)


@pytest.mark.parametrize(
    "key",
    [
        "kept_default_000000000000_" + "0" * 48,
        "kept_nobody_000000000000_" + "0" * 48,
        "kept_a_b",
        "kept_" + "x" * 300,
        "kept_Робот_1_2",
    ],
)
def test_a_key_that_is_none_opens_nothing(running: Running, key: str) -> None:
    with httpx2.Client(base_url=running.url) as nobody:
        for scheme in ("Bearer", "Basic"):
            headers = {b"Authorization": f"{scheme} {key}".encode()}
            Api.refused(
                nobody.get("/v1/customers", headers=headers), 401, "unauthenticated", "API key"
            )


def test_a_key_opens_its_own_tenant_only(shared: Api) -> None:
    key = shared.key("admin").replace(f"kept_{shared.services.tenant.name}_", "kept_default_")
    with httpx2.Client(base_url=shared.url, headers={"Authorization": f"Bearer {key}"}) as other:
        Api.refused(other.get("/v1/customers"), 401, "unauthenticated", "unknown or was revoked")


def test_a_key_opens_a_tenant_that_was_made_a_moment_ago(
    running: Running, database: Database
) -> None:
    name = f"fresh_{uuid4().hex[:8]}"
    with httpx2.Client(base_url=running.url) as client:
        early = {"Authorization": f"Bearer kept_{name}_000000000000_{'0' * 48}"}
        Api.refused(client.get("/v1/customers", headers=early), 401, "unauthenticated", "unknown")
        create_tenant(database, name, "UTC")
        key = ApiKeys(database, tenants.find(database, name)).create(uuid4(), "sales")
        answer = client.get("/v1/customers", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.text
    running.shut(name)


def test_a_key_of_a_user_who_left_opens_nothing(shared: Api) -> None:
    body = {"name": "Li Na", "email": "li.na@example.com"}
    user = shared.id_of(shared.admin.post("/v1/users", json=body).json())
    shared.admin.post(f"/v1/users/{user}/activate")
    shared.admin.post(f"/v1/users/{user}/deactivate")
    headers = {"Authorization": f"Bearer {shared.key('sales', user)}"}
    with httpx2.Client(base_url=shared.url, headers=headers) as gone:
        Api.refused(gone.get("/v1/customers"), 401, "unauthenticated", "revoked")


@pytest.mark.parametrize("role", ["auditor", "analyst"])
def test_who_only_looks_changes_nothing(shared: Api, role: Any) -> None:
    answer = shared.client(role).post("/v1/customers", json={"name": "x", "kind": "person"})
    shared.refused(answer, 403, "forbidden", "admin, sales, service, marketing")


@pytest.mark.parametrize("name", [name for name, one in COMMANDS.items() if one.ADMIN])
def test_what_is_for_administrators_is_for_nobody_else(shared: Api, name: str) -> None:
    route = route_of(COMMANDS[name])
    path = route.path.replace("{id}", str(uuid4())).replace("{kind}", "customers")
    for role in ("sales", "service", "marketing"):
        answer = shared.client(role).request(next(iter(route.methods or ())), path, json={})
        shared.refused(answer, 403, "forbidden", "for administrators")


def route_of(command: type[Command]) -> KeyedRoute:
    from api.app import _routes  # noqa: PLC0415

    named = {one.operation_id: one for one in _routes() if isinstance(one, KeyedRoute)}
    return named[command.__name__]


def test_there_is_no_such_route_or_method(shared: Api) -> None:
    shared.refused(shared.sales.get("/v1/dragons"), 404, "no-such-route", "/openapi.json")
    shared.refused(shared.sales.get("/v1/customers/"), 404, "no-such-route", "/openapi.json")
    answer = shared.sales.delete(f"/v1/customers/{uuid4()}")
    shared.refused(answer, 405, "method-not-allowed", "GET, PATCH")
    assert answer.headers["Allow"] == "GET, PATCH"


NOBODY = "6b0f4a52-0d1b-4c39-9a57-6b657074c0de"


@pytest.mark.parametrize("record", [NOBODY, "7", "%00", f"{{{NOBODY}}}", "ü" * 18])
def test_there_is_no_such_record(shared: Api, record: str) -> None:
    for answer in (
        shared.sales.get(f"/v1/customers/{record}"),
        shared.sales.get(f"/v1/customers/{record}?as_of=2026-01-01"),
        shared.sales.get(f"/v1/customers/{record}/history"),
        shared.sales.patch(f"/v1/customers/{record}", json={"level": "A"}),
    ):
        shared.refused(answer, 404, "not-found", "id")


def test_a_record_of_another_kind_is_not_there(shared: Api) -> None:
    receipt = shared.customer()
    answer = shared.sales.patch(f"/v1/contacts/{receipt['stream']}", json={"title": "x"})
    shared.refused(answer, 404, "not-found", "no contact")
    shared.refused(
        shared.sales.get(f"/v1/contacts/{receipt['stream']}"), 404, "not-found", "no such"
    )
    answer = shared.sales.get(f"/v1/contacts/{receipt['stream']}?as_of=2999-01-01")
    shared.refused(answer, 404, "not-found", "no such")


@pytest.mark.parametrize("body", [b"{", b"name=x", b'{"name": "\xff"}', b'{"name": "\\ud800"}'])
def test_a_body_is_json(shared: Api, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = shared.sales.post("/v1/customers", content=body, headers=headers)
    shared.refused(answer, 400, "malformed", "UTF-8")


@pytest.mark.parametrize("body", [[], "x", 7, None])
def test_a_body_is_an_object(shared: Api, body: Any) -> None:
    answer = shared.sales.post("/v1/customers", content=json.dumps(body), headers=AS_JSON)
    shared.refused(answer, 422, "validation", "is no object")


AS_JSON = {"Content-Type": "application/json; charset=utf-8"}


def test_a_body_is_declared_as_json(shared: Api) -> None:
    answer = shared.sales.post("/v1/customers", data={"name": "x"})
    shared.refused(answer, 415, "unsupported-media-type", "Content-Type: application/json")


def test_a_body_is_not_too_large(shared: Api) -> None:
    body = {"name": "x", "kind": "person", "note": "x" * MAX_BODY}
    shared.refused(shared.sales.post("/v1/customers", json=body), 413, "too-large", str(MAX_BODY))


@pytest.mark.parametrize(
    ("body", "field", "part"),
    [
        ({"kind": "person"}, "name", "is required"),
        ({"name": 7, "kind": "person"}, "name", "is no text"),
        ({"name": " ", "kind": "person"}, "name", "is too short"),
        ({"name": "x", "kind": "dragon"}, "kind", "'organisation' or 'person'"),
        ({"name": "x", "kind": "person", "nmae": "y"}, "nmae", "check its spelling"),
        ({"name": "x", "kind": "person", "size": "7"}, "size", "without quotes"),
        ({"name": "x", "kind": "person", "size": -1}, "size", "Give at least 0"),
        ({"name": "x", "kind": "person", "owner_id": "7"}, "owner_id", "Give a UUID"),
        ({"name": "x", "kind": "person", "emails": ["a"]}, "emails", "name@example.com"),
        ({"name": "x", "kind": "person", "emails": "a@b.example"}, "emails", "Give an array"),
        ({"name": "x", "kind": "person", "phones": ["1"]}, "phones", "country code"),
        ({"name": "x", "kind": "person", "custom": {"a": {}}}, "custom.a", "is of no kind"),
        ({"name": "a\0b", "kind": "person"}, "name", "U+0000"),
        ({"name": "x", "kind": "person", "tags": ["a\0b"]}, "tags.0", "U+0000"),
        (
            {"name": "x", "kind": "person", "next_follow_up_on": "31.1.2026"},
            "next_follow_up_on",
            "Write it as 2026-01-31",
        ),
        (
            {
                "name": "x",
                "kind": "person",
                "annual_revenue": {"amount": "1e99", "currency": "EUR"},
            },
            "annual_revenue.amount",
            "digits",
        ),
        (
            {"name": "x", "kind": "person", "annual_revenue": {"amount": "1", "currency": "XQX"}},
            "annual_revenue",
            "ISO 4217",
        ),
    ],
)
def test_each_wrong_field_is_named(
    shared: Api, body: dict[str, Any], field: str, part: str
) -> None:
    answer = shared.sales.post("/v1/customers", json=body)
    problem = shared.refused(answer, 422, "validation", part, field=field)
    assert {"field", "problem", "remedy"} == problem["errors"][0].keys()


def test_a_written_escape_is_no_nul(shared: Api) -> None:
    receipt = shared.customer(note="\\u0000")
    assert shared.get(f"/v1/customers/{receipt['stream']}", receipt)["note"] == "\\u0000"


@pytest.mark.parametrize("name", COMMANDS)
def test_no_error_repeats_a_value(shared: Api, name: str) -> None:
    """A canary in every field at once, alone and inside of whatever the field is made of."""
    route = route_of(COMMANDS[name])
    path = route.path.replace("{id}", str(uuid4())).replace("{kind}", "customers")
    fields = COMMANDS[name].model_fields
    shapes: list[Any] = [CANARY, [CANARY], {"amount": CANARY, "currency": CANARY}, f"{CANARY}@"]
    for shape in [*shapes, {"street": [CANARY]}, [[CANARY]], {CANARY + " x": CANARY}, 7]:
        sent = dict.fromkeys(fields, shape) | {"unknown": CANARY}
        answer = shared.admin.request(next(iter(route.methods or ())), path, json=sent)
        assert answer.status_code == 422, answer.text
        assert CANARY not in answer.text


def test_no_refusal_repeats_a_personal_value(shared: Api) -> None:
    body = {"name": CANARY, "kind": "person", "emails": [f"{CANARY}@example.com"], "note": CANARY}
    first = shared.sales.post("/v1/customers", json=body)
    again = shared.sales.post("/v1/customers", json=body)
    assert (first.status_code, again.status_code) == (201, 409)
    for answer in (
        again,
        shared.sales.get(f"/v1/customers?name={CANARY}"),
        shared.sales.get(f"/v1/customers?{CANARY}={CANARY}"),
        shared.sales.get(f"/v1/customers?sort={CANARY}"),
        shared.sales.get(f"/v1/customers?cursor={CANARY}"),
        shared.sales.get(f"/v1/customers/{CANARY}"),
        shared.sales.post("/v1/customers/search", json={"filters": {CANARY: CANARY}}),
        shared.sales.post("/v1/customers/search", json={"sort": CANARY, CANARY + " ": CANARY}),
        shared.sales.post("/v1/tickets/search", json={"filters": {"customer_id": CANARY}}),
        shared.analyst.post("/v1/customers/search", json={"search": CANARY}),
    ):
        assert 400 <= answer.status_code < 500, answer.text
        assert CANARY not in answer.text


def test_logs_name_neither_values_nor_queries(
    shared: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("kept.access").setLevel(logging.INFO)
        shared.sales.post(
            f"/v1/customers?{CANARY}={CANARY}",
            json={"name": CANARY, "kind": "person"},
            headers={"Kept-Reason": CANARY, "Idempotency-Key": CANARY},
        )
        shared.sales.get(f"/v1/customers/{CANARY}?q={CANARY}")
        shared.sales.get(f"/{CANARY}")
    said = [one.getMessage() for one in caplog.records if one.name.startswith("kept")]
    assert any("POST /v1/customers 201" in line for line in said)
    assert any("GET /v1/customers/{id} 404" in line for line in said)
    assert not [line for line in said if CANARY in line]


def test_what_nobody_expected_says_nothing_but_where_to_look(
    caplog: pytest.LogCaptureFixture,
) -> None:
    try:
        raise RuntimeError(CANARY)
    except RuntimeError as bug:
        problem = problem_of(bug)
    answer = json.loads(bytes(problem.reply().body))
    assert (answer["status"], answer["type"]) == (500, "urn:kept:problem:internal")
    assert CANARY not in str(answer) + caplog.text
    assert answer["instance"] in caplog.text
    assert "RuntimeError at test_errors.py" in caplog.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SubjectErased(), 410),
        (EventTooLarge(70_000), 413),
        (Unrecordable(), 422),
        (LogUnavailable(), 503),
        (LogFull(), 503),
        (Contended(), 503),
    ],
)
def test_what_the_store_says_has_a_status(error: Exception, status: int) -> None:
    reply = problem_of(error).reply()
    assert reply.status_code == status
    assert json.loads(bytes(reply.body))["detail"] == str(error)
    assert (b"retry-after" in dict(reply.raw_headers)) == (status == 503)


@pytest.mark.parametrize("error", [psycopg.OperationalError(CANARY), PoolTimeout(CANARY)])
def test_a_database_that_is_away_is_not_our_bug(error: Exception) -> None:
    reply = problem_of(error).reply()
    assert (reply.status_code, dict(reply.raw_headers)[b"retry-after"]) == (503, b"2")
    assert CANARY.encode() not in bytes(reply.body)


def test_every_type_has_a_title() -> None:
    assert all(400 <= status < 600 and title for status, title in TITLES.values())
