"""The tables of read models: what goes in comes out, whatever it holds; and what SQL users see."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from domain.fields import ERASED, Personal, Public
from domain.kernel import Aggregate, fold, replace
from domain.opportunities import Type
from domain.values import CustomValues, Money
from projections import DERIVED, PROJECTIONS
from projections.kernel import Projection, ReadModel, Row, Serve
from projections.tables import row_from, table_of
from store.database import Connection, Database
from store.read_models import Table
from store.swapping import take_place
from store.tenants import Tenant
from tests.domain.examples import events
from tests.dsl import eur, id_of

MODELS: Final[tuple[ReadModel, ...]] = (*PROJECTIONS, *DERIVED)
NASTY: Final = [
    '","',
    '"',
    '""',
    ',"',
    '",',
    "\\",
    '\\"',
    "{",
    "}",
    ",",
    "",
    " ",
    "NULL",
    "null",
    "\\N",
    "a\nb",
    "a\tb",
    "a\rb",
    "\\u0000",
    "'; DROP TABLE events; --",
    "王小明",
    "🙂",
    "\u200b",
    "a\u0301",
]


class Everything(Row):
    """A column of each kind."""

    text: Personal[str | None, "content"] = None
    count: Public[int | None, "figure"] = None
    flag: Public[bool, "switch"] = False
    day: Public[date | None, "moment"] = None
    moment: Public[datetime | None, "moment"] = None
    price: Public[Money | None, "figure"] = None
    texts: Personal[tuple[str, ...], "profile"] = ()
    ids: Public[tuple[UUID, ...], "link"] = ()
    custom: Public[CustomValues, "vocabulary"] = Field(default={})
    kind: Public[Type | None, "vocabulary"] = None


everything = Projection(
    "everything", 1, Everything, serves=(Serve("count"), Serve("day", ("kind",))), search=("text",)
)


@pytest.fixture
def connection(database: Database, tenant: Tenant) -> Iterator[Connection]:
    with database.connect("projector", tenant.schema) as opened:
        table = table_of(everything)
        table.create(opened)
        table.index(opened)
        table.stage(opened)
        yield opened


def number(n: int) -> UUID:
    return id_of(f"row {n}")


def stored(
    connection: Connection, model: Projection, rows: list[Any], table: Table | None = None
) -> list[Any]:
    """The rows as they come back."""
    target = table or table_of(model)
    with connection.transaction():
        target.write(connection, [target.values(row.__dict__) for row in rows])
    keys = [tuple(getattr(row, name) for name in model.row.KEY) for row in rows]
    loaded = [row_from(model, values) for values in target.load(connection, keys)]
    order = {key: n for n, key in enumerate(keys)}
    return sorted(loaded, key=lambda row: order[tuple(getattr(row, n) for n in model.row.KEY)])


def plainly(value: Any) -> Any:
    """A row's values; what is erased, or empty for want of a value, as None."""
    if value is ERASED or value in ((), {}):
        return None
    if isinstance(value, BaseModel):
        return {name: plainly(item) for name, item in value.__dict__.items()}
    if isinstance(value, dict):
        return {key: plainly(item) for key, item in value.items()}
    return value


# There and back


def test_a_row_of_every_kind_comes_back_as_it_was(connection: Connection) -> None:
    whole = Everything(
        id=number(1),
        text="王小明\n\tand \\ more",
        count=-(2**63),
        flag=True,
        day=date(9999, 12, 31),
        moment=datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC),
        price=eur("0.1000"),
        texts=("a", "b"),
        ids=(number(7), number(8)),
        custom={"tier": "gold", "vip": True, "n": 3, "many": ("x", "y")},
        kind=Type.RENEWAL,
    )
    blank = Everything(id=number(2))
    back = stored(connection, everything, [whole, blank])
    assert [plainly(row) for row in back] == [plainly(whole), plainly(blank)]


def test_what_was_erased_is_null_in_the_table(connection: Connection) -> None:
    row = replace(Everything(id=number(1)), text=ERASED, texts=ERASED)
    (back,) = stored(connection, everything, [row])
    assert (back.text, back.texts) == (None, ())
    found = connection.execute("SELECT text, texts, search_text FROM everything_v1").fetchone()
    assert found == (None, None, "")


def test_texts_come_back_whatever_signs_they_hold(connection: Connection) -> None:
    rows = [
        Everything(id=number(n), text=text, texts=(text, "b", text), custom={"key": text})
        for n, text in enumerate(NASTY)
    ]
    rows.append(Everything(id=number(99), texts=tuple(NASTY)))
    back = stored(connection, everything, rows)
    assert [row.text for row in back] == [row.text for row in rows]
    assert [row.texts for row in back] == [row.texts for row in rows]
    assert [row.custom for row in back] == [row.custom for row in rows]


def test_a_sign_that_the_database_does_not_know_does_not_keep_a_row_out(
    connection: Connection,
) -> None:
    """PostgreSQL has no U+0000. An import may bring one; the read models must not stop at it."""
    row = Everything(
        id=number(1), text="a\0b", texts=("c\0",), custom={"key": "\0", "k": "\\u0000"}
    )
    (back,) = stored(connection, everything, [row])
    assert (back.text, back.texts) == ("a\ufffdb", ("c\ufffd",))
    assert back.custom == {"key": "\ufffd", "k": "\\u0000"}


@pytest.mark.parametrize(
    "model", [one for one in PROJECTIONS if one.aggregate], ids=lambda one: one.name
)
def test_whatever_events_fold_into_comes_back_as_it_was(
    model: Projection, database: Database, shared_tenant: Tenant
) -> None:
    """The live runner goes on from rows that it loads, a rebuild from those that it kept."""
    aggregate = model.aggregate
    assert aggregate is not None

    with database.connect("projector", shared_tenant.schema) as connection:
        table_of(model).stage(connection)

        @settings(
            max_examples=6,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            phases=[Phase.generate],
            database=None,
        )
        @given(st.lists(st.lists(events(aggregate), max_size=3), min_size=5, max_size=8))
        def comes_back(histories: list[list[Any]]) -> None:
            blank: Aggregate = model.blank  # type: ignore[assignment]
            rows = [
                replace(fold(blank, history), id=number(n)) for n, history in enumerate(histories)
            ]
            back = stored(connection, model, rows)
            assert [plainly(row) for row in back] == [plainly(row) for row in rows]

        comes_back()


@pytest.fixture(scope="module")
def shared_tenant(database: Database) -> Tenant:
    """One tenant for the tests that only write rows of their own."""
    from api.services import create_tenant  # noqa: PLC0415
    from store.tenants import find  # noqa: PLC0415

    create_tenant(database, "tables")
    return find(database, "tables")


# Writing, deleting, summing up


def test_a_row_that_is_written_again_takes_the_place_of_the_one_before(
    connection: Connection,
) -> None:
    stored(connection, everything, [Everything(id=number(1), text="old", count=1)])
    (back,) = stored(connection, everything, [Everything(id=number(1), text="new")])
    assert (back.text, back.count) == ("new", None)
    assert table_of(everything).checksum(connection)[0] == 1


def test_rows_are_deleted_by_their_key(connection: Connection) -> None:
    table = table_of(everything)
    stored(connection, everything, [Everything(id=number(n)) for n in range(4)])
    table.delete(connection, [(number(1),), (number(2),), (number(77),)])
    assert table.checksum(connection)[0] == 2
    table.delete_stream(connection, number(0))
    assert [row["id"] for row in table.load(connection, [(number(3),)])] == [number(3)]
    assert table.load(connection, [(number(0),)]) == []


def test_a_checksum_knows_every_value_and_no_order(connection: Connection) -> None:
    table = table_of(everything)
    rows = [Everything(id=number(n), text=f"row {n}", count=n) for n in range(5)]

    def checksum(rows: list[Everything]) -> tuple[int, str]:
        connection.execute("TRUNCATE everything_v1")
        stored(connection, everything, rows)
        return table.checksum(connection)

    whole = checksum(rows)
    assert checksum(rows[::-1]) == whole
    assert checksum(rows[1:]) != whole
    for change in ({"text": None}, {"text": "row 00"}, {"flag": True}, {"texts": ("",)}):
        assert checksum([replace(rows[0], **change), *rows[1:]]) != whole


def test_numbers_that_are_equal_have_one_checksum_only_if_written_alike(
    connection: Connection,
) -> None:
    """Decimals keep their digits in the log, so live and rebuilt tables hold the same ones."""
    row = Everything(id=number(1), price=Money(amount=Decimal("1.50"), currency="EUR"))
    (back,) = stored(connection, everything, [row])
    assert str(back.price.amount) == "1.50"


# What SQL users see


def test_every_read_model_has_a_stable_view_without_personal_columns(
    database: Database, shared_tenant: Tenant
) -> None:
    with database.connect("reader", shared_tenant.schema) as reader:
        for model in MODELS:
            shown = {
                column.name
                for column in reader.execute(f"SELECT * FROM {model.name}".encode()).description
                or ()
            }
            personal = {column.name for column in model.columns() if column.personal}
            assert not shown & personal
            assert not shown & {"search_text", "grams"}
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"SELECT 1 FROM {table_of(model).table}".encode())


def test_sql_users_see_a_list_as_one_row_for_each_item(
    database: Database, shared_tenant: Tenant
) -> None:
    with database.connect("reader", shared_tenant.schema) as reader:
        found = reader.execute("SELECT field FROM history WHERE type = 'PipelineDefined'")
        assert found.description is not None


def test_a_draft_takes_the_place_and_leaves_the_former_one_for_the_way_back(
    connection: Connection,
) -> None:
    table = table_of(everything)
    table.publish(connection)
    stored(connection, everything, [Everything(id=number(1), count=1)])
    for turn in (2, 3):
        draft = table.draft()
        draft.create(connection)
        draft.index(connection)
        row = Everything(id=number(1), count=turn)
        draft.copy_in(connection, draft.text([draft.values(row.__dict__)]))
        with connection.transaction():
            take_place(connection, draft, table)
        assert connection.execute("SELECT count FROM everything").fetchone() == (turn,)
        assert connection.execute("SELECT count FROM everything_v1_former").fetchone() == (
            turn - 1,
        )
    names = {
        row[0]
        for row in connection.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'everything_v1'"
        )
    }
    assert names == {f"everything_v1_{one}" for one in ("pkey", "0", "1", "grams", "custom")}


def test_the_shape_tells_when_a_description_changed_without_a_new_version() -> None:
    def shape(**changes: Any) -> str:
        said = {"serves": everything.serves, "search": everything.search, "row": Everything}
        one = Projection("everything", 1, **{**said, **changes})
        return Table(
            one.name, one.version, one.columns(), one.row.KEY, one.serves, one.search
        ).shape

    class Wider(Everything):
        more: Public[str | None, "vocabulary"] = None

    class Franker(Everything):
        text: Public[str | None, "vocabulary"] = None

    shapes = {
        shape(),
        shape(serves=(Serve("count"),)),
        shape(search=()),
        shape(row=Wider),
        shape(row=Franker),
    }
    assert len(shapes) == 5
