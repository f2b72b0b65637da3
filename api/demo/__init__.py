"""The demo: a company of about 2,000 customers with eighteen months of history, in two languages.

Everything goes through commands, so it obeys every rule. It is made of a seed and the moment at
which it ends: the same ones give the same company, word for word and id for id.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Final

from api.demo.calendar import Calendar
from api.demo.company import Company
from api.demo.founding import founding, invite_last
from api.demo.names import Names
from api.demo.people import COLLEAGUES, INVITED_LAST, address_of
from api.demo.scene import Sight
from api.demo.showcase import sights
from api.demo.story import Act
from api.demo.telling import tell
from api.services import Services
from domain.users import Role
from store.event_log import Receipt
from store.progress import Progress, untold

__all__ = ["Demo", "DemoError", "imagine", "is_loaded", "load"]

SEED: Final = "Birchwater Instruments 桦水仪器"
STORIES: Final = 1_880
"""Each is told of a customer, or of several that belong together: about 2,000 customers."""
FEW_STORIES: Final = 92
WORKERS: Final = 24
"""Stories that are told at once, so that the group committer has full batches."""


class DemoError(Exception):
    """The demo cannot be loaded here; the text says why and what to do."""


def is_loaded(services: Services) -> bool:
    """Whether this tenant holds the demo already, to its end."""
    return services.log.holder("users", "email", address_of(INVITED_LAST)) is not None


def load(services: Services, small: bool, progress: Progress, until: datetime) -> dict[str, Any]:
    """Tell the demo's history up to a moment; gives what there is now, and three things to look at.

    Raises:
        DemoError: the tenant holds a demo already, or a part of one.
    """
    first = address_of(COLLEAGUES[0])
    if services.log.holder("users", "email", first) is not None:
        raise DemoError(
            "This tenant holds a demo already, or a part of one. Use another KEPT_HOME, or make "
            "another tenant with: kept tenants create NAME"
        )
    before = services.log.head()
    demo = imagine(small, until, progress)
    _run(services, demo, progress)
    _tell(services, demo.last)
    return _summary(services, demo, before)


@dataclass(frozen=True, slots=True)
class Demo:
    """All that happens in the demo, before any of it is told."""

    company: Company
    founded: list[Act]
    """What administrators did, which customers' stories stand on."""
    sights: list[Sight]
    stories: list[list[Act]]
    """Each in its own order, those of the sights first."""
    last: list[Act]
    """Told when everything else has been."""

    def opened(self) -> dict[str, int]:
        """How many records of each kind there are, those that were merged included."""
        acts = (act for story in (self.founded, self.last, *self.stories) for act in story)
        return dict(Counter(act.command.TO.AGGREGATE for act in acts if act.command.OPENS))


def imagine(small: bool, until: datetime, progress: Progress = untold) -> Demo:
    """Make the history up, which needs no database."""
    company = Company(Calendar(until), _random("company"))
    seen = [*sights(company, _random("sights"))]
    stories = [[*one.story.told(company.calendar.until)] for one in seen]
    names, count = Names(_random("names")), FEW_STORIES if small else STORIES
    for number in range(count):
        told = tell(company, names, _random(str(number)))
        stories.append([*told.told(company.calendar.until)])
        if number % 100 == 0:
            progress("history made up", number, count)
    founded = founding(company, _random("founding"))
    return Demo(company, founded, seen, stories, [invite_last(company, _random("last"))])


def _random(name: str) -> Random:
    return Random(f"{SEED}/{name}")  # noqa: S311  a seeded story, not a secret


def _run(services: Services, demo: Demo, progress: Progress) -> None:
    """Tell all stories side by side, week by week, so that the log reads like the time did."""
    of_company = _by_week(demo.company, demo.founded)
    by_week: dict[int, list[list[Act]]] = defaultdict(list)
    total = len(demo.founded)
    for story in demo.stories:
        for week, acts in _by_week(demo.company, story).items():
            by_week[week].append(acts)
            total += len(acts)
    done = 0
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="kept-demo") as pool:
        for week in sorted(by_week.keys() | of_company.keys()):
            done += _tell(services, of_company.get(week, []))
            told = [pool.submit(_tell, services, acts) for acts in by_week[week]]
            for one in as_completed(told):
                done += one.result()
            progress("history recorded", done, total)


def _by_week(company: Company, acts: Iterable[Act]) -> dict[int, list[Act]]:
    weeks: dict[int, list[Act]] = defaultdict(list)
    for act in acts:
        weeks[company.calendar.week_of(act.entered)].append(act)
    return weeks


def _tell(services: Services, acts: Sequence[Act]) -> int:
    """Issue the commands of some acts, in order; gives how many they were."""
    outcomes = services.dispatcher.dispatch_all([act.order for act in acts])
    for act, outcome in zip(acts, outcomes, strict=True):
        if not isinstance(outcome, Receipt):
            name = type(act.command).__name__
            raise DemoError(f"The demo's {name} was refused: {outcome}") from outcome
    return len(acts)


def _summary(services: Services, demo: Demo, before: int) -> dict[str, Any]:
    ids = demo.company.staff.ids
    by_role = {role: next(one for one in COLLEAGUES if one.role is role) for role in Role}
    return {
        **dict(sorted(demo.opened().items())),
        "events": services.log.head() - before,
        "users_by_role": {
            role.value: {"name": one.name, "id": str(ids[one.mail])}
            for role, one in by_role.items()
        },
        "look_at": [
            {
                "aggregate": one.aggregate,
                "id": str(one.id),
                "number": services.log.load(one.id)[0].number,
                "why": dict(one.why),
            }
            for one in demo.sights
        ],
    }
