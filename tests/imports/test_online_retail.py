"""The Online Retail set comes out of Kept as its file says it was: a slice of it, figured anew."""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.imports.intake import ImportStopped, Intake
from api.imports.online_retail import import_online_retail
from api.services import Services
from projections import DERIVED, PROJECTIONS
from projections.analytics.compiling import sql
from projections.analytics.kernel import Asked
from projections.analytics.segments import worth
from projections.analytics.views import views
from projections.orders import order_lines, orders
from projections.rebuild import rebuild
from store.database import Database
from store.sql_reader import ask
from tests.imports.conftest import Notes, events_of, kill_after, own_tenant, process, real
from tests.imports.conftest import run_import as run

pytestmark = pytest.mark.real_input

ZONE = ZoneInfo("Europe/London")
TAKEN = 4_000
LAST_DAY = date(2010, 12, 10)
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
Row = dict[str, str]


def imported(services: Services, path: Path) -> tuple[Intake, Notes]:
    return run(services, "online-retail", lambda one: import_online_retail(one, path, ZONE))


def asked(services: Services, query: str) -> list[tuple[Any, ...]]:
    return ask(services.database, services.tenant, query, 100_000).rows


def pence(row: Row) -> Decimal:
    """What a line comes to, without any code of Kept's."""
    exact = Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass
class Shop:
    """A slice of the file, and what was made of it."""

    services: Services
    path: Path
    rows: list[Row]
    notes: Notes

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        return asked(self.services, query)


@pytest.fixture(scope="module")
def shop(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    whole = real("online-retail") / "onlineretail.csv.gz"
    path = tmp_path_factory.mktemp("retail") / "slice.csv"
    with gzip.open(whole, "rt", encoding="utf-8", newline="") as text:
        path.write_text("".join(islice(text, TAKEN + 1)), "utf-8")
    with path.open(newline="", encoding="utf-8") as text:
        rows = [*csv.DictReader(text)]
    with own_tenant(database, "retail", str(ZONE)) as services:
        _, notes = imported(services, path)
        services.runner.catch_up()
        yield Shop(services, path, rows, notes)


def test_the_totals_are_the_file_s(shop: Shop) -> None:
    net = sum(map(pence, shop.rows))
    invoices = {row["InvoiceNo"] for row in shop.rows}
    customers = {row["CustomerID"] for row in shop.rows} - {""}
    (found,) = shop.sql("SELECT count(*), sum(net_total), count(DISTINCT customer_id) FROM orders")
    assert found == (len(invoices), net, len(customers))
    assert shop.sql("SELECT count(*), sum(net) FROM order_lines") == [(TAKEN, net)]
    assert shop.sql("SELECT count(*) FROM customers") == [(len(customers),)]
    codes = {row["StockCode"].upper() for row in shop.rows}
    assert shop.sql("SELECT count(*) FROM products") == [(len(codes),)]


def test_every_line_is_there_with_its_figures(shop: Shop) -> None:
    """As a multiset: what was sold, how many of it, at which price and on which day."""
    expected = Counter(
        (
            row["StockCode"].upper(),
            Decimal(row["Quantity"]),
            Decimal(row["UnitPrice"]),
            row["InvoiceDate"][:10],
            row["InvoiceNo"].startswith("C"),
        )
        for row in shop.rows
    )
    found = shop.sql(
        "SELECT upper(sku), quantity, unit_price, ordered_on::text, l.type = 'credit'"
        " FROM order_lines l JOIN products p ON p.id = l.product_id"
    )
    assert Counter(found) == expected


def test_each_customer_s_turnover_is_the_file_s(shop: Shop) -> None:
    turnover: dict[str, Decimal] = defaultdict(Decimal)
    for row in shop.rows:
        if row["CustomerID"]:
            turnover[f"Customer {row['CustomerID'].removesuffix('.0')}"] += pence(row)
    with shop.services.database.borrow("writer", shop.services.tenant.schema) as connection:
        named = connection.execute(
            "SELECT name, sum(net_total) FROM customers_v1 c JOIN orders_v2 o"
            " ON o.customer_id = c.id GROUP BY name"
        ).fetchall()
    assert dict(named) == turnover


def test_recency_frequency_and_value_are_the_file_s(shop: Shop) -> None:
    """Without any code of Kept's: by customer and for their scores."""
    expected = rfm(shop.rows, LAST_DAY)
    query = sql(worth(views(), Asked(LAST_DAY, until=LAST_DAY)), "postgres")
    with shop.services.database.borrow("writer", shop.services.tenant.schema) as connection:
        numbers = dict(connection.execute("SELECT id, external_id FROM customers_v1").fetchall())
    found = {
        numbers[row["id"]]: (
            *(row["recency"], row["orders"], row["value"]),
            *(row["recency_score"], row["frequency_score"], row["monetary_score"]),
        )
        for row in shop.services.analytics.engine.rows(query)
    }
    assert found == expected
    assert len({scores[3:] for scores in expected.values()}) > 10


def rfm(rows: list[Row], last: date) -> dict[str, tuple[Any, ...]]:
    """Days since the last invoice, invoices, net value with credits, and the fifth of each."""
    invoices: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        invoices[row["InvoiceNo"]].append(row)
    orders: Counter[str] = Counter()
    latest: dict[str, date] = {}
    value: dict[str, Decimal] = defaultdict(Decimal)
    for number, lines in invoices.items():
        who = lines[0]["CustomerID"].removesuffix(".0")
        value[who] += sum(map(pence, lines))
        if who and not number.startswith("C"):
            orders[who] += 1
            day = date.fromisoformat(lines[0]["InvoiceDate"][:10])
            latest[who] = max(day, latest.get(who, day))
    worth = {who: value[who] for who in orders}
    measured: tuple[Mapping[str, Any], ...] = (latest, orders, worth)
    fifths = [
        {
            who: 1 + 5 * sum(other < one for other in by.values()) // len(by)
            for who, one in by.items()
        }
        for by in measured
    ]
    return {
        who: ((last - latest[who]).days, orders[who], value[who], *(one[who] for one in fifths))
        for who in orders
    }


def test_cancellations_count_negatively_and_nobody_s_invoices_say_so(shop: Shop) -> None:
    credits = [row for row in shop.rows if row["InvoiceNo"].startswith("C")]
    (found,) = shop.sql("SELECT sum(net_total), count(*) FROM orders WHERE type = 'credit'")
    assert found == (sum(map(pence, credits)), len({row["InvoiceNo"] for row in credits}))
    nobodys = {row["InvoiceNo"] for row in shop.rows if not row["CustomerID"]}
    rule = "broken_rules @> '[\"no_customer\"]'"
    told = shop.sql(f"SELECT count(*), count(customer_id) FROM orders WHERE {rule}")
    assert told == [(len(nobodys), 0)]
    assert shop.sql("SELECT DISTINCT status, payment_status FROM orders") == [
        ("completed", "elsewhere")
    ]


def test_every_odd_line_is_told_with_its_reason(shop: Shop) -> None:
    told = Counter(reason.split(".")[0] for _, reason in shop.notes.reasons.elements())
    lines = Counter(tuple(row.values()) for row in shop.rows)
    expected = {
        "CustomerID: is empty": sum(not row["CustomerID"] for row in shop.rows),
        "UnitPrice: is zero": sum(Decimal(row["UnitPrice"]) == 0 for row in shop.rows),
        "Quantity: is below zero in a sale": sum(
            row["Quantity"].startswith("-") and not row["InvoiceNo"].startswith("C")
            for row in shop.rows
        ),
        "the invoice has the very same line before": sum(n - 1 for n in lines.values()),
        "Description: is empty": sum(not row["Description"].strip() for row in shop.rows),
    }
    assert {reason: told[reason] for reason in expected} == expected
    assert shop.notes.outcomes["not_taken"] == 0


def test_an_order_stands_in_the_log_at_the_time_of_its_invoice(shop: Shop) -> None:
    first: dict[str, str] = {}
    sizes = Counter(row["InvoiceNo"] for row in shop.rows)
    for row in shop.rows:
        first.setdefault(row["InvoiceNo"], row["InvoiceDate"])
    found = {}
    for recorded in events_of(shop.services):
        if recorded.type == "OrderRecorded":
            invoice = getattr(recorded.event, "external_id", "")
            found[invoice] = recorded.occurred_at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
            assert recorded.body["source"]["client"] == "online-retail"
    assert found == first
    assert max(sizes.values()) > 200  # so that some order has more than one event
    longest = shop.sql("SELECT count(*) FROM order_lines GROUP BY id ORDER BY 1 DESC LIMIT 1")
    assert longest == [(max(sizes.values()),)]


def test_rebuilt_lines_are_the_live_ones(shop: Shop) -> None:
    for made in rebuild(shop.services.log, PROJECTIONS, DERIVED, (orders, order_lines), workers=1):
        assert made.checksum == made.live_checksum, made.name


def test_a_second_run_finds_everything_there(shop: Shop) -> None:
    before = shop.services.log.head()
    intake, notes = imported(shop.services, shop.path)
    assert shop.services.log.head() == before
    assert (intake.commands, intake.opened) == (0, Counter())
    assert notes.reasons == shop.notes.reasons


# Small files.


def written(folder: Path, *lines: str) -> Path:
    path = folder / "invoices.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n")
    return path


ONE = "1,A,Apple,2.0,2010-12-01 08:26:00,1.5,7.0,France"


def test_killed_again_and_again_it_doubles_and_loses_nothing(
    database: Database, tmp_path: Path
) -> None:
    path = written(
        tmp_path,
        *(
            f"{number},A{number % 50},Apple,{line}.0,2010-12-01 08:26:00,1.5,{number % 40}.0,France"
            for number in range(120)
            for line in (1, 2, 3)
        ),
    )
    with own_tenant(database, "retail_killed") as services:
        assert kill_after(services, 130, "online-retail", str(path))
        last = process("retail_killed", "online-retail", str(path))
        said, problem = last.communicate()
        assert last.returncode == 0, (said, problem)
        services.runner.catch_up()
        found = asked(services, "SELECT count(*), sum(net_total) FROM orders")
        assert found == [(120, Decimal(120 * 9))]
        assert asked(services, "SELECT count(*), sum(net) FROM order_lines") == [(360, 1_080)]


def test_what_cannot_be_taken_is_told_line_by_line(services: Services, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        ONE,
        ",A,Apple,2.0,2010-12-01 08:26:00,1.5,7.0,France",
        "1,,Apple,2.0,2010-12-01 08:26:00,1.5,7.0,France",
        "1,A,Apple,none,2010-12-01 08:26:00,1.5,7.0,France",
        "1,A,Apple,0.0,2010-12-01 08:26:00,1.5,7.0,France",
        "1,A,Apple,2.0,1/12/2010,1.5,7.0,France",
        "1,A,Apple,2.0,2010-12-01 08:26:00,1.23456,7.0,France",
        "1,A,Apple,2.0,2010-12-01 08:26:00,1.5,7.0",
    )
    _, notes = imported(services, path)
    assert notes.of("not_taken") == {
        3: "InvoiceNo: is empty",
        4: "StockCode: is empty",
        5: "Quantity: is no number other than zero",
        6: "Quantity: is no number other than zero",
        7: "InvoiceDate: is no time such as 2010-12-01 08:26:00",
        8: "UnitPrice: is no number",
        9: "has 7 cells, not 8",
    }
    services.runner.catch_up()
    assert asked(services, "SELECT net_total FROM orders") == [(Decimal("3.00"),)]


def test_what_is_odd_is_mended_or_kept_and_told(services: Services, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        ONE,
        "A2,B,Adjust bad debt,1.0,2010-12-02 08:26:00,-9.99,,Channel Islands",
        "1,a,Apfel,1.0,2010-12-01 08:27:00,1.5,7.0,Germany",
        "C3,A,Apple,-1.0,2010-12-03 08:26:00,1.5,8.0,France",
    )
    _, notes = imported(services, path)
    told = defaultdict(set)
    for note in notes.notes:
        told[note.line].add(note.reason.partition(".")[0])
    assert told[3] == {
        "CustomerID: is empty",
        "Country: is no one country",
        "InvoiceNo: is an adjustment of bad debt",
        "UnitPrice: is below zero",
    }
    assert told[4] == {
        "InvoiceNo: does not follow upon the invoice's line before",
        "StockCode: is another product's but for its capitals",
        "Description: most lines call the product otherwise",
        "InvoiceDate: differs from the invoice's first line, whose time it has",
        "CustomerID, Country: differ from the invoice's first line, which counts",
    }
    services.runner.catch_up()
    found = asked(
        services,
        "SELECT type, net_total, country, broken_rules::text FROM orders ORDER BY ordered_on",
    )
    assert found == [
        ("sale", Decimal("4.50"), "FR", "[]"),
        ("sale", Decimal("-9.99"), None, '["no_customer", "negative_price"]'),
        ("credit", Decimal("-1.50"), "FR", "[]"),
    ]
    stages = asked(services, "SELECT stage, count(*) FROM customers GROUP BY stage ORDER BY stage")
    assert stages == [("active", 1), ("prospect", 1)]  # who only sent something back bought nothing


def test_times_are_read_in_the_zone_that_is_given(services: Services, tmp_path: Path) -> None:
    imported(services, written(tmp_path, ONE.replace("2010-12-01 08:26", "2011-06-01 00:26")))
    (at,) = {one.occurred_at for one in events_of(services) if one.type == "OrderRecorded"}
    assert at == datetime(2011, 5, 31, 23, 26, tzinfo=UTC)


def test_a_file_of_another_kind_is_refused(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ImportStopped, match="has other columns than InvoiceNo"):
        imported(services, path)
    with pytest.raises(ImportStopped, match="There is no file"):
        imported(services, tmp_path / "none.csv")
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(gzip.compress(HEADER.encode() * 50)[:40])
    with pytest.raises(ImportStopped, match="cannot be read"):
        imported(services, broken)
