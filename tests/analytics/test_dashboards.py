"""Dashboards: what is on them exists, and all of it is as of one position."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.analytics import together as module
from api.analytics.series import series
from api.analytics.together import Shown, described, questions, together
from commands.customers import RegisterCustomer
from domain.customers import Kind
from projections.analytics import DEFINITIONS
from projections.analytics.dashboards import DASHBOARDS, Dashboard
from projections.analytics.engine import Analytics
from projections.analytics.kernel import UnknownFigure
from projections.readers import KEPT
from tests.analytics.world import World

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
each = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=[*DASHBOARDS])


@each
def test_a_dashboard_asks_what_its_definitions_know(dashboard: Dashboard) -> None:
    assert dashboard.title.en != dashboard.title.zh
    assert dashboard.description.en.endswith(".")
    assert dashboard.description.zh.endswith("。")
    names = [one.figure for one in dashboard.panels]
    assert len({*names}) == len(names)
    assert len(questions(dashboard, {}, NOW)) == len(names)
    shown = described(dashboard, "zh")
    assert [one["figure"] for one in shown["panels"]] == names
    assert all(one["chart"] and one["by"] for one in shown["panels"])


def test_a_period_that_is_given_holds_for_every_panel() -> None:
    own = {one.name: asked.since for one, asked in questions(DASHBOARDS["business"], {}, NOW)}
    assert own["won_deals"] == date(2025, 4, 1)
    assert own["backlog"] is None
    given = questions(DASHBOARDS["business"], {"period": "previous_month"}, NOW)
    assert {(asked.since, asked.until) for _, asked in given} == {
        (date(2026, 2, 1), date(2026, 2, 28))
    }
    with pytest.raises(UnknownFigure, match="period: does not go together"):
        questions(DASHBOARDS["sales"], {"period": "this_day", "from": "2026-01-01"}, NOW)
    with pytest.raises(UnknownFigure, match="period: is none"):
        questions(DASHBOARDS["sales"], {"period": "soon"}, NOW)


@each
def test_each_panel_is_the_figure_by_itself(world: World, dashboard: Dashboard) -> None:
    services, asked = world.services, questions(dashboard, {}, NOW)
    found, position = together(services, KEPT, asked, "en")
    assert position == services.log.head()
    for one, (definition, question) in zip(found, asked, strict=True):
        alone = series(
            *(services.analytics, services.gate, KEPT, definition, question, position, "en")
        )
        assert one.as_json() == alone.as_json()
    shown = Shown(dashboard, found, position, None).as_json("en")
    assert {one["position"] for one in shown["panels"]} == {shown["position"]}
    assert (shown["as_of"], len(shown["panels"])) == (None, len(dashboard.panels))


def test_what_happens_meanwhile_is_on_no_panel(
    services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer who is registered between the first figure and the second is in neither."""
    monkeypatch.setattr(module, "AT_ONCE", 1)
    services.runner.catch_up()
    genuine = Analytics.groups
    asked: list[Any] = []

    def groups(self: Analytics, *given: Any) -> Any:
        found = genuine(self, *given)
        if not asked:
            services.issue(RegisterCustomer(name="Late", kind=Kind.PERSON))
            services.runner.catch_up()
        asked.append(given)
        return found

    monkeypatch.setattr(Analytics, "groups", groups)
    stages = (DEFINITIONS["customer_stages"], questions(DASHBOARDS["customers"], {}, NOW)[0][1])
    [first, second], position = together(services, KEPT, [stages, stages], "en")
    assert len(asked) == 2
    assert first.groups == second.groups == []
    assert position < services.log.head()
    [after], _ = together(services, KEPT, [stages], "en")
    assert after.groups[0].figures == {"customers": 1}
