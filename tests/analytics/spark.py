"""A Spark of the tests' own: one core, nothing on the screen, nothing left behind."""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

REMEDY: Final = "Run ./kept test --spark where there is a Java 17 or later."
_SETTINGS: Final = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.catalogImplementation": "in-memory",
    # A handful of rows: compiling a query takes longer than interpreting it.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


def missing() -> str:
    """What Spark lacks here, with the remedy; empty if it can run."""
    if importlib.util.find_spec("pyspark") is None:
        return f"PySpark is not installed. {REMEDY}"
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        return f"There is no Java. {REMEDY}"
    return ""


@contextmanager
def session(folder: Path) -> Iterator[Any]:
    """What it writes of its own accord goes to the folder."""
    from pyspark.sql import SparkSession  # noqa: PLC0415

    builder = SparkSession.builder.master("local[1]").appName("kept")
    own = {
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    for name, value in (_SETTINGS | own).items():
        builder = builder.config(name, value)
    running = builder.getOrCreate()
    try:
        yield running
    finally:
        running.stop()
