"""The one reader behind all feeds: whom it wakes, what it remembers, and when it rests."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

from api.services import Services
from api.tailer import Filter, Tailer, facts_of
from commands.customers import RegisterCustomer
from domain.customers import Kind

LONG = 20.0


def in_loop(services: Services, work: Callable[[Tailer], Awaitable[None]], ring: int = 5) -> None:
    """Run with a tailer that remembers so many events."""

    async def run() -> None:
        tailer = Tailer(services.log, asyncio.get_running_loop(), ring)
        try:
            await work(tailer)
        finally:
            await tailer.close()

    asyncio.run(run())


async def register(services: Services, times: int = 1) -> int:
    """Register customers; gives the last one's position."""
    for _ in range(times):
        command = RegisterCustomer(name="x", kind=Kind.PERSON)
        receipt = await asyncio.to_thread(services.issue, command)
    return receipt.position


def test_a_filter_matches_what_it_gives(services: Services) -> None:
    services.issue(RegisterCustomer(name="x", kind=Kind.PERSON))
    event = services.log.read(1, 1)[0]
    facts = facts_of(event.body)
    assert Filter().matches(facts)
    assert Filter(stream=str(event.stream), type="CustomerRegistered").matches(facts)
    assert Filter(aggregate="customers", source="system", actor=str(event.actor)).matches(facts)
    for other in (
        Filter(type="CustomerChanged"),
        Filter(stream=str(uuid4())),
        Filter(source="api"),
    ):
        assert not other.matches(facts)


def test_only_who_wants_an_event_is_woken(services: Services) -> None:
    async def work(tailer: Tailer) -> None:
        head = services.log.head()
        wanted = Filter(type="CustomerRegistered")
        unwanted = [
            Filter(stream=str(uuid4())),
            Filter(type="CustomerChanged"),
            Filter(source="api"),
        ]
        waiting = asyncio.create_task(tailer.wait(wanted, head, LONG))
        idle = [asyncio.create_task(tailer.wait(one, head, LONG)) for one in unwanted * 50]
        await asyncio.sleep(0.2)
        position = await register(services)
        assert await asyncio.wait_for(waiting, LONG)
        assert not [one for one in idle if one.done()]
        [found] = tailer.recent(wanted, head, 10) or []
        assert found.position == position
        assert tailer.recent(unwanted[0], head, 10) == []
        tailer.stop()
        assert all(await asyncio.gather(*idle))
        assert await tailer.wait(unwanted[0], head, LONG)

    in_loop(services, work)


def test_what_nobody_waited_for_is_not_decrypted(services: Services) -> None:
    async def work(tailer: Tailer) -> None:
        head = services.log.head()
        idle = asyncio.create_task(tailer.wait(Filter(source="api"), head, LONG))
        await asyncio.sleep(0.2)
        position = await register(services)
        while tailer.position < position:
            await asyncio.sleep(0.01)
        assert tailer.recent(Filter(), head, 10) is None
        assert await tailer.wait(Filter(), head, LONG)
        idle.cancel()

    in_loop(services, work)


def test_nobody_is_told_that_there_is_nothing_when_memory_is_too_short(services: Services) -> None:
    async def work(tailer: Tailer) -> None:
        head = services.log.head()
        idle = asyncio.create_task(tailer.wait(Filter(source="api"), head, LONG))
        await asyncio.sleep(0.2)
        position = await register(services, 8)
        while tailer.position < position:
            await asyncio.sleep(0.01)
        nothing = Filter(type="TicketOpened")
        assert tailer.recent(nothing, head, 10) is None
        assert await tailer.wait(nothing, head, LONG)
        assert tailer.recent(nothing, position - 5, 10) == []
        assert not await tailer.wait(nothing, position - 5, 0.1)
        idle.cancel()

    in_loop(services, work)


def test_a_wait_that_ends_in_vain_says_how_far_it_looked(services: Services) -> None:
    async def work(tailer: Tailer) -> None:
        head = services.log.head()
        waiting = asyncio.create_task(tailer.wait(Filter(source="api"), head, 1))
        await asyncio.sleep(0.2)
        position = await register(services)
        assert not await waiting
        assert tailer.position == position

    in_loop(services, work)
