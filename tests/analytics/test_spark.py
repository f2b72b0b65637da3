"""Every definition gives the same by Spark as by PostgreSQL and DuckDB: ``kept test --spark``.

Spark and its Java are no part of Kept, so elsewhere these tests are left out and say so.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.exporting.opening import opened, opened_by_spark
from api.exporting.parquet import export
from api.services import Services
from commands.kernel import Rejected
from projections.analytics import DEFINITIONS
from projections.analytics.engine import Analytics
from projections.analytics.kernel import PERIODS, Asked, Definition
from projections.readers import KEPT
from tests.analytics.shop import Shop
from tests.analytics.spark import missing, session
from tests.analytics.test_engines import questions
from tests.analytics.world import World, asked

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

each = pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=[*DEFINITIONS])


@dataclass(frozen=True)
class Engines:
    """The same figures three times."""

    postgres: Analytics
    duckdb: Analytics
    spark: Analytics

    def groups(self, definition: Definition, question: Asked) -> list[list[str]]:
        """The groups that each of them finds, in one order."""
        every = (self.postgres, self.duckdb, self.spark)
        return [sorted(map(repr, one.groups(definition, question, 1))) for one in every]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One for all: it takes seconds to come up. It stands in another zone than the tenant, as a
    cluster may.
    """
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TZ", "America/New_York")
        time.tzset()
        with session(tmp_path_factory.mktemp("spark")) as running:
            yield running
    time.tzset()


@pytest.fixture(scope="module")
def company(
    world: World, spark: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engines]:
    with reading(world.services, tmp_path_factory.mktemp("company") / "parquet", spark) as engines:
        yield engines


@pytest.fixture(scope="module")
def trade(shop: Shop, spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    with reading(shop.services, tmp_path_factory.mktemp("shop") / "parquet", spark) as engines:
        yield engines


@contextmanager
def reading(services: Services, folder: Path, spark: Any) -> Iterator[Engines]:
    """All engines: one live, the others on an export."""
    export(services, KEPT, folder)
    head = services.log.head()
    by_spark, position = opened_by_spark(folder, spark)
    assert position == head
    with opened(folder) as (by_duckdb, position):
        assert position == head
        yield Engines(services.analytics, by_duckdb, by_spark)


@each
def test_spark_agrees_on_every_figure(
    company: Engines, trade: Engines, definition: Definition
) -> None:
    engines, found = trade if definition.area == "customers" else company, 0
    for question in (*questions(definition), _filtered(engines, definition)):
        postgres, duckdb, spark = engines.groups(definition, question)
        assert spark == postgres == duckdb, question
        found += len(spark)
    assert found
    behind = [one.behind(definition, asked()) for one in (engines.postgres, engines.spark)]
    assert behind[0] == behind[1]
    assert behind[0].records


def _filtered(engines: Engines, definition: Definition) -> Asked:
    """All that fits one group, by the value of every dimension: ids, words, yes and no."""
    names = [one.name for one in definition.dimensions]
    group = engines.postgres.groups(definition, asked(*names), 1)[0]
    return asked(filters={name: _text(group.by[name]) for name in names})


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


@pytest.mark.parametrize("period", PERIODS)
def test_a_period_begins_on_the_same_day(company: Engines, period: str) -> None:
    for name in ("won_deals", "ticket_volume"):
        postgres, duckdb, spark = company.groups(DEFINITIONS[name], asked(period))
        assert spark == postgres == duckdb
        assert f"'{period}': datetime.date(" in spark[0]


def test_what_does_not_fit_is_an_error_and_not_nothing(company: Engines, spark: Any) -> None:
    from pyspark.errors import ArithmeticException  # noqa: PLC0415

    with pytest.raises(ArithmeticException):
        company.spark.engine.rows("SELECT CAST(1e30 AS DECIMAL(19, 4)) AS amount")
    assert spark.catalog.listTables() == []
    assert spark.conf.get("spark.sql.session.timeZone") == "America/New_York"


def test_the_export_is_of_this_folder(spark: Any, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="The folder holds no export"):
        opened_by_spark(tmp_path, spark)


def test_spark_leaves_nothing_in_the_checkout(company: Engines) -> None:
    assert company.spark.engine.rows("SELECT 1 AS one") == [{"one": 1}]
    left = {"spark-warehouse", "metastore_db", "derby.log", "artifacts"}
    assert not left & {*os.listdir(Path(__file__).parents[2]), *os.listdir()}
