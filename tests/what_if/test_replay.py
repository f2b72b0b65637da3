"""Replaying over a real log: the same as what is shown live, as of one position, and never written.

The log is a slice of the incident set, imported under a default SLA policy.
"""

import csv
import dataclasses
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.imports.incidents import CLIENT, import_incidents
from api.services import Services
from api.what_if.asking import trial_of
from commands.opportunities import LoseOpportunity, WinOpportunity
from commands.skipped_events import SkipEvent
from commands.sla_policies import DefineSlaPolicy
from commands.tickets import OpenTicket, ResolveTicket
from domain.fields import ERASED
from domain.opportunities import LossReason
from domain.skipped_events import SKIPPED_EVENTS
from domain.sla_policies import DEFAULT_SLA_POLICY, SlaPolicy
from domain.tickets import Priority, Ticket
from domain.values import Money
from projections import what_if as declared
from projections.what_if import replay as replaying
from projections.what_if.kernel import Period, Report
from projections.what_if.replay import Trial, replay
from store import embedded, scan
from store.database import Database, home
from store.figures import FiguresTimedOut
from store.ranges import EVERYTHING
from store.snapshots import Snapshot
from store.sql_reader import ask
from tests.analytics.world import World, at, money
from tests.imports.conftest import own_tenant, real, run_import

ROWS = 600
"""Of the file: tickets of its first days, with their whole histories."""
BEGIN = datetime(2015, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def incidents(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The slice in a tenant of its own."""
    path = tmp_path_factory.mktemp("incidents") / "slice.csv"
    with (
        zipfile.ZipFile(real("incident-servicenow/incident_event_log.zip")) as archive,
        archive.open(archive.namelist()[0]) as raw,
        path.open("w", encoding="utf-8", newline="") as text,
    ):
        rows = csv.reader(io.TextIOWrapper(raw, encoding="utf-8"))
        csv.writer(text).writerows(islice(rows, ROWS))
    with own_tenant(database, "what_if_incidents") as services:
        services.issue(DefineSlaPolicy(name="Usual"), DEFAULT_SLA_POLICY, occurred_at=BEGIN)
        run_import(services, CLIENT, lambda one: import_incidents(one, path, UTC))
        services.runner.catch_up()
        yield services


def in_force(services: Services) -> SlaPolicy:
    policy = SlaPolicy()
    for one in services.log.load(DEFAULT_SLA_POLICY):
        policy = one.event.evolve(policy)
    return policy


def period(services: Services, **bounds: datetime) -> Period:
    return Period(services.tenant.zone, **{"until": datetime.now(UTC), **bounds})


def replayed(
    services: Services, name: str, rule: Any, over: Period | None = None, **how: Any
) -> Report:
    over = over or period(services)
    if isinstance(rule, SlaPolicy):
        return replay(services.log, Trial(name, rule, over), **how)
    text = json.dumps(rule).encode()
    return replay(services.log, trial_of(services, name, text, over), **how)


def column(report: Report, sheet: str, *names: str) -> list[tuple[Any, ...]]:
    found = report.what_if.sheet(sheet)
    assert found is not None
    at_ = [[one.name for one in found.columns].index(name) for name in names]
    return [tuple(row[n] for n in at_) for row in report.rows[sheet]]


TO_QUEUES = {"routes": [{"to": [{"queue": "Group 24"}, {"queue": "Group 70"}]}]}


def test_what_was_promised_then_is_what_the_read_model_shows(incidents: Services) -> None:
    now = datetime.now(UTC)
    report = replayed(incidents, "sla-policy", in_force(incidents), period(incidents, until=now))
    overdue = f"resolution_outcome = 'due' AND resolution_due_at < '{now.isoformat()}'"
    query = (
        f"SELECT priority, count(*) FILTER (WHERE resolution_outcome = 'met'), count(*) FILTER"
        f" (WHERE resolution_outcome = 'missed' OR {overdue}) FROM ticket_clocks"
        " WHERE resolution_due_at IS NOT NULL OR resolution_outcome IS NOT NULL GROUP BY priority"
    )
    live = {tuple(row) for row in ask(incidents.database, incidents.tenant, query, 10).rows}
    told = column(report, "targets", "priority", "before_met", "before_missed")
    assert {row for row in told if row[1:] != (0, 0)} == live
    assert sum(row[1] + row[2] for row in told) > 30
    assert (report.left_out, report.position) == (0, incidents.log.head())


def test_the_policy_in_force_changes_nothing(incidents: Services) -> None:
    report = replayed(incidents, "sla-policy", in_force(incidents))
    assert report.rows["changed"] == []
    for sheet in ("targets", "months"):
        sums = ("promised", "met", "missed", "paused", "due", "hours_over")
        before = column(report, sheet, *(f"before_{one}" for one in sums))
        assert column(report, sheet, *(f"after_{one}" for one in sums)) == before


def test_another_policy_is_defined_by_the_commands_own_rules_and_changes_some(
    incidents: Services,
) -> None:
    short = {"medium": {"resolution": {"minutes": 30}}}
    report = replayed(incidents, "sla-policy", {"name": "Strict", "targets": short})
    counts = column(report, "targets", "priority", "newly_missed", "newly_met")
    assert dict(one[:2] for one in counts)["medium"] > 0
    assert sum(missed + met for _, missed, met in counts) == len(report.rows["changed"])


def test_several_processes_find_the_same_as_one(
    incidents: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = period(incidents)
    alone = replayed(incidents, "assignment", TO_QUEUES, now, workers=1)
    monkeypatch.setattr(replaying, "WIDTH", 100)
    monkeypatch.setattr(replaying, "PARTS_A_WORKER", 1)
    parts = replayed(incidents, "assignment", TO_QUEUES, now, workers=1)
    shared = replayed(incidents, "assignment", TO_QUEUES, now, workers=2)
    assert alone.rows == parts.rows == shared.rows
    assert alone.records == shared.records > 50
    with pytest.raises(FiguresTimedOut, match="Ask for a shorter period"):
        replayed(incidents, "assignment", TO_QUEUES, now, workers=1, seconds=0)


def test_a_record_belongs_to_the_period_in_which_it_began(incidents: Services) -> None:
    [[first], [last]] = ask(
        incidents.database,
        incidents.tenant,
        "SELECT created_at FROM tickets WHERE created_at IN"
        " ((SELECT min(created_at) FROM tickets), (SELECT max(created_at) FROM tickets))"
        " GROUP BY 1 ORDER BY 1",
        2,
    ).rows
    middle = first + (last - first) / 2
    early = replayed(incidents, "assignment", TO_QUEUES, period(incidents, until=middle))
    late = replayed(
        incidents,
        "assignment",
        TO_QUEUES,
        period(incidents, since=middle + timedelta(microseconds=1)),
    )
    assert early.records > 0
    assert late.records > 0
    assert early.records + late.records == replayed(incidents, "assignment", TO_QUEUES).records


def checksums(services: Services) -> dict[str, Any]:
    """What stands in every table of the tenant and of its keys."""
    with psycopg.connect(embedded.start(home()).url(), autocommit=True) as superuser:
        tables = superuser.execute(
            "SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables"
            " WHERE starts_with(schemaname, %s)",
            [services.tenant.schema],
        ).fetchall()
        return {
            name: superuser.execute(
                "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text))"
                f" FROM {name} t".encode()
            ).fetchone()
            for (name,) in tables
        }


rules = st.one_of(
    st.tuples(
        st.just("sla-policy"),
        st.integers(1, 100_000).map(
            lambda n: {"name": "x", "targets": {"medium": {"resolution": {"minutes": n}}}}
        ),
    ),
    st.tuples(
        st.just("assignment"),
        st.sampled_from(["round_robin", "least_open"]).map(
            lambda by: {"routes": [{**TO_QUEUES["routes"][0], "by": by}]}
        ),
    ),
    st.tuples(
        st.just("scoring"),
        st.integers(0, 300).map(
            lambda n: {
                "rule": {
                    "items": [
                        {
                            "when": [{"field": "changes", "operator": "at_least", "value": n}],
                            "points": 1,
                        }
                    ],
                    "bands": [{"name": "A", "at_least": 1}],
                },
                "after_days": n,
            }
        ),
    ),
)


def test_the_sandbox_writes_nothing(incidents: Services) -> None:
    before = checksums(incidents)
    assert len(before) > 20

    @given(rules)
    @settings(max_examples=6, deadline=None, suppress_health_check=[*HealthCheck])
    def each(named: tuple[str, Any]) -> None:
        replayed(incidents, *named, workers=1)

    each()
    assert checksums(incidents) == before


def test_the_database_holds_that(incidents: Services) -> None:
    with (
        Snapshot.of(incidents.log) as snapshot,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        snapshot.connection.execute("SELECT lease_numbers('T', 1)")


def test_what_is_personal_is_not_read(services: Services) -> None:
    ticket = services.issue(OpenTicket(subject="Mr Secret called", priority=Priority.HIGH)).stream
    begun = scan.Begun([*Ticket.EVENTS], None, datetime.now(UTC))
    with Snapshot.of(services.log) as snapshot:
        [event] = scan.public(services.log, snapshot.connection, snapshot.head(), EVERYTHING, begun)
    assert (event.stream, event.event.subject) == (ticket, ERASED)  # type: ignore[attr-defined]


def test_a_skipped_event_is_left_out_and_what_cannot_be_folded_is_counted(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = {"name": "x", "targets": {"high": {"resolution": {"minutes": 60}}}}
    ticket = services.issue(OpenTicket(subject="a", priority=Priority.HIGH)).stream
    ended = services.issue(ResolveTicket(resolution="b"), ticket)
    outcomes = ("clocks", "after_met", "after_due")
    assert (1, 1, 0) in column(replayed(services, "sla-policy", policy), "targets", *outcomes)
    skip = SkipEvent(read_model="ticket_clocks", position=ended.position, record_id=ticket)
    services.issue(skip, SKIPPED_EVENTS)
    found = replayed(services, "sla-policy", policy)
    assert (1, 0, 1) in column(found, "targets", *outcomes)

    def breaks(*_: Any) -> None:
        raise ValueError

    broken = dataclasses.replace(declared.WHAT_IFS["sla-policy"], fold=breaks)
    monkeypatch.setattr(replaying, "WHAT_IFS", {"sla-policy": broken})
    again = replayed(services, "sla-policy", policy)
    assert (again.records, again.left_out) == (0, 1)


def test_deals_are_scored_by_what_the_log_says(services: Services) -> None:
    world = World(services)
    fair = world.deal(3, money(500), lead_source="fair")
    services.issue(WinOpportunity(amount=Money.model_validate(money(1))), fair, occurred_at=at(9))
    web = world.deal(3, money(500), lead_source="web")
    services.issue(LoseOpportunity(loss_reason=LossReason.PRICE), web, occurred_at=at(9))
    is_fair = {"field": "lead_source", "operator": "is", "value": "fair"}
    rule = {
        "rule": {
            "items": [{"when": [is_fair], "points": 5}],
            "bands": [{"name": "A", "at_least": 5}],
        },
        "after_days": 2,
    }
    report = replayed(services, "scoring", rule)
    # Won: fair, and another from nowhere. Lost: two from the web.
    assert report.rows["quality"][0][:4] == ("rule", 4, 2, 2)
    assert column(report, "bands", "band", "won", "lost")[:2] == [("A", 1, 0), (None, 1, 2)]
