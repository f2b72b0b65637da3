"""The kernel of the benchmarks: things measured in turn in one run, and compared pair by pair.

Absolute times say more about the machine than about Kept, so none is reported alone: each ratio
is of two measurements that followed one another, and the median of the pairs stands beside the
smallest and largest.
"""

import gc
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from rich.table import Table

PAIRS = 9


@dataclass(frozen=True)
class Bar:
    """What is to be reached, and what we are after. ``unit`` is ``×`` for a ratio."""

    at_least: float | None = None
    at_most: float | None = None
    target: float | None = None
    unit: str = "×"

    def reached(self, value: float) -> bool | None:
        """None where nothing was asked for."""
        if self.at_least is not None:
            return value >= self.at_least
        return None if self.at_most is None else value <= self.at_most


@dataclass
class Measured:
    """One number of a benchmark: the median over its pairs, with the spread."""

    name: str
    values: list[float]
    bar: Bar = field(default_factory=Bar)
    first: float | None = None
    second: float | None = None
    """Of a ratio: the medians of what was divided, and by what."""
    unit: str = ""

    def as_json(self) -> dict[str, Any]:
        middle = median(self.values)
        shown = {
            "name": self.name,
            "ratio" if self.bar.unit == "×" else "value": _round(middle),
            "min": _round(min(self.values)),
            "max": _round(max(self.values)),
            "pairs": [_round(value) for value in self.values],
            **asdict(self.bar),
            "reached": self.bar.reached(middle),
        }
        if self.first is not None and self.second is not None:
            shown |= {"first": _round(self.first), "second": _round(self.second), "of": self.unit}
        return shown


def interleaved(
    subjects: Mapping[str, Callable[[], float]], pairs: int, warm_up: bool = True
) -> dict[str, list[float]]:
    """Measure every subject once a round, each round beginning with another one, so that
    whatever the machine does meanwhile meets them all alike."""
    names = [*subjects]
    if warm_up:
        for name in names:
            subjects[name]()
    gc.collect()
    gc.freeze()  # as the server does: nobody is to look through what was there before
    measured: dict[str, list[float]] = {name: [] for name in names}
    for number in range(pairs):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            measured[name].append(subjects[name]())
    gc.unfreeze()
    return measured


def ratio(
    name: str,
    first: Sequence[float],
    second: Sequence[float],
    bar: Bar | None = None,
    unit: str = "",
) -> Measured:
    """``first`` ÷ ``second``, pair by pair."""
    values = [a / b for a, b in zip(first, second, strict=True)]
    return Measured(name, values, bar or Bar(), median(first), median(second), unit)


def result(
    benchmark: str, facts: Mapping[str, Any], numbers: Sequence[Measured], notes: Sequence[str] = ()
) -> dict[str, Any]:
    """What a benchmark gives: ``ratio`` is that of the first number."""
    listed = [number.as_json() for number in numbers]
    return {
        "benchmark": benchmark,
        "ratio": listed[0].get("ratio", listed[0].get("value")),
        "reached": all(one["reached"] is not False for one in listed),
        "numbers": listed,
        "facts": dict(facts),
        "notes": list(notes),
    }


def as_table(report: Mapping[str, Any]) -> Table:
    """A benchmark's result for people."""
    facts = ", ".join(f"{name} {value}" for name, value in report["facts"].items())
    table = Table(
        title=f"bench {report['benchmark']}", caption="\n".join([facts, *report["notes"]])
    )
    for heading in ("", "median", "min – max", "bar [aim]", "first", "÷ second"):
        table.add_column(heading, justify="left" if not heading else "right")
    for one in report["numbers"]:
        unit = one["unit"]
        mark = {True: "[green]", False: "[red]", None: ""}[one["reached"]]
        of = one.get("of", "")
        table.add_row(
            one["name"],
            f"{mark}{one.get('ratio', one.get('value')):g} {unit}",
            f"{one['min']:g} – {one['max']:g}",
            _bar_in_words(one),
            f"{one['first']:g} {of}" if "first" in one else "",
            f"{one['second']:g} {of}" if "second" in one else "",
        )
    return table


def _bar_in_words(one: Mapping[str, Any]) -> str:
    sign, bound = ("≥", one["at_least"]) if one["at_least"] is not None else ("≤", one["at_most"])
    if bound is None:
        return ""
    aim = f" \\[{one['target']:g}]" if one["target"] is not None else ""
    return f"{sign} {bound:g}{aim}"


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which such a share of them lies."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def rate(work: Callable[[int, Callable[[], bool]], int], workers: int, seconds: float) -> float:
    """How many a second ``workers`` threads get done: each calls ``work(number, may_go_on)``
    once, which gives how many it did. Threads that are ready wait for one another before the
    clock starts."""
    start = threading.Barrier(workers + 1)
    done = [0] * workers
    failures: list[BaseException] = []
    clock = [0.0]

    def run(number: int) -> None:
        try:
            start.wait()
            done[number] = work(number, lambda: time.perf_counter() < clock[0])
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    clock[0] = began + seconds
    start.wait()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(done) / (time.perf_counter() - began)


def _round(value: float) -> float:
    return float(f"{value:.4g}")
