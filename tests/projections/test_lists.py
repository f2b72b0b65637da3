"""Lists: every page by index, every row once, every text found, and no cursor but our own."""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.customers import Kind, Level
from domain.kernel import replace as changed
from domain.values import Money
from projections import DERIVED, PROJECTIONS
from projections.customers import CustomerRow, customers
from projections.kernel import ReadModel, Row, Serve
from projections.tables import table_of
from projections.tickets import ticket_messages
from store.database import Connection, Database
from store.lists import BadCursor, Page, Query, Unserved, count_rows, get_row, list_rows
from store.read_models import Table
from tests.dsl import id_of

KEY: Final = bytes(range(32))
MODELS: Final[tuple[ReadModel, ...]] = (*PROJECTIONS, *DERIVED)
ROWS: Final = 60
DAY: Final = date(2026, 3, 2)
NAMES: Final = (
    "Acme 100%",
    "acme_100",
    "Back\\slash GmbH",
    "星河科技有限公司",
    "河马出版社",
    "O'Reilly & Söhne",
    "ＦＵＬＬ　ＷＩＤＴＨ",
    "Straße 7",
    "two  spaces",
    'quoted "name", Inc.',
    "王",
    "Ünïcödé",
)


@dataclass
class Shelf:
    """A table with rows, and the lists of it."""

    connection: Connection
    table: Table

    def page(self, **query: Any) -> Page:
        return list_rows(self.connection, self.table, Query(**query), KEY)

    def every(self, **query: Any) -> list[dict[str, Any]]:
        """All rows, page by page."""
        rows: list[dict[str, Any]] = []
        wanted = Query(**query)
        while True:
            page = list_rows(self.connection, self.table, wanted, KEY)
            rows += page.rows
            if page.next_cursor is None:
                return rows
            assert len(page.rows) == wanted.limit
            wanted = replace(wanted, cursor=page.next_cursor)

    def copy_in(self, rows: Iterable[Row]) -> None:
        values = [self.table.values(row.__dict__) for row in rows]
        self.table.copy_in(self.connection, self.table.text(values))

    def found(self, search: str) -> set[str]:
        return {row["name"] for row in self.every(search=search)}


def number(n: int) -> UUID:
    return id_of(f"row {n:04}")


@pytest.fixture(scope="module")
def connection(database: Database) -> Iterator[Connection]:
    """A tenant whose read models hold made-up rows, in a transaction that is never committed."""
    from api.services import create_tenant  # noqa: PLC0415

    create_tenant(database, "lists")
    with database.connect("projector", "kept_lists") as opened:
        for model in MODELS:
            table = table_of(model)
            opened.execute(f"TRUNCATE {table.table}".encode())
            Shelf(opened, table).copy_in(made_up(model))
            opened.execute(f"ANALYZE {table.table}".encode())
        yield opened


def made_up(model: ReadModel) -> Iterator[Row]:
    """Rows in which values repeat, and many are empty; more of them where plans are looked at."""
    if model is customers:
        yield from map(_customer, range(ROWS))
        return
    columns = {name for serve in model.serves for name in (serve.sort, *serve.filters)}
    kinds = {
        column.field: "money" if column.part else column.kind
        for column in model.columns()
        if column.name in columns
    }
    for n in range(5 * ROWS):
        values = {name: _value(kind, n + len(name)) for name, kind in kinds.items()}
        keys = {
            "id": number(n),
            "position": n + 1,
            "message_id": number(n),
            "line": 1,
            "occasion": 1,
        }
        if model is ticket_messages:
            keys["id"] = number(n // 5)
        keys |= {name: number(n % 8) for name in model.row.KEY if name not in keys}
        own = {name: value for name, value in keys.items() if name in model.row.model_fields}
        yield changed(model.row(), **{**values, **own})


def _value(kind: str, n: int) -> Any:
    """One of some values of a kind, or none."""
    if n % 5 == 0 and kind != "texts":
        return None
    values: dict[str, Any] = {
        "uuid": number(n % 8),
        "text": f"some {n % 8}",
        "boolean": n % 2 == 0,
        "integer": n % 8,
        "date": DAY + timedelta(days=n * 7 % 50),
        "moment": datetime.combine(DAY, time(n % 24), UTC),
        "number": Decimal(n * 7 % 50),
        "money": Money.model_validate({"amount": n * 7 % 50, "currency": "EUR"}),
        "texts": ("name", f"custom.{n % 3}"),
    }
    return values[kind]


def _customer(n: int) -> Row:
    return CustomerRow(
        id=number(n),
        number=f"C-{n:04}",
        name=NAMES[n % len(NAMES)] if n % 7 else None,
        kind=Kind.PERSON,
        level=Level.A if n % 2 else None,
        industry=("Steel", "Food", None)[n % 3],
        owner_id=number(n % 4) if n % 5 else None,
        emails=(f"mail{n}@example.com",),
        custom={"tier": "gold" if n % 10 == 0 else "silver", "vip": n % 2 == 0},
        custom_personal={"hobby": "Go 围棋"} if n % 20 == 0 else {},
    )


@pytest.fixture
def shelf(connection: Connection) -> Shelf:
    return Shelf(connection, table_of(customers))


def ordered(rows: list[dict[str, Any]], sort: str, *, descending: bool) -> list[dict[str, Any]]:
    """Values first, then empty ones; among equals by id; both the other way round if descending."""
    full = [row for row in rows if row[sort] is not None]
    empty = [row for row in rows if row[sort] is None]

    def place(row: dict[str, Any]) -> tuple[Any, ...]:
        value = row[sort]
        return (value.encode() if isinstance(value, str) else value, *key(row))

    def key(row: dict[str, Any]) -> tuple[bytes, ...]:
        return tuple(row[name].bytes for name in ("id", "message_id") if name in row)

    return sorted(full, key=place, reverse=descending) + sorted(empty, key=key, reverse=descending)


# Paging


@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
@pytest.mark.parametrize("limit", [1, 7, 20, 200])
def test_every_row_comes_once_in_order_whatever_the_size_of_the_page(
    shelf: Shelf, limit: int, descending: bool
) -> None:
    for sort, filters in (("name", {}), ("name", {"industry": "Steel"}), ("number", {})):
        rows = shelf.every(sort=sort, filters=filters, limit=limit, descending=descending)
        assert rows == ordered(rows, sort, descending=descending)
        wanted = [r for r in range(ROWS) if not filters or r % 3 == 0]
        assert {row["id"] for row in rows} == {number(n) for n in wanted}
        assert len(rows) == len(wanted)
        counted = count_rows(shelf.connection, shelf.table, Query(sort=sort, filters=filters))
        assert counted == len(wanted)


@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
def test_a_filter_for_what_is_empty_finds_what_is_empty(shelf: Shelf, descending: bool) -> None:
    rows = shelf.every(sort="name", filters={"industry": None}, limit=4, descending=descending)
    assert len(rows) == ROWS // 3
    assert {row["industry"] for row in rows} == {None}
    assert rows == ordered(rows, "name", descending=descending)


def test_a_range_holds_its_bounds_and_leaves_out_what_is_empty(shelf: Shelf) -> None:
    rows = shelf.every(sort="number", since="C-0010", until="C-0019", limit=3)
    assert [row["number"] for row in rows] == [f"C-{n:04}" for n in range(10, 20)]
    down = shelf.every(sort="number", since="C-0010", until="C-0019", limit=3, descending=True)
    assert down == rows[::-1]
    named = shelf.every(sort="name", since="", limit=5)
    assert None not in {row["name"] for row in named}


def test_rows_that_come_and_go_between_two_pages_double_and_lose_none_of_the_others(
    shelf: Shelf,
) -> None:
    with shelf.connection.transaction(force_rollback=True):
        first = shelf.page(sort="number", limit=10)
        shelf.table.delete(shelf.connection, [(number(9),), (number(0),)])
        new = [CustomerRow(id=number(n), number=f"C-{n:04}.5") for n in (100, 5, 11)]
        shelf.copy_in(new[:1])
        rest = shelf.every(sort="number", limit=10, cursor=first.next_cursor)
    assert [row["number"] for row in rest[:-1]] == [f"C-{n:04}" for n in range(10, ROWS)]


def test_a_page_has_a_bound(shelf: Shelf) -> None:
    assert len(shelf.page(sort="number", limit=0).rows) == 1
    assert len(shelf.page(sort="number", limit=10**9).rows) == ROWS


def test_lists_of_rows_with_a_key_of_two_parts_are_paged_by_both(connection: Connection) -> None:
    shelf = Shelf(connection, table_of(ticket_messages))
    for descending in (False, True):
        rows = shelf.every(sort="written_at", limit=7, descending=descending)
        assert rows == ordered(rows, "written_at", descending=descending)
        assert len({(row["id"], row["message_id"]) for row in rows}) == 5 * ROWS


# By index


SHOWN: Final = [
    pytest.param(model, serve, id=f"{model.name}-{'+'.join(serve.filters)}-by-{serve.sort}")
    for model in MODELS
    for serve in model.serves
]


class Explaining:
    """Stands in for a connection: asks for the plan of every query before it runs it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.plans: list[str] = []

    def execute(self, query: bytes, parameters: Any = None, **options: Any) -> Any:
        plan = self._connection.execute(b"EXPLAIN (COSTS OFF) " + query, parameters)
        self.plans.append("\n".join(line[0] for line in plan))
        return self._connection.execute(query, parameters, **options)


@pytest.mark.parametrize(("model", "serve"), SHOWN)
def test_an_index_serves_what_is_declared_to_be_served(
    model: ReadModel, serve: Serve, connection: Connection
) -> None:
    """The first page and those after a cursor, of values and of empty ones, both ways."""
    table = table_of(model)
    some = _values(table, serve)
    inside_lists = any(table.by_name[one].kind == "texts" for one in serve.filters)
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL enable_seqscan = off")
        if not inside_lists:
            _leave_only_its_index(connection, table, serve)
        for filters in (some, dict.fromkeys(serve.filters)):
            if None in filters.values() and (inside_lists or {*serve.filters} & {*model.row.KEY}):
                continue  # nothing is in an empty list, and no key is empty
            for descending in (False, True):
                query = Query(filters=filters, sort=serve.sort, descending=descending, limit=5)
                for plan in _plans(connection, table, query):
                    assert "Seq Scan" not in plan, plan
                    assert "Index" in plan, plan
                    assert inside_lists or "Sort" not in plan, plan
                    # The index finds the rows: nothing is read only to be thrown away.
                    assert inside_lists or "Filter:" not in plan, plan


def _leave_only_its_index(connection: Connection, table: Table, serve: Serve) -> None:
    """So that what is seen is what this index can do, not what the planner thinks of few rows."""
    own = f"{table.table}_{table.serves.index(serve)}"
    found = {
        row[0]
        for row in connection.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = %s", [table.table]
        )
    }
    key = f"{table.table}_pkey"
    if own in found:
        connection.execute(f"ALTER TABLE {table.table} DROP CONSTRAINT {key}".encode())
    for other in found - {own, key}:
        connection.execute(f"DROP INDEX {other}".encode())
    connection.execute("SET LOCAL enable_bitmapscan = off")


def _values(table: Table, serve: Serve) -> dict[str, Any]:
    """Values to filter by that some row has, or could have."""
    return {
        name: "name" if table.by_name[name].kind == "texts" else _value(table.by_name[name].kind, 1)
        for name in serve.filters
    }


def _plans(connection: Connection, table: Table, query: Query) -> list[str]:
    """The plans of the pages of a list, also of pages that would only be there with more rows."""
    from store import lists  # noqa: PLC0415

    explaining = Explaining(connection)
    list_rows(explaining, table, query, KEY)  # type: ignore[arg-type]
    sort = query.sort
    example = {
        "uuid": str(number(1)),
        "text": "some",
        "integer": 7,
        "date": "2026-03-02",
        "moment": "2026-03-02T00:00:00+00:00",
        "number": "1.5",
        "boolean": True,
    }
    key = [example[table.by_name[name].kind] for name in table.key]
    for nulls in (False, True):
        if nulls and sort in table.key:
            continue
        value = None if nulls else example[table.by_name[sort].kind]
        token = {"nulls": nulls, "sort": value, "key": key}
        cursor = lists.seal_cursor(KEY, lists._fingerprint(table, query), token)
        list_rows(explaining, table, replace(query, cursor=cursor), KEY)  # type: ignore[arg-type]
    return explaining.plans


@pytest.mark.parametrize("model", [one for one in MODELS if one.search], ids=lambda one: one.name)
def test_an_index_serves_searches(model: ReadModel, connection: Connection) -> None:
    plans = _searched(connection, table_of(model), Query(search="河马"))
    assert all("_grams" in plan and "Seq Scan" not in plan for plan in plans)


def test_an_index_serves_filters_by_custom_fields(connection: Connection) -> None:
    for model in MODELS:
        for column in model.columns():
            if column.name in ("custom", "custom_personal"):
                query = Query(custom={column.name: {"tier": "gold"}})
                (plan,) = _searched(connection, table_of(model), query)
                assert f"_{column.name}" in plan
                assert "Seq Scan" not in plan


def _searched(connection: Connection, table: Table, query: Query) -> list[str]:
    explaining = Explaining(connection)
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL enable_seqscan = off")
        connection.execute("SET LOCAL enable_indexscan = off")  # by the key, as few rows invite to
        list_rows(explaining, table, query, KEY)  # type: ignore[arg-type]
    return explaining.plans


def test_every_list_is_shown_without_asking_for_an_order(connection: Connection) -> None:
    for model in MODELS:
        page = Shelf(connection, table_of(model)).page(limit=3)
        assert len(page.rows) == 3, model.name


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"sort": "note"}, "No index serves customers sorted by note. Served: "),
        ({"sort": "name", "filters": {"level": "A"}}, "filtered by level and sorted by name"),
        ({"filters": {"nonsense": 1}}, "nonsense: customers has no such field"),
        ({"filters": {'name" OR true --': 1}}, "has no such field"),
        ({"search": "x", "sort": "name"}, "A search is sorted by id"),
        ({"search": "  "}, "search: is empty"),
        ({"search": "x", "filters": {"note": "x"}}, "note: no index filters customers"),
        ({"custom": {"other": {"tier": 1}}}, "other: customers has no such custom fields"),
        ({"sort": "name", "filters": {"owner_id": "no id"}}, "does not fit its field"),
        ({"sort": "changed_at", "since": "yesterday-ish"}, "does not fit its field"),
        ({"sort": "name", "filters": {"stage": "a\0b"}}, "does not fit its field"),
    ],
)
def test_what_no_index_serves_is_refused_with_a_sentence(
    shelf: Shelf, query: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Unserved, match=re.escape(sentence)) as refused:
        shelf.page(**query)
    assert str(refused.value).endswith(".")


# Search


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("河", {"星河科技有限公司", "河马出版社"}),
        ("河马", {"河马出版社"}),
        ("河科", {"星河科技有限公司"}),
        ("马河", set()),
        ("科技有限", {"星河科技有限公司"}),
        ("王", {"王"}),
        ("%", {"Acme 100%"}),
        ("_", {"acme_100"}),
        ("100_", set()),
        ("e_1", {"acme_100"}),
        ("e%1", set()),
        ("\\", {"Back\\slash GmbH"}),
        ("k\\s", {"Back\\slash GmbH"}),
        ("\\\\", set()),
        ("'", {"O'Reilly & Söhne"}),
        ('", ', {'quoted "name", Inc.'}),
        ("ACME", {"Acme 100%", "acme_100"}),
        ("full width", {"ＦＵＬＬ　ＷＩＤＴＨ"}),
        ("strasse", {"Straße 7"}),
        ("ünïcödé", {"Ünïcödé"}),
        ("two spaces", {"two  spaces"}),
        ("two \n spaces", {"two  spaces"}),
        ("o s", {"two  spaces"}),
        ("no such name", set()),
    ],
)
def test_a_search_finds_substrings_as_they_are_written(
    shelf: Shelf, search: str, found: set[str]
) -> None:
    assert shelf.found(search) == found


def test_a_search_does_not_reach_over_the_end_of_a_field(shelf: Shelf) -> None:
    assert shelf.every(search="c-0001") != []
    joined = f"{NAMES[1]}mail1@example.com"
    assert shelf.every(search=joined) == []
    assert shelf.every(search="1@example.com c-00") == []


def test_a_search_is_paged_filtered_and_counted(shelf: Shelf) -> None:
    wanted = [n for n in range(ROWS) if n % 3 == 0]
    rows = shelf.every(search="@example", filters={"industry": "Steel"}, limit=4)
    assert [row["id"] for row in rows] == sorted((number(n) for n in wanted), key=lambda i: i.bytes)
    query = Query(search="@example", filters={"industry": "Steel"})
    assert count_rows(shelf.connection, shelf.table, query) == len(wanted)


WORDS: Final = st.text(st.sampled_from("ab 王河%_\\\"',{}é"), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(WORDS, min_size=1, max_size=4), WORDS)
@example(['","'], '","')
@example(["a b"], " ")
def test_a_search_finds_what_python_finds(
    connection: Connection, names: list[str], part: str
) -> None:
    shelf = Shelf(connection, table_of(customers))
    rows = [changed(CustomerRow(), id=number(n), name=name) for n, name in enumerate(names)]
    sought = " ".join(part.split())
    with connection.transaction(force_rollback=True):
        connection.execute("TRUNCATE customers_v1")
        shelf.copy_in(rows)
        if not sought:
            with pytest.raises(Unserved):
                shelf.found(part)
            return
        assert shelf.found(part) == {one for one in names if sought in " ".join(one.split())}


# Custom fields


def test_filters_by_custom_fields_are_equality_on_all_of_them(shelf: Shelf) -> None:
    def ids(**custom: Any) -> set[UUID]:
        return {row["id"] for row in shelf.every(custom=custom, limit=7)}

    assert ids(custom={"tier": "gold"}) == {number(n) for n in range(0, ROWS, 10)}
    assert ids(custom={"tier": "silver", "vip": False}) == {number(n) for n in range(ROWS) if n % 2}
    assert ids(custom={"vip": True}, custom_personal={"hobby": "Go 围棋"}) == {
        number(n) for n in range(0, ROWS, 20)
    }
    assert ids(custom={"tier": "go"}) == set()
    assert ids(custom={"tier": ["gold"]}) == set()


# Cursors


def test_a_cursor_that_was_tampered_with_is_refused(shelf: Shelf) -> None:
    cursor = shelf.page(sort="name", limit=5).next_cursor
    assert cursor is not None
    sealed = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for place in range(0, len(sealed), 5):
        wrong = bytearray(sealed)
        wrong[place] ^= 1
        with pytest.raises(BadCursor):
            shelf.page(sort="name", limit=5, cursor=base64.urlsafe_b64encode(wrong).decode())
    for wrong_text in ("x", "not a cursor", "é", "=", cursor[:-4], cursor + "AAAA", "A" * 5_000):
        with pytest.raises(BadCursor):
            shelf.page(sort="name", limit=5, cursor=wrong_text)
    with pytest.raises(BadCursor):
        list_rows(shelf.connection, shelf.table, Query(sort="name", cursor=cursor), KEY[::-1])


@pytest.mark.parametrize(
    "other",
    [
        {"sort": "number"},
        {"sort": "name", "descending": True},
        {"sort": "name", "filters": {"industry": "Steel"}},
        {"sort": "name", "since": "A"},
        {"search": "a"},
        {"custom": {"custom": {"tier": "gold"}}},
    ],
)
def test_a_cursor_opens_no_other_list(shelf: Shelf, other: dict[str, Any]) -> None:
    cursor = shelf.page(sort="name", limit=5).next_cursor
    assert shelf.page(sort="name", limit=9, cursor=cursor).rows
    with pytest.raises(BadCursor):
        shelf.page(**other, limit=5, cursor=cursor)


def test_a_cursor_opens_no_list_of_another_read_model(shelf: Shelf) -> None:
    cursor = shelf.page(sort="number", limit=5).next_cursor
    for model in MODELS:
        if model is not customers and any(s == Serve("number") for s in model.serves):
            with pytest.raises(BadCursor):
                Shelf(shelf.connection, table_of(model)).page(sort="number", cursor=cursor)


def test_a_cursor_shows_nothing_of_the_value_to_go_on_after(shelf: Shelf) -> None:
    page = shelf.page(sort="name", limit=5)
    cursor = page.next_cursor
    assert cursor is not None
    opened = base64.urlsafe_b64decode(cursor + "==")
    assert page.rows[-1]["name"].encode() not in opened
    assert shelf.page(sort="name", limit=5).next_cursor != cursor


def test_one_row_is_found_by_its_id(shelf: Shelf) -> None:
    found = get_row(shelf.connection, shelf.table, number(3))
    assert found is not None
    assert found["number"] == "C-0003"
    assert get_row(shelf.connection, shelf.table, number(9_999)) is None
