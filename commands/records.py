"""Rules that hold for every record: its owner and team exist, its custom fields are declared."""

import re
from datetime import date
from typing import Final
from uuid import UUID

from commands.kernel import Command, Records, Rejected
from domain.custom_fields import CustomFields, FieldDefinition, FieldType, custom_fields_id
from domain.fields import ERASED
from domain.kernel import Aggregate
from domain.records import Record, RecordDetails
from domain.teams import Team
from domain.users import User
from domain.values import CustomValue

_VOWELS: Final = ("a", "e", "i", "o", "SLA")
"""With what a noun begins that takes "an"."""


def check_record(details: RecordDetails, aggregate: type[Aggregate], records: Records) -> None:
    """Check the fields that every record has, as far as they are given.

    Raises:
        Rejected: an unknown or inactive owner, an unknown team, an undeclared or wrong custom
            field, or half an external id.
    """
    given = details.__pydantic_fields_set__
    if details.owner_id is not None and "owner_id" in given:
        need_active_user(records, details.owner_id, "owner_id")
    if details.team_id is not None and "team_id" in given:
        records.need(Team, details.team_id, "team_id")
    if (details.external_id is None) != (details.source_system is None) and (
        {"external_id", "source_system"} & given
    ):
        raise Rejected(
            "external_id: goes together with source_system. Give both or neither.",
            field="external_id",
        )
    if details.custom or details.custom_personal:
        check_custom(details, aggregate, records)


def need_active_user(records: Records, user_id: UUID, field: str) -> User:
    """A user who can take something on.

    Raises:
        Rejected: there is no such user, or they are not active (yet, or any longer).
    """
    user = records.need(User, user_id, field)
    if not user.is_active:
        raise Rejected(
            f"{field}: user {user_id} is {user.status}. Activate them first, or choose another.",
            field=field,
            type="inactive-user",
        )
    return user


def check_above(aggregate: type[Record], first: UUID, field: str, records: Records) -> None:
    """Nothing is above itself, however long the chain (each step is one cached read).

    Raises:
        Rejected: ``first``, which ``field`` names, is the record itself or below it, or barred.
    """
    noun = aggregate.NOUN
    if first != records.own_id:
        records.need(aggregate, first, field)
    above: UUID | None = first
    passed: set[UUID] = set()
    while above is not None and above not in passed:
        if above == records.own_id:
            raise Rejected(
                f"{field}: a {noun} cannot be above itself. Choose another.", field=field
            )
        passed.add(above)
        found = records.get(aggregate, above)
        above = getattr(found, field, None)


def check_not_erased(record: Record) -> None:
    """What was erased is not filled again.

    Raises:
        Rejected: whom the record stands for was erased, or is being.
    """
    if record.erased:
        noun = record.NOUN
        raise Rejected(
            f"This {noun} was erased, and nothing is recorded of them again. Register them anew "
            "if they came back by themselves.",
            type="erased",
        )


def check_in_use(record: Record) -> None:
    """What was put away is not changed.

    Raises:
        Rejected: the record is archived, or whom it stands for was erased or is held by law.
    """
    check_not_erased(record)
    if record.legal_holds:
        noun = record.NOUN
        raise Rejected(
            f"This {noun} may only be stored while a legal hold lasts. Lift the hold first.",
            type="held",
        )
    if record.archived:
        noun = record.NOUN
        raise Rejected(f"This {noun} is archived. Restore it first.", type="archived")


def check_required(command: Command, *fields: str) -> None:
    """A change must not clear what the record cannot be without.

    Raises:
        Rejected: one of the fields is given as null.
    """
    given = command.__pydantic_fields_set__
    for field in fields:
        if field in given and getattr(command, field) is None:
            noun = command.TO.NOUN
            article = "an" if noun.startswith(_VOWELS) else "a"
            raise Rejected(f"{field}: {article} {noun} needs one. Give a value.", field=field)


def check_custom(details: RecordDetails, aggregate: type[Aggregate], records: Records) -> None:
    """Every given custom field is declared, lies on the right side of privacy, and has its type."""
    declared = records.get(CustomFields, custom_fields_id(aggregate.AGGREGATE))
    definitions = {} if declared is None else declared.by_key
    for side, personal in (("custom", False), ("custom_personal", True)):
        values = getattr(details, side)
        for key, value in ({} if values is ERASED else values).items():
            where = f"{side}.{key}"
            definition = definitions.get(key)
            if definition is None or (definition.retired and value is not None):
                raise Rejected(
                    f"{where}: no such custom field is declared for {aggregate.AGGREGATE}. "
                    "Ask an administrator to declare it.",
                    field=where,
                )
            if definition.personal != personal:
                right = "custom_personal" if definition.personal else "custom"
                raise Rejected(f"{where}: this field goes under {right}.", field=where)
            if value is not None:
                check_custom_value(where, definition, value)


def check_custom_value(where: str, definition: FieldDefinition, value: CustomValue) -> None:
    """The value has the declared type."""
    problem = _problem(definition, value)
    if problem:
        raise Rejected(f"{where}: {problem}", field=where)


def _problem(definition: FieldDefinition, value: CustomValue) -> str | None:  # noqa: PLR0911
    match definition.type:
        case FieldType.SWITCH:
            return None if isinstance(value, bool) else "is no switch. Give true or false."
        case FieldType.NUMBER:
            return None if _is_number(value) else 'is no number. Give a string such as "12.50".'
        case FieldType.DATE:
            return None if _is_date(value) else "is no date. Write it as 2026-01-31."
        case FieldType.CHOICE:
            if isinstance(value, str) and value in definition.choices:
                return None
            return f"is none of its choices. Give one of: {', '.join(definition.choices)}."
        case FieldType.CHOICES:
            if isinstance(value, tuple) and set(value) <= set(definition.choices):
                return None
            return f"has a value that is no choice. Choose among: {', '.join(definition.choices)}."
        case _:
            longest = 10_000
            if isinstance(value, str) and len(value) <= longest:
                return None
            return f"is no text of at most {longest} characters. Give a string."


def _is_number(value: CustomValue) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    return re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,20})?", str(value)) is not None


def _is_date(value: CustomValue) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
