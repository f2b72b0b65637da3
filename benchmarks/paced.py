"""Commands at a steady pace with every read model kept beside them: how long until each is
readable."""

import threading
import time
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from operator import itemgetter
from uuid import UUID

from api.services import Services
from benchmarks import orders
from projections import DERIVED, PROJECTIONS
from projections.runner import Runner

WORKERS = 16
SETTLE_SECONDS = 60.0


def delays(services: Services, streams: list[UUID], per_second: int, seconds: float) -> list[float]:
    """Milliseconds from each commit to the runner having folded it, in order of size.

    The runner of this process keeps all read models. Commands are due at fixed moments, whether
    or not the ones before them are done, so a slow stretch is not hidden.
    """
    issued: list[tuple[int, float]] = []
    committed: list[tuple[int, float]] = []
    folded: list[tuple[int, float]] = []
    runner = Runner(services.log, PROJECTIONS, DERIVED)
    services.log.on_commit(lambda position: committed.append((position, time.perf_counter())))
    runner.on_progress(lambda position: folded.append((position, time.perf_counter())))
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    first = services.log.head()
    assert runner.wait_for(first, SETTLE_SECONDS)

    def issue(number: int, due: float) -> None:
        time.sleep(max(due - time.perf_counter(), 0))
        stream = streams[number % len(streams)]
        receipt = services.dispatcher.dispatch(orders.order(orders.change_in_turn(number), stream))
        issued.append((receipt.position, time.perf_counter()))

    began = time.perf_counter() + 0.1
    with ThreadPoolExecutor(WORKERS) as pool:
        for number in range(round(per_second * seconds)):
            due = began + number / per_second
            time.sleep(max(due - time.perf_counter() - 0.005, 0))
            pool.submit(issue, number, due)
    last = max(position for position, _ in issued)
    caught_up = runner.wait_for(last, SETTLE_SECONDS)
    runner.stop()
    thread.join()
    assert caught_up
    assert len(dict(issued)) == round(per_second * seconds)
    while committed[-1][0] < last:  # the log tells its listeners after it has answered
        time.sleep(0.01)
    return sorted(
        (_when(folded, position) - min(answered, _when(committed, position))) * 1_000
        for position, answered in issued
    )


def _when(reports: list[tuple[int, float]], position: int) -> float:
    """The first moment at which that position was reported, or a later one."""
    return reports[bisect_left(reports, position, key=itemgetter(0))][1]
