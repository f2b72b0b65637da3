"""A story from its seed: one customer, or a group of companies that belong together."""

from random import Random
from typing import Final

from api.demo.accounts import Account, an_account, register
from api.demo.calendar import id_at
from api.demo.company import Company
from api.demo.deals import deal_with
from api.demo.life import live, settle_owner
from api.demo.names import INDUSTRIES, Names, Region, is_chinese
from api.demo.orders import order
from api.demo.partners import develop, introduce
from api.demo.privacy import ask_people
from api.demo.story import Story
from api.demo.tickets import ask
from domain.customers import Kind

REGIONS: Final[dict[Region, int]] = {"europe": 30, "americas": 20, "east": 28, "south": 22}
GROUPS: Final = 0.04
"""The share of companies that have branches of their own."""
_BRANCHES: Final = {
    False: ("North", "South", "Services"),
    True: ("苏州分公司", "青岛分公司", "成都分公司"),
}


def tell(company: Company, names: Names, random: Random) -> Story:
    """Everything that happens to a customer, up to the end and beyond."""
    region = random.choices([*REGIONS], [*REGIONS.values()])[0]
    account = an_account(company, names, random, region)
    accounts = [account]
    _tell(account)
    if account.kind is Kind.ORGANISATION and account.story.chance(GROUPS):
        for branch in _BRANCHES[is_chinese(region)][: random.randrange(2, 4)]:
            accounts.append(_branch(account, branch))
    for one in accounts:
        ask_people(one)
    for one in accounts:
        order(one)
    return account.story


def _tell(account: Account) -> None:
    settle_owner(account)
    introduce(account)
    develop(account)
    deal_with(account)
    ask(account)
    live(account)


def _branch(parent: Account, name: str) -> Account:
    """A company below another one, registered some days after it."""
    born = parent.story.later(parent.born, 1, 40)
    random = parent.random
    between = "" if is_chinese(parent.region) else " "
    owner = parent.company.staff.seller(parent.region, born, random)
    account = Account(
        parent.company,
        parent.story,
        parent.region,
        id_at(born, random),
        f"{parent.name}{between}{name}",
        f"{parent.slug}-{id_at(born, random).hex[-4:]}",
        Kind.ORGANISATION,
        born,
        owner,
        parent.currency,
    )
    register(account, random.choice([*INDUSTRIES]), parent=parent.id)
    _tell(account)
    return account
