"""What the API says of itself: complete, true, and never answered by a server error."""

import json
import re
from typing import Any

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from api.app import _routes
from api.routing import Index, KeyedRoute
from commands.kernel import COMMANDS
from projections import DERIVED, PROJECTIONS
from tests.api.conftest import Api

ROUTES = {one.operation_id: one for one in _routes() if isinstance(one, KeyedRoute)}
SEEDS = ("customers", "contacts", "products", "opportunities", "tickets")


@pytest.fixture(scope="module")
def document(shared: Api) -> dict[str, Any]:
    return shared.get("/openapi.json")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_route_with_words(document: dict[str, Any], name: str) -> None:
    route, command = ROUTES[name], COMMANDS[name]
    [method] = route.methods or {""}
    said = document["paths"][route.path][method.lower()]
    assert said["summary"]
    assert command.sentence() in said["description"]
    assert ("Only the role admin" in said["description"]) == command.ADMIN
    assert said["tags"]
    body = said["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": f"#/components/schemas/{name}"}
    example = body["examples"]["example"]["value"]
    command.model_validate_json(orjson.dumps(example), strict=True)
    parameters = {one["name"] for one in said["parameters"]}
    assert {"Idempotency-Key", "Kept-Reason", "Kept-Occurred-At"} <= parameters
    opens = command.OPENS is True
    assert opens != ("If-Match" in parameters)
    wanted = {"201" if opens else "200", "400", "401", "403", "409", "410", "413", "422", "503"}
    assert wanted | (set() if opens else {"404", "412"}) <= said["responses"].keys()


@pytest.mark.parametrize("model", [*PROJECTIONS, *DERIVED], ids=lambda model: str(model.name))
def test_every_read_model_has_a_route_with_words(document: dict[str, Any], model: Any) -> None:
    path = f"/v1/{model.name.replace('_', '-')}"
    said = document["paths"][path]["get"]
    parameters = {one["name"]: one for one in said["parameters"]}
    assert {"sort", "limit", "cursor", "count", "Kept-Min-Position"} <= parameters.keys()
    assert {f"-{one.sort}" for one in model.serves} <= {*parameters["sort"]["schema"]["enum"]}
    assert all(one["description"] for one in said["parameters"])


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in {*re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))}:
        found: Any = document
        for part in reference.split("/"):
            found = found[part]
        assert found


def test_it_is_the_newest_openapi_and_needs_a_key(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert "__" not in "".join(document["components"]["schemas"])


def test_fields_are_described_and_marked(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["RegisterCustomer"]["properties"]
    assert fields["size"]["description"] == "Number of employees."
    assert fields["name"]["x-personal"] == "identity"
    assert "x-personal" not in fields["kind"]


def test_two_routes_are_not_one() -> None:
    with pytest.raises(TypeError, match="two routes answer"):
        Index([ROUTES["WinOpportunity"], ROUTES["WinOpportunity"]])


@pytest.fixture(scope="module")
def schema(shared: Api) -> Any:
    """The description, with a key, and with ids of records that exist as examples of ids."""
    document = shared.get("/openapi.json")
    ids = [seeded(shared, name) for name in SEEDS]
    document["servers"] = [{"url": shared.url}]
    text = json.dumps(document).replace('"maximum": 30', '"maximum": 0')  # a test does not wait
    for made in ids:
        text = text.replace("01920b5e-3f4a-7c1d-8e2f-5a6b7c8d9e0f", made, 1)
    loaded = schemathesis.openapi.from_dict(json.loads(text))
    loaded.config.update(
        headers={"Authorization": shared.admin.headers["Authorization"]}, base_url=shared.url
    )
    return loaded


def seeded(shared: Api, name: str) -> str:
    """A record of each kind, so that something can happen to it."""
    customer = shared.customer()["stream"]
    bodies: dict[str, dict[str, Any]] = {
        "customers": {"name": "x", "kind": "person"},
        "contacts": {"family_name": "x"},
        "products": {"sku": "x", "name": "x"},
        "tickets": {"subject": "x", "priority": "high"},
        "opportunities": {
            "name": "x",
            "customer_id": customer,
            "amount": {"amount": "1", "currency": "EUR"},
            "expected_close_on": "2026-01-01",
        },
    }
    answer = shared.admin.post(f"/v1/{name}", json=bodies[name])
    assert answer.status_code == 201, answer.text
    stream: str = answer.json()["stream"]
    return stream


# The server is in this process, and its pools of connections draw from ``random`` at any moment.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize(
    "path", sorted({route.path for route in ROUTES.values() if route.include_in_schema})
)
def test_no_request_is_answered_by_a_server_error(schema: Any, path: str) -> None:
    """And every answer is as the description says, whether the request was right or wrong."""
    for operation in schema[path].values():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try_out(operation, mode)


def try_out(operation: Any, mode: GenerationMode) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=3,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    def each(case: Case[Any]) -> None:
        # A schema cannot tell which phone numbers there are; keys are tested elsewhere.
        case.call_and_validate(excluded_checks=[positive_data_acceptance, ignored_auth])

    each()
