"""bench http: one create and one update of a customer over HTTP, against the faster of two plain
applications.

All are served the same way: one uvicorn worker in a process of its own, on one PostgreSQL, for
32 keep-alive clients in another process. Ours checks the API key, decides, encrypts the
personal data and stores events; the plain ones (:mod:`benchmarks.plain_app`) write a row. Of
ours the first number is the server as ``kept serve`` runs it, which keeps all read models
besides; the second is one that leaves them to another process.
"""

import logging
import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from itertools import count
from typing import Any

import uvicorn
from fastapi import FastAPI

from api.server import BACKLOG, serve
from api.services import Services, create_tenant
from api.tenancy import Options
from benchmarks import plain_app
from benchmarks.http_clients import CLIENTS, Load, Target, drive
from benchmarks.kernel import PAIRS, Bar, Measured, interleaved, ratio, result
from benchmarks.server import HOST, environment, fresh_database, serve_ours, served, worker_key
from store.database import open_database

SECONDS = 2.0
ALONE = "alone"
"""The tenant whose read models nobody keeps."""


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` shortens each measurement."""
    seconds = SECONDS * scale
    spawn = multiprocessing.get_context("spawn")
    with fresh_database() as database, ExitStack() as running:
        create_tenant(database, ALONE)
        ours = running.enter_context(closing(Services.open(database)))
        plain_app.create_table()
        kinds: dict[str, tuple[Callable[[int], None], str, str]] = {
            "ours": (serve_ours, "/v1/customers", worker_key(database, ours.tenant.name)),
            "ours alone": (serve_alone, "/v1/customers", worker_key(database, ALONE)),
            "sync": (serve_sync, "/customers", ""),
            "async": (serve_async, "/customers", ""),
        }
        targets = {
            name: Target(running.enter_context(served(work)), path, secret)
            for name, (work, path, secret) in kinds.items()
        }
        pool = running.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
        rates: dict[str, list[tuple[float, float]]] = {name: [] for name in targets}
        numbers = count(0, 1_000_000)

        def measure(name: str) -> float:
            load = Load(targets[name], seconds, next(numbers))
            created, updated = pool.submit(drive, load).result()
            rates[name].append((created, updated))
            _catch_up(ours)
            return 1 / (1 / created + 1 / updated)

        interleaved(
            {name: partial(measure, name) for name in targets},
            pairs,
        )
        facts = environment()
    kept = {name: some[-pairs:] for name, some in rates.items()}
    return result("http", facts, _numbers(kept), _notes(seconds))


def _numbers(rates: dict[str, list[tuple[float, float]]]) -> list[Measured]:
    """Each against the faster of the plain ones, pair by pair."""
    bar = Bar(at_least=1.5, target=4)
    parts: dict[str, Callable[[tuple[float, float]], float]] = {
        "create and update": lambda one: 1 / (1 / one[0] + 1 / one[1]),
        "create": lambda one: one[0],
        "update": lambda one: one[1],
    }
    listed = []
    for ours, words in (("ours", ""), ("ours alone", ", read models kept elsewhere")):
        for part, of in parts.items():
            best = [
                max(of(sync), of(other))
                for sync, other in zip(rates["sync"], rates["async"], strict=True)
            ]
            shown = ratio(
                f"{part} ÷ the faster plain app{words}",
                [of(one) for one in rates[ours]],
                best,
                bar if part == "create and update" else None,
                "/s",
            )
            listed.append(shown)
    return listed


def _notes(seconds: float) -> Sequence[str]:
    return [
        f"{CLIENTS} keep-alive clients in a process of their own; {seconds:g} s of creations (13 "
        f"fields, 6 of them personal), then {seconds:g} s of updates (2 fields, 1 personal), "
        "without Idempotency-Key. After each measurement the read models catch up."
    ]


def _catch_up(services: Services) -> None:
    """What the read models have not folded yet must not weigh on what is measured next."""
    head = services.log.head()
    while services.runner.position() < head:
        time.sleep(0.05)


def serve_alone(port: int) -> None:
    """Kept, with nothing beside the API."""
    serve(HOST, port, open_database(), Options(run_projections=False))


def serve_sync(port: int) -> None:
    """The plain application with threads."""
    _serve_plain(plain_app.sync_app(), port)


def serve_async(port: int) -> None:
    """The plain application on the event loop."""
    _serve_plain(plain_app.async_app(), port)


def _serve_plain(app: FastAPI, port: int) -> None:
    config = uvicorn.Config(
        app,
        host=HOST,
        port=port,
        backlog=BACKLOG,
        access_log=False,
        server_header=False,
        log_level=logging.WARNING,
    )
    uvicorn.Server(config).run()
