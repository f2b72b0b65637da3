"""Contacts of the demo: who speaks for a customer, and what becomes of them."""

from datetime import datetime, timedelta
from typing import Any, Final

from api.demo.accounts import Account, Partner
from api.demo.calendar import id_at
from api.demo.names import is_chinese, person, phone
from commands.contacts import (
    ChangeContact,
    ChangeContactRole,
    LinkContact,
    MarkContactLeft,
    MergeContact,
    RegisterContact,
    RestrictContact,
    UnlinkContact,
    UnrestrictContact,
)
from commands.customers import ChangeCustomer
from domain.contacts import CustomerLink, Role
from domain.customers import Kind

ROLES: Final = (Role.DECISION_MAKER, Role.EVALUATOR, Role.USER, Role.INFLUENCER)
_LANGUAGES: Final = {True: "zh-Hans", False: "en"}


def introduce(account: Account) -> None:
    """The first people of a customer, one to three of a company."""
    random = account.random
    wanted = 1 if account.kind is Kind.PERSON else random.choices((1, 2, 3), (45, 38, 17))[0]
    at = account.story.soon(account.born)
    for number in range(wanted):
        partner = meet(account, at, ROLES[number])
        if number == 0 and account.kind is Kind.ORGANISATION:
            command = ChangeCustomer(primary_contact_id=partner.id)
            account.story.act(
                account.story.soon(partner.born), account.id, command, account.by(partner.born)
            )
        at = account.story.later(at, 1, 120)
        if at > account.until:
            break


def meet(account: Account, at: datetime, role: Role) -> Partner:
    """Register somebody at a customer."""
    random, texts = account.random, account.texts.contacts
    name = person(account.region, random)
    known = {one.name.slug for one in account.people}
    while name.slug in known:
        name = person(account.region, random)
    address = f"{name.slug}@{account.slug}.example.org"
    if account.kind is Kind.PERSON:
        address = f"{name.slug}.{account.id.hex[-6:]}@example.org"
    fields: dict[str, Any] = {
        "family_name": name.family,
        "given_name": name.given,
        "title": random.choice(texts.titles),
        "department": random.choice(texts.departments),
        "emails": (address,),
        "phones": (phone(account.region, random),),
        "language": _LANGUAGES[is_chinese(account.region)],
        "owner_id": account.by(at),
        "customers": (CustomerLink(customer_id=account.id, role=role),),
    }
    if account.story.chance(0.2):
        fields["note"] = random.choice(texts.notes)
    partner = Partner(id_at(at, random), name, at, role)
    account.story.act(
        at,
        partner.id,
        RegisterContact.model_validate(fields),
        account.by(at),
        cause=account.registered,
    )
    account.people.append(partner)
    return partner


def develop(account: Account) -> None:
    """What becomes of the people: careers, wishes, doubles."""
    story = account.story
    for partner in account.people:
        if story.chance(0.008):
            _restrict(account, partner)
            continue
        _career(account, partner)
        if story.chance(0.04):
            at = account.some_time(partner.born)
            change = ChangeContact(do_not_call=True)
            why = account.texts.contacts.no_calls
            story.act(at, partner.id, change, account.by(at), because=why)
        if story.chance(0.03):
            _double(account, partner)


def _career(account: Account, partner: Partner) -> None:
    story, texts = account.story, account.texts.contacts
    if story.chance(0.15):
        at = account.some_time(partner.born)
        title = account.random.choice(texts.titles)
        story.act(
            at, partner.id, ChangeContact(title=title), account.by(at), because=texts.promoted
        )
        if story.chance(0.4):
            change = ChangeContactRole(customer_id=account.id, role=Role.DECISION_MAKER)
            story.act(story.soon(at), partner.id, change, account.by(at), because=texts.role)
    elif story.chance(0.05) and len(account.people) > 1 and partner is account.people[-1]:
        at = account.some_time(max(partner.born, account.until - timedelta(days=120)))
        left = at.date() - timedelta(days=account.random.randrange(1, 20))
        leaving = story.act(
            at, partner.id, MarkContactLeft(left_on=left), account.by(at), because=texts.left
        )
        if story.chance(0.5):
            gone = UnlinkContact(customer_id=account.id)
            story.act(story.soon(at), partner.id, gone, account.by(at), cause=leaving)


def _double(account: Account, partner: Partner) -> None:
    """The same person a second time, from a list, and merged when somebody noticed."""
    story, texts = account.story, account.texts.contacts
    at = account.some_time(partner.born)
    command = RegisterContact(
        family_name=partner.name.family,
        given_name=partner.name.given,
        emails=(f"{partner.name.slug}.{partner.id.hex[-6:]}@example.net",),
    )
    marketing = account.company.marketing(account.region)
    double = story.open(at, command, marketing)
    linked = story.later(at, 1, 5)
    link = LinkContact(customer_id=account.id)
    story.act(linked, double.stream, link, marketing, cause=double)
    merged = story.later(linked, 1, 20)
    merge = MergeContact(absorbed_id=double.stream)
    story.act(merged, partner.id, merge, account.by(merged), because=texts.duplicate)


def _restrict(account: Account, partner: Partner) -> None:
    story = account.story
    at = account.some_time(max(partner.born, account.until - timedelta(days=60)))
    partner.restricted_from = at
    auditor = account.company.staff.ids["qin.suwen"]
    restrict = RestrictContact(restriction_reason=account.texts.contacts.restricted)
    restricted = story.act(at, partner.id, restrict, auditor)
    lift = UnrestrictContact(lifting_reason="checked together, and corrected")
    story.act(story.later(at, 3, 15), partner.id, lift, auditor, cause=restricted)
