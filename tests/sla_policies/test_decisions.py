"""SLA policies: what is promised is written by administrators, and never changed behind anybody."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from commands.kernel import At, Command
from commands.sla_policies import (
    ArchiveSlaPolicy,
    ChangeSlaPolicy,
    DefineSlaPolicy,
    RestoreSlaPolicy,
)
from commands.ticket_history import RecordTicket, RecordTicketChange
from commands.tickets import (
    AddTicketMessage,
    AssignSlaPolicy,
    ChangeTicket,
    CreateFollowUpTicket,
    OpenTicket,
    ReplyToTicket,
    SplitTicket,
)
from domain.business_hours import Opening, Weekday
from domain.service_levels import DEFAULT_TARGETS, CountedIn, Promise, Target, Targets, Terms
from domain.sla_policies import (
    DEFAULT_SLA_POLICY,
    SlaPolicy,
    SlaPolicyArchived,
    SlaPolicyChanged,
    SlaPolicyDefined,
    SlaPolicyRestored,
)
from domain.ticket_history import WaitingFor
from domain.tickets import (
    Channel,
    Direction,
    Priority,
    TicketChangeRecorded,
    TicketClosed,
    TicketMessageAdded,
    TicketMessagesTakenOver,
    TicketOpened,
    TicketRecorded,
    TicketSlaPolicyAssigned,
    TicketSplit,
    TicketStarted,
)
from tests.dsl import NOW, THIS, given, id_of, new_id, state_of

GOLD, OLD = id_of("gold"), id_of("an old ticket")
MONDAY = Opening(weekday=Weekday.MONDAY, opens="09:00", closes="17:00")
TUESDAY = Opening(weekday=Weekday.TUESDAY, opens="09:00", closes="17:00")
EARLIER = NOW - timedelta(days=30)
LATER = NOW + timedelta(days=30)
QUICK = Targets(urgent=Promise(first_response=Target(minutes=5)))


def defined(**fields: Any) -> SlaPolicyDefined:
    usual: dict[str, Any] = {
        "name": "Usual",
        "targets": DEFAULT_TARGETS,
        "time_zone": "Asia/Shanghai",
        "business_hours": (),
        "holidays": (),
        "pauses": (WaitingFor.CUSTOMER,),
        "in_force_from": EARLIER,
    }
    return SlaPolicyDefined(**usual | fields)


def policy_of(*events: Any) -> SlaPolicy:
    state = state_of(*events)
    assert isinstance(state, SlaPolicy)
    return state


# Writing them.


def test_without_more_a_policy_promises_what_is_usual_in_the_companys_zone_from_now_on() -> None:
    given().when(DefineSlaPolicy(name="Usual")).then(defined(in_force_from=NOW))


def test_the_usual_targets() -> None:
    def minutes(promise: Promise) -> tuple[int, ...]:
        targets = (promise.first_response, promise.next_response, promise.resolution)
        return tuple(one.minutes for one in targets if one is not None)

    assert minutes(DEFAULT_TARGETS.urgent) == (30, 30, 120)
    assert minutes(DEFAULT_TARGETS.high) == (60, 60, 240)
    assert minutes(DEFAULT_TARGETS.medium) == (480, 480, 1_440)
    assert minutes(DEFAULT_TARGETS.low) == (1_440, 1_440, 4_320)


def test_a_policy_is_defined_for_a_later_day_and_not_for_an_earlier() -> None:
    given().when(DefineSlaPolicy(name="Usual", in_force_from=LATER)).then(
        defined(in_force_from=LATER)
    )
    given().when(DefineSlaPolicy(name="Usual", in_force_from=EARLIER)).rejected(
        "in_force_from: has passed"
    )


def test_a_name_belongs_to_one_policy_however_it_is_written() -> None:
    assert list(policy_of(defined(name="Gold")).claims()) == [("name", "gold")]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"targets": Targets()}, "targets: nothing is promised"),
        (
            {"business_hours": (Opening(weekday=Weekday.MONDAY, opens="17:00", closes="09:00"),)},
            "business_hours: monday 17:00-09:00 ends before it begins",
        ),
        ({"business_hours": (MONDAY, TUESDAY, MONDAY)}, "overlaps another span"),
        (
            {
                "business_hours": (Opening(weekday=Weekday.MONDAY, opens="09:00", closes="09:01"),),
                "targets": Targets(
                    low=Promise(resolution=Target(minutes=600, counted_in=CountedIn.BUSINESS))
                ),
            },
            "low.resolution takes more than",
        ),
    ],
)
def test_a_policy_can_be_kept(fields: dict[str, Any], sentence: str) -> None:
    given().when(DefineSlaPolicy(name="Usual", **fields)).rejected(sentence)
    given(defined()).when(ChangeSlaPolicy(**fields)).rejected(sentence)


@pytest.mark.parametrize("text", ["9", "25:00", "12:60", "24:01", "noon", "-1:00"])
def test_a_time_of_day_is_one(text: str) -> None:
    opening = {"weekday": "monday", "opens": text, "closes": "24:00"}
    with pytest.raises(ValidationError, match="Write times of day as 09:30"):
        DefineSlaPolicy.model_validate({"name": "Usual", "business_hours": [opening]})


def test_a_time_of_day_is_kept_in_one_form() -> None:
    opening = {"weekday": "monday", "opens": "9:00", "closes": "24:00"}
    command = DefineSlaPolicy.model_validate({"name": "Usual", "business_hours": [opening]})
    assert command.business_hours[0].opens == "09:00"


@pytest.mark.parametrize("minutes", [0, -5, 366 * 24 * 60 + 1])
def test_a_target_is_a_minute_at_least_and_a_year_at_most(minutes: int) -> None:
    with pytest.raises(ValidationError, match="minutes"):
        Target(minutes=minutes)


# Changing them.


def test_what_is_promised_changes_from_now_on() -> None:
    given(defined()).when(ChangeSlaPolicy(targets=QUICK)).then(
        SlaPolicyChanged(targets=QUICK, in_force_from=NOW)
    )


def test_another_name_is_no_other_promise() -> None:
    given(defined()).when(ChangeSlaPolicy(name="Silver")).then(SlaPolicyChanged(name="Silver"))
    assert len(policy_of(defined(), SlaPolicyChanged(name="Silver")).revisions) == 1
    given(defined()).when(ChangeSlaPolicy(name="Silver", in_force_from=LATER)).rejected(
        "in_force_from: nothing that is promised changes"
    )


def test_what_is_as_it_was_is_no_change() -> None:
    given(defined()).when(ChangeSlaPolicy(name="Usual", targets=DEFAULT_TARGETS)).nothing()


def test_a_change_is_not_in_force_before_the_one_before_it() -> None:
    planned = SlaPolicyChanged(targets=QUICK, in_force_from=LATER)
    given(defined(), planned).when(ChangeSlaPolicy(pauses=())).rejected(
        "in_force_from: lies before the time from which the last change is in force"
    )
    given(defined(), planned).when(ChangeSlaPolicy(pauses=(), in_force_from=LATER)).then(
        SlaPolicyChanged(pauses=(), in_force_from=LATER)
    )


def test_a_policy_keeps_a_name_and_a_zone() -> None:
    given(defined()).when(ChangeSlaPolicy(name=None)).rejected("needs one")
    given(defined()).when(ChangeSlaPolicy(time_zone=None)).rejected("needs one")


def test_the_policy_in_force_at_a_time_can_be_asked() -> None:
    policy = policy_of(
        defined(),
        SlaPolicyChanged(targets=QUICK, in_force_from=NOW),
        SlaPolicyChanged(holidays=(date(2026, 10, 1),), in_force_from=LATER),
    )
    assert policy.in_force(EARLIER - timedelta(microseconds=1)) is None
    found = [policy.in_force(at) for at in (EARLIER, NOW - timedelta(1), NOW, LATER, LATER)]
    assert [one and one.number for one in found] == [1, 1, 2, 3, 3]
    assert found[0] is not None
    assert found[0].terms.targets == DEFAULT_TARGETS
    assert found[-1] is not None
    assert found[-1].terms.targets == QUICK
    assert found[-1].terms.hours.holidays == (date(2026, 10, 1),)


def test_a_policy_is_archived_and_restored() -> None:
    archived = SlaPolicyArchived()
    given(defined()).when(ArchiveSlaPolicy()).then(archived)
    given(defined(), archived).when(RestoreSlaPolicy()).then(SlaPolicyRestored())
    given(defined(), archived).when(ArchiveSlaPolicy()).nothing()
    given(defined()).when(RestoreSlaPolicy()).nothing()
    given(defined(), archived).when(ChangeSlaPolicy(name="Silver")).rejected("Restore it first")


@pytest.mark.parametrize(
    "command", [DefineSlaPolicy, ChangeSlaPolicy, ArchiveSlaPolicy, RestoreSlaPolicy]
)
def test_policies_are_for_administrators(command: type[Command]) -> None:
    assert command.ADMIN


# Promising it to tickets.

usual = policy_of(defined())
gold = policy_of(defined(name="Gold", targets=QUICK))
revised = policy_of(defined(name="Gold"), SlaPolicyChanged(targets=QUICK, in_force_from=NOW))
fire = OpenTicket(subject="Fire", priority=Priority.HIGH)
opened = TicketOpened(subject="Fire", priority=Priority.HIGH)


def promised(policy: SlaPolicy, policy_id: Any = GOLD, at: datetime = NOW) -> Any:
    revision = policy.in_force(at)
    assert revision is not None
    return TicketSlaPolicyAssigned(
        sla_policy_id=policy_id, sla_policy_revision=revision.number, sla_terms=revision.terms
    )


by_default = promised(usual, DEFAULT_SLA_POLICY)


def test_a_ticket_gets_the_policy_that_is_asked_for() -> None:
    asked = OpenTicket(subject="Fire", priority=Priority.HIGH, sla_policy_id=GOLD)
    given().among({GOLD: gold, DEFAULT_SLA_POLICY: usual}).when(asked).then(
        TicketOpened(subject="Fire", priority=Priority.HIGH, sla_policy_id=GOLD), promised(gold)
    )


def test_a_ticket_that_names_none_gets_the_default_and_with_null_none() -> None:
    none = OpenTicket(subject="Fire", priority=Priority.HIGH, sla_policy_id=None)
    given().among({DEFAULT_SLA_POLICY: usual}).when(fire).then(opened, by_default)
    given().among({DEFAULT_SLA_POLICY: usual}).when(none).then(
        TicketOpened(subject="Fire", priority=Priority.HIGH, sla_policy_id=None)
    )
    given().when(fire).then(opened)


def test_a_default_that_is_archived_or_not_in_force_yet_is_none() -> None:
    archived = policy_of(defined(), SlaPolicyArchived())
    given().among({DEFAULT_SLA_POLICY: archived}).when(fire).then(opened)
    given().among({DEFAULT_SLA_POLICY: usual}).when(fire, now=EARLIER - timedelta(seconds=1)).then(
        opened
    )


def test_a_policy_that_is_asked_for_is_there_in_use_and_in_force() -> None:
    asked = OpenTicket(subject="Fire", priority=Priority.HIGH, sla_policy_id=GOLD)
    given().when(asked).rejected("sla_policy_id: there is no", type="unknown-reference")
    archived = policy_of(defined(), SlaPolicyArchived())
    given().among({GOLD: archived}).when(asked).rejected("is archived", type="barred-reference")
    planned = policy_of(defined(in_force_from=LATER))
    given().among({GOLD: planned}).when(asked).rejected("was not in force at that time")


def test_a_ticket_that_is_entered_late_gets_what_was_promised_then() -> None:
    before = NOW - timedelta(days=1)
    given().among({DEFAULT_SLA_POLICY: revised}).when(fire, now=before).then(
        opened, promised(revised, DEFAULT_SLA_POLICY, before)
    )


def test_another_policy_is_assigned_by_hand_and_taken_away() -> None:
    given(opened, by_default).among({GOLD: gold}).when(AssignSlaPolicy(sla_policy_id=GOLD)).then(
        promised(gold)
    )
    none = TicketSlaPolicyAssigned(sla_policy_id=None)
    given(opened, by_default).when(AssignSlaPolicy(sla_policy_id=None)).then(none)
    given(opened).when(AssignSlaPolicy(sla_policy_id=None)).nothing()
    given(opened, promised(gold)).among({GOLD: gold}).when(
        AssignSlaPolicy(sla_policy_id=GOLD)
    ).nothing()
    given(opened, TicketStarted(), TicketClosed()).among({GOLD: gold}).when(
        AssignSlaPolicy(sla_policy_id=GOLD)
    ).rejected("closed is final")


def test_a_ticket_changes_its_policy_only_by_being_assigned_one() -> None:
    given(opened).among({GOLD: gold}).when(ChangeTicket(sla_policy_id=GOLD)).rejected(
        "sla_policy_id: a ticket changes its SLA policy by being assigned one"
    )
    given(opened, promised(gold)).when(ChangeTicket(sla_policy_id=GOLD)).nothing()


def test_the_clock_of_a_message_begins_under_what_the_policy_promises_by_then() -> None:
    first = promised(revised, at=NOW - timedelta(days=1))
    message = TicketMessageAdded(
        message_id=new_id(1), public=True, direction=Direction.IN, body="Help"
    )
    given(opened, first).among({GOLD: revised}).when(AddTicketMessage(body="Help")).then(
        promised(revised), message
    )
    given(opened, promised(revised)).among({GOLD: revised}).when(
        AddTicketMessage(body="Help")
    ).then(message)


def test_what_a_bot_answers_says_so_and_takes_no_ticket_up() -> None:
    said = TicketMessageAdded(
        message_id=new_id(1), public=True, direction=Direction.OUT, body="Hold on", by_bot=True
    )
    given(opened).when(ReplyToTicket(body="Hold on", by_bot=True)).then(said)


def test_a_follow_up_and_a_split_are_promised_what_their_ticket_was() -> None:
    ended = (opened, promised(gold), TicketStarted(), TicketClosed())
    given().among({OLD: ended, GOLD: gold, DEFAULT_SLA_POLICY: usual}).when(
        CreateFollowUpTicket(follows_up_id=OLD)
    ).then(TicketOpened(subject="Fire", priority=Priority.HIGH, follows_up_id=OLD), promised(gold))
    question = TicketMessageAdded(
        message_id=id_of("one"), public=True, direction=Direction.IN, body="And this?"
    )
    given(opened, promised(gold), question).among({GOLD: gold}).when(
        SplitTicket(subject="This", message_ids=(id_of("one"),))
    ).then(
        At(
            new_id(1),
            TicketOpened(
                subject="This",
                priority=Priority.HIGH,
                channel=Channel.UNKNOWN,
                split_from_id=THIS,
            ),
        ),
        At(new_id(1), promised(gold)),
        At(new_id(1), TicketMessagesTakenOver(from_id=THIS, message_ids=(id_of("one"),))),
        TicketSplit(into_id=new_id(1), message_ids=(id_of("one"),)),
    )


def test_a_recorded_ticket_is_judged_by_what_was_in_force_here_then() -> None:
    record = RecordTicket(source_state="New")
    recorded = TicketRecorded.model_validate(
        {"source_state": "New", "source_sequence": 0, "status": "new"}
        | {"broken_rule": "unknown_state"}
    )
    given().among({DEFAULT_SLA_POLICY: usual}).when(record).then(recorded, by_default)
    long_ago = datetime(2016, 2, 29, tzinfo=UTC)
    given().among({DEFAULT_SLA_POLICY: usual}).when(record, now=long_ago).then(recorded)
    change = RecordTicketChange(sequence=1, sla_policy_id=GOLD)
    given(recorded).among({GOLD: gold}).when(change).then(
        TicketChangeRecorded(change_sequence=1), promised(gold)
    )
    given(recorded, promised(gold)).when(change).nothing()


def test_terms_hold_all_by_which_a_ticket_is_judged() -> None:
    assert by_default.sla_terms == Terms.model_validate(
        {
            "targets": DEFAULT_TARGETS,
            "hours": {"time_zone": "Asia/Shanghai"},
            "pauses": ["customer"],
        }
    )
