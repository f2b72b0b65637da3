"""Saved figures over HTTP: whose they are, what they give, and what has moved since."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from api.analytics import asked_again
from domain.saved_figures import SavedFigure, Visibility
from projections.analytics import DEFINITIONS
from tests.api.conftest import Api
from tests.api.test_dated_lists import asked

QUESTION = {"figure": "customer_stages", "by": ["kind"], "filters": {"level": "A"}}


@pytest.fixture(scope="module")
def company(shared: Api) -> Api:
    """Two customers of a level, one of them of last March, and one of none."""
    for day, body in (
        ("2026-03-04", {"name": "Star", "kind": "organisation", "level": "A"}),
        ("2026-05-04", {"name": "Moon", "kind": "organisation", "level": "A"}),
        ("2026-05-05", {"name": "Sun", "kind": "person"}),
    ):
        answer = shared.admin.post(
            "/v1/customers", json=body, headers={"Kept-Occurred-At": f"{day}T04:00:00Z"}
        )
        assert answer.status_code == 201, answer.text
    shared.get("/v1/customers", answer.json())
    return shared


def save(api: Api, name: str, **fields: Any) -> dict[str, Any]:
    body = {"name": name, "question": QUESTION, **fields}
    answer = api.sales.post("/v1/saved-figures", json=body)
    assert answer.status_code == 201, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def test_a_saved_figure_gives_what_the_figure_gives(company: Api) -> None:
    saved = save(company, "Customers of level A", visibility="shared")
    path = f"/v1/saved-figures/{saved['stream']}/figures"
    found = company.get(path, role="analyst")
    alone = company.get("/v1/analytics/customer_stages?by=kind&level=A", role="analyst")
    assert found["figure"] == alone
    assert found["figure"]["data"][0]["figures"] == {"customers": 2}
    assert (found["saved_version"], found["version"], found["has_moved"]) == (1, 1, False)
    dated = asked(company.analyst, f"{path}?as_of=2026-03-31&language=zh")
    assert dated["figure"]["data"][0]["figures"] == {"customers": 1}
    assert dated["figure"]["title"] == "客户阶段分布"
    assert dated["as_of"] == dated["figure"]["as_of"] is not None


def test_analysts_save_figures_and_auditors_do_not(company: Api) -> None:
    body = {"name": "By analysts", "question": QUESTION}
    saved = company.analyst.post("/v1/saved-figures", json=body)
    assert saved.status_code == 201
    path = f"/v1/saved-figures/{saved.json()['stream']}"
    assert company.analyst.get(f"{path}/figures").status_code == 200
    assert company.analyst.patch(path, json={"visibility": "shared"}).status_code == 200
    assert company.analyst.post(f"{path}/archive").status_code == 200
    refused = company.client("auditor").post("/v1/saved-figures", json=body)
    Api.refused(refused, 403, "forbidden", "The role auditor may not save figures.")


def test_a_saved_dashboard_gives_the_dashboard(company: Api) -> None:
    question = {"dashboard": "customers", "period": "last_90_days"}
    saved = save(company, "Our customers", question=question)
    found = company.get(f"/v1/saved-figures/{saved['stream']}/figures")["dashboard"]
    alone = company.get("/v1/dashboards/customers?period=last_90_days")
    for one in (found, alone):  # what was read meanwhile is an event, too
        positions = {one.pop("position"), *(panel.pop("position") for panel in one["panels"])}
        assert len(positions) == 1
    assert found == alone


def test_what_is_ones_own_stands_in_no_other_list(company: Api) -> None:
    own, shared = (save(company, "Mine"), save(company, "Ours", visibility="shared"))
    service = company.client("service")
    upto = {"Kept-Min-Position": str(shared["position"])}
    for client, mine in ((company.sales, True), (service, False)):
        listed = client.get("/v1/saved-figures?limit=200", headers=upto).json()["data"]
        ids = {one["id"] for one in listed}
        assert (shared["stream"] in ids, own["stream"] in ids) == (True, False)
        listed = client.get("/v1/saved-figures?visibility=own&sort=-number").json()["data"]
        assert (own["stream"] in {one["id"] for one in listed}) == mine
        theirs = f"/v1/saved-figures?visibility=own&saved_by_id={company.users['sales']}"
        assert bool(client.get(theirs).json()["data"]) == mine
        for path in ("", "/figures"):
            answer = client.get(f"/v1/saved-figures/{own['stream']}{path}")
            assert answer.status_code == (200 if mine else 404)
    path = f"/v1/saved-figures/{own['stream']}"
    refused = service.patch(path, json={"visibility": "shared"})
    Api.refused(refused, 403, "forbidden", "This figure is somebody else's own.")
    assert company.sales.patch(path, json={"visibility": "shared"}).status_code == 200
    assert service.get(f"{path}/figures").status_code == 200


def test_a_name_is_given_once_among_ones_own_and_once_among_the_shared(company: Api) -> None:
    first = save(company, "Twice")
    save(company, "Twice", visibility="shared")
    body = {"name": "twice", "question": QUESTION}
    assert company.client("service").post("/v1/saved-figures", json=body).status_code == 201
    again = company.sales.post("/v1/saved-figures", json=body)
    Api.refused(again, 409, "value-taken", "name", "name")
    share = company.sales.patch(
        f"/v1/saved-figures/{first['stream']}", json={"visibility": "shared"}
    )
    Api.refused(share, 409, "value-taken", "name", "name")


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ({"figure": "mood"}, "question.figure: is no figure. There are: won_deals"),
        ({"dashboard": "weather"}, "question.dashboard: is no dashboard. There are: sales"),
        ({"figure": "win_rate", "by": ["mood"]}, "question.by: is none of its dimensions"),
        (
            {"figure": "win_rate", "filters": {"queue": "x"}},
            "question.filters: has a name that is no dimension",
        ),
        ({"figure": "win_rate", "period": "soon"}, "is no period"),
    ],
)
def test_what_is_named_is_there_when_it_is_saved(
    company: Api, question: dict[str, Any], part: str
) -> None:
    refused = company.sales.post("/v1/saved-figures", json={"name": "x", "question": question})
    Api.refused(refused, 422, "validation", part)
    saved = save(company, f"To be {part[:20]}")
    path = f"/v1/saved-figures/{saved['stream']}"
    Api.refused(company.sales.patch(path, json={"question": question}), 422, "validation", part)


def test_a_definition_that_has_moved_says_so(company: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = save(company, "Before", visibility="shared")
    state: Any = company.services.dispatcher.state(SavedFigure, UUID(saved["stream"])).state
    assert (state.visibility, state.question.version) == (Visibility.SHARED, 1)
    moved = replace(DEFINITIONS["customer_stages"], version=2)
    monkeypatch.setattr(asked_again, "DEFINITIONS", {**DEFINITIONS, moved.name: moved})
    found = company.get(f"/v1/saved-figures/{saved['stream']}/figures")
    assert (found["saved_version"], found["version"], found["has_moved"]) == (1, 2, True)
