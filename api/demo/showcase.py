"""Three records of the demo that a first look is worth."""

from collections.abc import Iterator
from random import Random

from api.demo.company import Company
from api.demo.people import LONDON, SHANGHAI
from api.demo.scene import Scene, Sight
from api.demo.sight_customer import customer
from api.demo.sight_deal import deal
from api.demo.sight_ticket import ticket
from api.demo.story import Story


def sights(company: Company, random: Random) -> Iterator[Sight]:
    """A deal, a ticket and a customer."""
    yield deal(company, Scene(company, Story(random, SHANGHAI)))
    yield ticket(company, Scene(company, Story(random, LONDON)))
    yield customer(company, Scene(company, Story(random, LONDON)))
