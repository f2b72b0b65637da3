"""What is personal occurs nowhere but encrypted beside the log, and in the read models.

Canaries are put into every personal field, through every door, accepted and refused.
"""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest

from api.app import create_app
from api.cli import main
from api.routing import KeyedRoute
from api.services import Services, create_tenant
from commands.kernel import COMMANDS, Command
from domain import AGGREGATES
from domain.fields import personal_fields
from domain.records import Record
from projections.customers import customers
from projections.tables import table_of
from store import embedded
from store.database import Database, home
from tests.api.conftest import Running, run_server
from tests.faults.canaries import CUSTOM_KEY, Sower
from tests.faults.house import until
from tests.faults.stories import STORY, Step

TENANT: Final = "canaries"
SCHEMAS: Final = (f"kept_{TENANT}", f"kept_{TENANT}_keys")
ERASED: Final = ("who goes", "erasure")
"""The records of the story that are about somebody who is erased in it."""
MODELS_OF: Final = "_v[0-9]+$"
"""Read models hold values in the clear: that is what they are for (DESIGN §5)."""


class Ears(logging.Handler):
    """Hears whatever any logger says, at any level, exceptions included."""

    def __init__(self) -> None:
        super().__init__(level=1)
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(("httpx", "httpcore", "psycopg.pool")):  # the client knows
            self.heard.append(self.format(record))


@dataclass
class Estate:
    """A tenant, its server, what was put into it and what was heard of it."""

    services: Services
    client: httpx2.Client
    sower: Sower
    ears: Ears
    routes: dict[str, KeyedRoute]
    other_key: str
    """Of a second administrator."""
    ids: dict[str, str] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    """Canaries in requests that were answered with a receipt."""
    erased: set[str] = field(default_factory=set)
    """Those of them that were about somebody who was erased."""
    refusals: list[tuple[int, str]] = field(default_factory=list)
    """Status and text of the answers to those that were not."""
    _heard: int = 0
    _logged: int = 0

    def path(self, command: str, record: str) -> tuple[str, str]:
        """Method and path; ``record`` is a name of the story, or else stands there itself."""
        route = self.routes[command]
        where = self.ids.get(record, record)
        path = route.path.replace("{id}", where).replace("{kind}", record)
        return next(iter(route.methods or ())), path

    def body(self, step: Step) -> dict[str, Any]:
        command = COMMANDS[step.command]
        public: dict[str, Any] = json.loads(self._named(json.dumps(step.public)))
        return self.sower.body(command, public)

    def send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """With canaries in the headers too."""
        headers = {
            "Kept-Reason": self.sower.canary(f"reason of {method} {path}"),
            "Idempotency-Key": self.sower.canary(f"key of {method} {path}"),
            "User-Agent": self.sower.canary(f"user agent of {method} {path}"),
            **options.pop("headers", {}),
        }
        return self.client.request(method, path, headers=headers, **options)

    def take(self, step: Step) -> None:
        """Issue a step of the story, which has to be accepted."""
        before = {*self.sower.sown}
        body = self.body(step)
        method, path = self.path(step.command, step.record)
        headers = {"Authorization": f"Bearer {self.other_key}"} if step.by_another else {}
        if step.occurred_at is not None:
            headers["Kept-Occurred-At"] = step.occurred_at
        answer = self.send(method, path, json=body, headers=headers)
        assert answer.status_code in (200, 201), f"{step.command}: {answer.text}"
        self.ids.setdefault(step.record, answer.json()["stream"])
        new = {*self.sower.sown} - before
        silent = ("key of", "user agent of")
        accepted = {one for one in new if not self.sower.sown[one].startswith(silent)}
        self.accepted |= accepted
        if step.record in ERASED:
            self.erased |= accepted
        if step.command == "AddTicketMessage":
            self.ids["message"] = self._last_message(answer.json()["stream"])

    def refused(self, method: str, path: str, **options: Any) -> None:
        """Send what cannot be accepted."""
        answer = self.send(method, path, **options)
        assert 400 <= answer.status_code < 600, f"{method} {path} {answer.status_code}"
        self.refusals.append((answer.status_code, f"{answer.headers} {answer.text}"))

    def said_since(self) -> str:
        """What was logged since it was last asked, by us and by PostgreSQL."""
        heard = "\n".join(self.ears.heard[self._heard :])
        self._heard = len(self.ears.heard)
        with (home() / "postgres.log").open("rb") as log:
            log.seek(self._logged)
            written = log.read()
        self._logged += len(written)
        return heard + written.decode(errors="replace")

    def assert_nothing_is_told(self, *more: str) -> None:
        """Neither in the answers since, nor in a log."""
        told = [f"{status} {text}" for status, text in self.refusals]
        assert self.sower.found_in("\n".join([self.said_since(), *told, *more])) == {}
        self.refusals.clear()

    def _last_message(self, ticket: str) -> str:
        events = self.services.log.load(UUID(ticket))
        (last, *_) = (one for one in reversed(events) if one.type == "TicketMessageAdded")
        return str(last.body["data"]["message_id"])

    def _named(self, text: str) -> str:
        for name, record in sorted(self.ids.items(), key=lambda one: -len(one[0])):
            text = text.replace(f'"@{name}"', f'"{record}"')
        return text


@pytest.fixture(scope="module")
def ears() -> Iterator[Ears]:
    """Every logger there is, turned up."""
    ears = Ears()
    loggers = [logging.getLogger(name) for name in ("", "kept.access", "uvicorn", "psycopg")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    loggers[0].addHandler(ears)
    logging.getLogger("uvicorn").addHandler(ears)
    yield ears
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.removeHandler(ears)


@pytest.fixture(scope="module")
def server(database: Database, ears: Ears) -> Iterator[Running]:
    running = run_server(database)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def estate(database: Database, ears: Ears, server: Running) -> Iterator[Estate]:
    """Every command was issued with canaries, and accepted."""
    create_tenant(database, TENANT, "Asia/Shanghai")
    services = Services.open(database, TENANT)
    key = services.api_keys.create(uuid4(), "admin")
    client = httpx2.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=60
    )
    routes = {
        route.operation_id: route
        for route in create_app(database).routes
        if isinstance(route, KeyedRoute) and route.operation_id in COMMANDS
    }
    other_key = services.api_keys.create(uuid4(), "admin")
    estate = Estate(services, client, Sower(), ears, routes, other_key)
    for kind in (one.AGGREGATE for one in AGGREGATES if issubclass(one, Record)):
        field = {"key": CUSTOM_KEY, "label": "Hobby", "type": "text", "personal": True}
        estate.take(Step("DeclareCustomField", kind, field))
    for step in STORY:
        estate.take(step)
    yield estate
    client.close()
    services.close()


def everything_stored(but: str = "") -> Iterator[tuple[str, str]]:
    """Each row of each table of the tenant as text, by table."""
    with psycopg.connect(embedded.start(home()).url(), autocommit=True) as superuser:
        tables = superuser.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s)"
            " AND NOT (%s <> '' AND tablename ~ %s)",
            [[*SCHEMAS], but, but],
        ).fetchall()
        for schema, table in tables:
            rows = superuser.execute(f"SELECT t::text FROM {schema}.{table} t".encode())
            yield table, "\n".join(row[0] for row in rows)


def test_every_command_is_issued_and_every_personal_field_filled(estate: Estate) -> None:
    assert {step.command for step in STORY} == {*COMMANDS}
    planted = {where.split(".")[0:2][-1] for where in estate.sower.sown.values()}
    wanted = {name for command in COMMANDS.values() for name in personal_fields(command)}
    assert wanted - planted == {"language", "locale", "time_zone"}


def test_the_canaries_are_there_for_whoever_has_the_keys(estate: Estate) -> None:
    """Or the tests below would not be able to fail."""
    seen = ""
    after = 0
    while True:
        page = estate.client.get(f"/v1/events?limit=1000&after={after}").json()
        seen += json.dumps(page["data"], ensure_ascii=False)
        after = page["next_after"]
        if page["is_at_head"]:
            break
    missing = {estate.sower.sown[one] for one in estate.accepted - estate.erased if one not in seen}
    assert missing == set()


def test_of_whoever_was_erased_none_is_left_in_any_file(estate: Estate) -> None:
    """Heap, indexes, TOAST, statistics, read models, logs: all that is below the home of the
    database but its write-ahead log, which only the destruction of the epoch key reaches.
    """
    request = f"/v1/subject-requests/{estate.ids['erasure']}"
    until(lambda: estate.client.get(request).json()["status"] == "fulfilled", "it is carried out")
    assert len(estate.erased) > 10
    with psycopg.connect(embedded.start(home()).url(), autocommit=True) as superuser:
        superuser.execute("CHECKPOINT")  # what is in memory only is written too
    found: dict[str, set[str]] = {}
    others = 0
    for path in sorted([*home().rglob("*")]):
        if not path.is_file() or "pg_wal" in path.parts:
            continue
        held = path.read_bytes().decode("latin-1")
        canaries = {*estate.sower.found_in(held)}
        others += len(canaries - estate.erased)
        if canaries & estate.erased:
            found[str(path)] = {estate.sower.sown[one] for one in canaries & estate.erased}
    assert found == {}
    assert others > 100  # those who stay are found so, or the search would prove nothing


def test_they_are_in_no_table_but_the_read_models(estate: Estate) -> None:
    head = estate.services.log.head()
    until(lambda: estate.services.runner.position() == head, "the read models are there")
    shown = {table: text for table, text in everything_stored() if re.search(MODELS_OF, table)}
    assert estate.sower.found_in(shown["customers_v1"])
    tables = dict(everything_stored(but=MODELS_OF))
    assert tables.keys() >= {"events", "command_receipts", "unique_values", "personal_data"}
    assert len(tables["events"]) > 10_000
    for table, text in tables.items():
        assert estate.sower.found_in(text) == {}, table


def test_they_are_in_no_log(estate: Estate, capfd: pytest.CaptureFixture[str]) -> None:
    said = estate.said_since()
    assert "POST /v1/customers 201" in "\n".join(estate.ears.heard)
    assert "starting PostgreSQL" in (home() / "postgres.log").read_text()
    shown = capfd.readouterr()
    assert estate.sower.found_in(said + shown.out + shown.err) == {}


# What is refused


def spoilt(command: type[Command], body: dict[str, Any]) -> Iterator[Any]:
    """The same body, no longer valid, with the canaries still in it."""
    for name in personal_fields(command):
        for wrong in ({"x": body[name]}, [[body[name]]], f"{body[name]}\0", 7):
            yield {**body, name: wrong}
        if isinstance(body[name], str):
            yield {**body, name: body[name] * 20_000}
    for name in command.model_fields.keys() - personal_fields(command).keys():
        yield {**body, name: {"nested": [*body.values()]}}
        yield {**body, name: next((v for v in body.values() if isinstance(v, str)), "x")}
    yield {**body, "no such field": [*body.values()]}
    yield [body]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_refusal_of_a_command_repeats_them(name: str, estate: Estate) -> None:
    command = COMMANDS[name]
    step = next(step for step in STORY if step.command == name)
    body = estate.body(step)
    method, path = estate.path(name, step.record)
    for wrong in spoilt(command, body):
        answer = estate.send(method, path, json=wrong)
        # Some of what is spoilt is none the worse for it, such as a word in place of another.
        estate.refusals.append((answer.status_code, f"{answer.headers} {answer.text}"))
    estate.refused(method, path, content=json.dumps(body)[:-1])
    estate.refused(method, path, content=json.dumps(body), headers={"Content-Type": "text/plain"})
    estate.refused(method, path, json=body, headers={"If-Match": f'"{estate.sower.canary("tag")}"'})
    if "{id}" in estate.routes[name].path:
        estate.refused(method, path, json=body, headers={"If-Match": '"999"'})
        nobody = estate.path(name, str(uuid4()))[1]
        estate.refused(method, nobody, json=body)
        estate.refused(method, estate.path(name, estate.sower.canary("path"))[1], json=body)
        other = "contact" if command.TO.AGGREGATE != "contacts" else "customer"
        estate.refused(method, estate.path(name, other)[1], json=body)
    assert len(estate.refusals) >= 5
    assert not [status for status, _ in estate.refusals if status >= 500]
    estate.assert_nothing_is_told()


def test_no_refusal_by_the_records_repeats_them(estate: Estate) -> None:
    """Business rules, unique values that are taken, versions that were passed, keys used twice."""
    sower = estate.sower
    taken = sower.canary("an e-mail that is taken")
    person = {"name": sower.canary("name"), "kind": "person", "emails": [f"{taken}@example.com"]}
    first = estate.send("POST", "/v1/customers", json=person)
    assert first.status_code == 201
    estate.refused("POST", "/v1/customers", json=person)
    customer = first.json()["stream"]
    key = {"Idempotency-Key": sower.canary("a key used twice")}
    note = {"note": sower.canary("note")}
    assert estate.send("PATCH", f"/v1/customers/{customer}", json=note, headers=key).is_success
    estate.refused("PATCH", f"/v1/customers/{customer}", json={"note": taken}, headers=key)
    estate.refused(
        "PATCH", f"/v1/customers/{customer}", json={"note": taken}, headers={"If-Match": '"1"'}
    )
    assert estate.send("POST", f"/v1/customers/{customer}/archive").is_success
    estate.refused("PATCH", f"/v1/customers/{customer}", json={"note": taken})
    estate.refused(
        "PATCH",
        f"/v1/contacts/{estate.ids['contact']}",
        json={"custom_personal": {"undeclared": sower.canary("an undeclared custom field")}},
    )
    assert [status for status, _ in estate.refusals] == [409, 422, 412, 409, 409]
    estate.assert_nothing_is_told()


def test_no_refusal_of_a_read_repeats_them(estate: Estate) -> None:
    sower = estate.sower
    for path in (
        f"/v1/customers?name={sower.canary('query')}",
        f"/v1/customers?{sower.canary('parameter')}=1",
        f"/v1/customers?sort={sower.canary('sort')}",
        f"/v1/customers?cursor={sower.canary('cursor')}",
        f"/v1/customers?owner_id={sower.canary('id')}",
        f"/v1/customers?as_of={sower.canary('moment')}",
        f"/v1/customers?limit={sower.canary('limit')}",
        f"/v1/customers/{sower.canary('record')}",
        f"/v1/{sower.canary('route')}",
        f"/{sower.canary('root')}",
        f"/v1/events?type=x&actor={sower.canary('actor')}",
        f"/v1/history?field={sower.canary('field')}&after=x",
    ):
        estate.refused("GET", path)
    for body in (
        {"search": sower.canary("search"), "sort": sower.canary("sort")},
        {"filters": {"name": sower.canary("filter")}},
        {"filters": {sower.canary("name"): 1}},
        {"search": {"x": sower.canary("search")}},
        {"cursor": sower.canary("cursor")},
    ):
        estate.refused("POST", "/v1/customers/search", json=body)
    estate.refused(
        "GET", "/v1/customers", headers={"Authorization": f"Bearer {sower.canary('key')}"}
    )
    estate.assert_nothing_is_told()


def test_what_was_refused_is_in_no_table(estate: Estate) -> None:
    estate.refused("POST", "/v1/customers", json={"name": estate.sower.canary("refused")})
    for table, text in everything_stored(but=MODELS_OF):
        assert estate.sower.found_in(text) == {}, table


# The other doors


def kept(*arguments: str | Path) -> int:
    """The command line, in this process."""
    with pytest.raises(SystemExit) as end:
        main(["--tenant", TENANT, *map(str, arguments)])
    return end.value.code if isinstance(end.value.code, int) else 0


def test_imports_leave_them_nowhere(
    estate: Estate, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sower = estate.sower
    folder = tmp_path / sower.canary("name of a folder")
    folder.mkdir()
    agent, manager, account = (sower.canary(one) for one in ("agent", "manager", "account"))
    tables = {
        "accounts": "account,sector,year_established,revenue,employees,office_location,"
        f"subsidiary_of\n{account},medical,1999,251.41,495,United States,",
        "products": "product,series,sales_price\nGTX Basic,GTX,550",
        "sales_teams": f"sales_agent,manager,regional_office\n{agent},{manager},Central",
        "sales_pipeline": "opportunity_id,sales_agent,product,account,deal_stage,engage_date,"
        f"close_date,close_value\n{sower.canary('id elsewhere')},{agent},GTX Basic,{account},Won,"
        "2016-10-20,2017-03-01,1054",
    }
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    assert kept("import", "maven-crm", folder, "--json") == 0
    log = tmp_path / f"{sower.canary('name of a file')}.csv"
    log.write_text(incident_log(sower))
    assert kept("import", "incidents", log, "--json") == 0
    invoices = tmp_path / f"{sower.canary('name of another file')}.csv"
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    sold = f"{sower.canary('number of an invoice')},A,Apple,2.0,2010-12-01 08:26:00,1.5"
    invoices.write_text(f"{header}\n{sold},{sower.canary('id of a customer')},France\n")
    assert kept("import", "online-retail", invoices, "--json") == 0
    shown = capfd.readouterr()
    for table, text in everything_stored(but=MODELS_OF):
        assert sower.found_in(text) == {}, table
    estate.assert_nothing_is_told(shown.err)
    events = estate.services.gate.events(
        admin(), estate.services.log.read(estate.services.log.head() - 40, 100)
    )
    assert {agent, account, manager} <= sower.found_in(json.dumps(events)).keys()


def admin() -> Any:
    from projections.readers import Reader  # noqa: PLC0415

    return Reader(uuid4(), "admin", "test")


def incident_log(sower: Sower) -> str:
    """One incident, with canaries for the people in it."""
    from api.imports.incident_log import COLUMNS  # noqa: PLC0415

    cells = dict.fromkeys(COLUMNS, "?") | {
        "number": sower.canary("number of an incident"),
        "incident_state": "New",
        "active": "TRUE",
        "sys_mod_count": "0",
        "opened_at": "29/2/2016 01:16",
        "sys_created_at": "29/2/2016 01:23",
        "sys_updated_at": "29/2/2016 01:23",
        "impact": "2 - Medium",
        "urgency": "2 - Medium",
        "priority": "3 - Moderate",
    }
    for name in ("caller_id", "opened_by", "sys_created_by", "sys_updated_by", "location"):
        cells[name] = sower.canary(name)
    cells["assigned_to"] = sower.canary("assigned_to")
    return "\n".join(",".join(row) for row in (cells.keys(), cells.values()))


def test_the_command_line_leaves_them_nowhere(
    estate: Estate, capfd: pytest.CaptureFixture[str]
) -> None:
    sower = estate.sower
    name, address = sower.canary("name of a user"), f"{sower.canary('their address')}@example.com"
    assert kept("keys", "create", "--role", "sales", "--user", address, "--name", name) == 0
    for query in (
        f"SELECT '{sower.canary('literal')}'",
        f"SELECT '{sower.canary('literal')}'::integer",
        f'SELECT "{sower.canary("column")}"',
        f"SELECT count(*) FROM customers WHERE number = '{sower.canary('literal')}' / 0",
        f"nonsense {sower.canary('word')}",
    ):
        kept("sql", query)
    capfd.readouterr()
    for table, text in everything_stored(but=MODELS_OF):
        assert sower.found_in(text) == {}, table
    estate.assert_nothing_is_told()


# When the database fails


@pytest.fixture
def superuser() -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    options = f"-c search_path={SCHEMAS[0]}"
    with psycopg.connect(embedded.start(home()).url(), autocommit=True, options=options) as one:
        yield one


def test_an_append_that_fails_does_not_tell_them(
    estate: Estate, superuser: "psycopg.Connection[tuple[Any, ...]]"
) -> None:
    """The error quotes all that it was given."""
    superuser.execute(
        "CREATE FUNCTION tell_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'what I got: %', NEW USING DETAIL = NEW::text, HINT = NEW::text; END $$"
    )
    body = estate.body(Step("RegisterCustomer", "failing", {"kind": "person"}))
    for table in ("events", "personal_data", "unique_values", "command_receipts"):
        superuser.execute(
            f"CREATE TRIGGER tell_all BEFORE INSERT ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION tell_all()".encode()
        )
        answer = estate.send("POST", "/v1/customers", json=body | {"external_id": None})
        superuser.execute(f"DROP TRIGGER tell_all ON {table}".encode())
        assert answer.status_code == 500, table
        estate.assert_nothing_is_told(f"{answer.headers} {answer.text}")
    superuser.execute("DROP FUNCTION tell_all")
    assert any("RaiseException" in said for said in estate.ears.heard)


def cancel(superuser: "psycopg.Connection[tuple[Any, ...]]", application: str) -> None:
    """End what waits for a lock, as a statement timeout does."""

    def cancelled() -> bool:
        found = superuser.execute(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = %s AND wait_event_type = 'Lock'",
            [application],
        )
        return found.fetchone() is not None

    until(cancelled, f"{application} waits for the lock")


def test_statements_that_take_too_long_do_not_tell_them(
    estate: Estate, superuser: "psycopg.Connection[tuple[Any, ...]]"
) -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    step = Step("RegisterCustomer", "waiting", {"kind": "person", "source_system": "legacy"})
    body = estate.body(step)
    search = {"search": estate.sower.canary("a search that takes too long")}
    with ThreadPoolExecutor(1) as one:
        with superuser.transaction():
            superuser.execute("LOCK TABLE append_lock IN EXCLUSIVE MODE")
            issued = one.submit(estate.send, "POST", "/v1/customers", json=body)
            cancel(superuser, "kept-writer")
            answer = issued.result(60)
        assert answer.status_code >= 500
        estate.assert_nothing_is_told(f"{answer.headers} {answer.text}")
        with superuser.transaction():
            superuser.execute(f"LOCK TABLE {table_of(customers).table}")
            found = one.submit(estate.send, "POST", "/v1/customers/search", json=search)
            cancel(superuser, "kept-writer")
            answer = found.result(60)
        assert answer.status_code >= 500
        estate.assert_nothing_is_told(f"{answer.headers} {answer.text}")


def test_a_read_model_that_cannot_be_written_does_not_tell_them(
    estate: Estate, superuser: "psycopg.Connection[tuple[Any, ...]]"
) -> None:
    """PostgreSQL would quote the row that it does not take, values in the clear."""
    body = estate.body(Step("RegisterCustomer", "unfit", {"kind": "person", "source_system": "x"}))
    name = body["name"]
    superuser.execute(
        f"ALTER TABLE {table_of(customers).table} ADD CONSTRAINT not_this CHECK (name <> '{name}')"
        " NOT VALID".encode()
    )
    answer = estate.send("POST", "/v1/customers", json=body)
    assert answer.status_code == 201
    until(
        lambda: any("starts over: CheckViolation" in said for said in estate.ears.heard),
        "the runner stumbles",
    )
    superuser.execute(f"ALTER TABLE {table_of(customers).table} DROP CONSTRAINT not_this".encode())
    after = {"Kept-Min-Position": str(answer.json()["position"])}
    path = f"/v1/customers/{answer.json()['stream']}"
    until(lambda: estate.client.get(path, headers=after).is_success, "the runner goes on")
    assert estate.client.get(path, headers=after).json()["name"] == name
    estate.assert_nothing_is_told(f"{answer.headers} {answer.text}")
