"""Every definition gives the same in every engine, to the last digit."""

import ast
import statistics
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any

import duckdb
import ibis  # type: ignore[import-untyped]
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from api.exporting.opening import opened
from api.exporting.parquet import MODELS, export
from api.services import Services
from projections.analytics import DEFINITIONS
from projections.analytics.compiling import Dialect, events, figures, records, sql
from projections.analytics.engine import Analytics
from projections.analytics.exported import DuckDb
from projections.analytics.kernel import Asked, Definition, Measure
from projections.analytics.views import columns_of, views
from projections.readers import KEPT
from projections.tables import table_of
from projections.words.kernel import Both
from tests.analytics.shop import Shop
from tests.analytics.world import TODAY, World, asked

each = pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=[*DEFINITIONS])
MODULES = (
    *("kernel", "dimensions", "sales", "movement", "accuracy", "service"),
    *("service_levels", "customers", "purchases", "segments", "loyalty", "sources", "__init__"),
)
"""Those that define figures."""
SPARK: Dialect = "pyspark"
AT_ONCE = 4


Pair = tuple[Analytics, Analytics]
"""The same company live, and out of Parquet."""


@pytest.fixture(scope="module")
def company(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with exported(world.services, tmp_path_factory.mktemp("company") / "parquet") as pair:
        yield pair


@pytest.fixture(scope="module")
def trade(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with exported(shop.services, tmp_path_factory.mktemp("shop") / "parquet") as pair:
        yield pair


@contextmanager
def exported(services: Services, folder: Path) -> Iterator[Pair]:
    export(services, KEPT, folder)
    with opened(folder) as (analytics, position):
        assert position == services.log.head()
        yield services.analytics, analytics


def questions(definition: Definition) -> Iterator[Asked]:
    """By every dimension and period, of all time and of a part of it."""
    names = [one.name for one in definition.dimensions]
    yield asked()
    for at in range(0, len(names), AT_ONCE):
        yield asked(*names[at : at + AT_ONCE])
    if not definition.standing:
        for period in ("week", "quarter"):
            yield asked(period, names[0])
    yield asked(*definition.by, since=date(2026, 3, 4), until=date(2026, 3, 12))
    yield asked(filters={names[-1]: None})


@each
def test_postgres_and_duckdb_agree_on_every_figure(
    company: Pair, trade: Pair, definition: Definition
) -> None:
    # What customers buy is asked of a shop, all else of a company with deals and tickets.
    pair, groups = trade if definition.area == "customers" else company, 0
    for question in questions(definition):
        here, there = (one.groups(definition, question, 1) for one in pair)
        assert sorted(map(repr, here)) == sorted(map(repr, there)), question
        groups += len(here)
    assert groups > AT_ONCE
    behind = [one.behind(definition, asked()) for one in pair]
    assert behind[0] == behind[1]
    assert behind[0].records


@each
def test_spark_can_read_every_definition(definition: Definition) -> None:
    """Where there is no Java; ``kept test --spark`` runs them all (test_spark.py)."""
    question = definition.checked(asked(*definition.by, since=TODAY, until=TODAY))
    expressions = (
        figures(definition, question),
        records(definition, question, None, 10),
        events(definition, question, []),
    )
    for expression in expressions:
        parsed = sqlglot.parse_one(sql(expression, SPARK), read="spark")
        tables = {one.name for one in parsed.find_all(sqlglot.exp.Table)}
        named = {one.alias for one in parsed.find_all(sqlglot.exp.CTE)}
        assert tables - named <= views().keys()


@each
def test_a_definition_says_what_it_is_in_both_languages(definition: Definition) -> None:
    said = [definition.title, definition.description]
    said += [one.label for one in definition.dimensions]
    said += [one.label for one in definition.measures]
    said += [words for one in definition.dimensions for words in one.values.values()]
    assert all(one.en and one.zh for one in said)
    assert definition.description.en.endswith(".")
    assert definition.description.zh.endswith("。")
    names = [one.name for one in definition.measures]
    assert len({*names}) == len(names)


def test_no_figure_can_know_a_personal_column() -> None:
    for model in MODELS:
        personal = {one.name for one in table_of(model).columns if one.personal}
        assert not personal & columns_of(model).keys()
        assert {*views()[model.name].columns} == columns_of(model).keys()


def test_definitions_do_not_look_at_the_clock_and_bring_no_engine() -> None:
    folder = Path(__file__).parents[2] / "projections" / "analytics"
    for name in MODULES:
        tree = ast.parse((folder / f"{name}.py").read_text("utf-8"))
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert not imported & {"ibis", "duckdb", "pyarrow", "time"}


@pytest.mark.parametrize(
    ("zone", "day"), [("America/New_York", date(2026, 3, 1)), ("Asia/Shanghai", date(2026, 3, 2))]
)
def test_days_of_an_export_are_those_of_its_zone(zone: str, day: date, tmp_path: Path) -> None:
    with closing(DuckDb.of(tmp_path, zone, {})) as exported:
        found = exported.rows("SELECT CAST(TIMESTAMPTZ '2026-03-02 01:30:00+00' AS DATE) AS day")
    assert found == [{"day": day}]


NUMBERS = Definition(
    "numbers",
    1,
    "sales",
    Both("", ""),
    Both("", ""),
    lambda views, asked: ibis.table(
        {"grp": "string", "position": "int64", "value": "int64"}, name="numbers"
    ),
    (),
    (
        Measure("count", Both("", ""), "times"),
        Measure("median", Both("", ""), "times", "median", "value"),
        Measure("p90", Both("", ""), "times", "percentile", "value"),
        Measure("p25", Both("", ""), "times", "percentile", "value", percent=25),
    ),
    by=("grp",),
)
QUERY = sql(figures(NUMBERS, Asked(TODAY, by=("grp",))), "duckdb")
VALUES = st.lists(st.tuples(st.sampled_from("ab"), st.none() | st.integers(-(10**12), 10**12)))


@settings(max_examples=40, deadline=None, database=None)
@given(VALUES)
def test_medians_and_percentiles_are_exact(values: list[tuple[str, int | None]]) -> None:
    with closing(duckdb.connect()) as connection:
        connection.execute("CREATE TABLE numbers (grp TEXT, position BIGINT, value BIGINT)")
        if values:
            connection.executemany("INSERT INTO numbers VALUES (?, 1, ?)", values)
        rows = DuckDb(connection).rows(QUERY)
    found = {row["grp"]: [one.figure(row) for one in NUMBERS.measures] for row in rows}
    assert found == {name: expected(values, name) for name in {one for one, _ in values}}


def expected(values: list[tuple[str, int | None]], name: str) -> list[Any]:
    """By the standard library, and by the definition of the nearest rank."""
    own = [value for one, value in values if one == name]
    known = sorted(value for value in own if value is not None)
    if not known:
        return [len(own), None, None, None]
    ranks = [known[ceil(len(known) * percent / 100) - 1] for percent in (90, 25)]
    return [len(own), statistics.median(map(Decimal, known)), *ranks]
