"""Tickets: what somebody asked for, until it is answered for good."""

from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from commands.kernel import At, Command
from commands.tickets import (
    AddTicketMessage,
    AddTicketNote,
    ArchiveTicket,
    AssignTicket,
    ChangeTicket,
    CloseTicket,
    CreateFollowUpTicket,
    EscalateTicket,
    HoldTicket,
    MarkTicketDuplicate,
    MergeTicket,
    OpenTicket,
    RejectTicket,
    ReopenTicket,
    ReplyToTicket,
    ResolveTicket,
    RestoreTicket,
    ResumeTicket,
    SetTicketPriority,
    SplitTicket,
    StartTicket,
    UnmergeTicket,
)
from domain.contacts import ContactRegistered, ContactRestricted
from domain.customers import CustomerMerged, CustomerRegistered, Kind
from domain.fields import ERASED
from domain.kernel import Event, replace
from domain.teams import TeamCreated
from domain.ticket_history import Status, WaitingFor
from domain.tickets import (
    Channel,
    Direction,
    Level,
    Priority,
    Ticket,
    TicketAbsorbed,
    TicketArchived,
    TicketAssigned,
    TicketChanged,
    TicketClosed,
    TicketEscalated,
    TicketMarkedDuplicate,
    TicketMerged,
    TicketMessageAdded,
    TicketMessagesTakenOver,
    TicketOpened,
    TicketPriorityChanged,
    TicketPutOnHold,
    TicketRejected,
    TicketReopened,
    TicketResolved,
    TicketRestored,
    TicketResumed,
    TicketReturned,
    TicketSplit,
    TicketStarted,
    TicketUnmerged,
    Type,
)
from domain.users import UserActivated, UserDeactivated, UserInvited
from tests.dsl import NOW, THIS, Given, given, id_of, new_id, state_of

ALICE, BOB, ACME, WANG = id_of("alice"), id_of("bob"), id_of("acme"), id_of("wang")
SUPPORT, OTHER, NOBODY = id_of("support"), id_of("other ticket"), id_of("nobody")
IN_A_WEEK = NOW + timedelta(days=7)
AFTER_A_WEEK = IN_A_WEEK + timedelta(seconds=1)

alice = (UserInvited(name="Alice", email="alice@example.com"), UserActivated())
bob = (UserInvited(name="Bob", email="bob@example.com"), UserActivated(), UserDeactivated())
wang = ContactRegistered(family_name="Wang")

opened = TicketOpened(subject="The printer is on fire", priority=Priority.HIGH)
of_wang = TicketOpened(
    subject="The printer is on fire", priority=Priority.HIGH, contact_id=WANG, customer_id=ACME
)
started = TicketStarted()
on_hold = TicketPutOnHold(waiting_for=WaitingFor.CUSTOMER)
at_vendor = TicketPutOnHold(waiting_for=WaitingFor.THIRD_PARTY)
resolved = TicketResolved(resolution="Water", reopen_until=IN_A_WEEK)
closed, reopened = TicketClosed(), TicketReopened()
rejected = TicketRejected(rejection_reason="Not our printer", reopen_until=IN_A_WEEK)
duplicate = TicketMarkedDuplicate(duplicate_of_id=OTHER, reopen_until=IN_A_WEEK)
archived, merged = TicketArchived(), TicketMerged(merged_into_id=OTHER)


def message(name: str, direction: Direction = Direction.IN, *, public: bool = True) -> Event:
    return TicketMessageAdded(
        message_id=id_of(name), public=public, direction=direction, body=f"This is {name}."
    )


def known(*history: Event) -> Given:
    """A ticket, in a company that has all that a ticket can point at."""
    return given(*history).among(
        {
            ALICE: alice,
            BOB: bob,
            SUPPORT: TeamCreated(name="Support"),
            ACME: CustomerRegistered(name="Acme", kind=Kind.ORGANISATION),
            WANG: wang,
            OTHER: opened,
        }
    )


def ticket_of(*events: Event) -> Ticket:
    state = state_of(*events)
    assert isinstance(state, Ticket)
    return state


def resolving() -> ResolveTicket:
    return ResolveTicket(resolution="Water")


# Opening.


def test_a_ticket_needs_a_subject_and_a_priority() -> None:
    known().when(OpenTicket(subject="The printer is on fire", priority=Priority.HIGH)).then(opened)
    for missing in ("subject", "priority"):
        with pytest.raises(ValidationError, match=missing):
            OpenTicket.model_validate({"subject": "Fire", "priority": "low", missing: None})


def test_a_ticket_is_opened_with_what_is_known_of_it() -> None:
    known().when(
        OpenTicket(
            subject="The printer is on fire",
            description="Smoke comes out.",
            priority=Priority.URGENT,
            channel=Channel.PHONE,
            type=Type.INCIDENT,
            impact=Level.HIGH,
            urgency=Level.HIGH,
            customer_id=ACME,
            contact_id=WANG,
            category="Hardware",
            subcategory="Printer",
            location="Room 204",
            configuration_item="PRN-7",
            parent_id=OTHER,
            owner_id=ALICE,
        )
    ).then(
        TicketOpened(
            subject="The printer is on fire",
            description="Smoke comes out.",
            priority=Priority.URGENT,
            channel=Channel.PHONE,
            type=Type.INCIDENT,
            impact=Level.HIGH,
            urgency=Level.HIGH,
            customer_id=ACME,
            contact_id=WANG,
            category="Hardware",
            subcategory="Printer",
            location="Room 204",
            configuration_item="PRN-7",
            parent_id=OTHER,
            owner_id=ALICE,
        )
    )


def test_a_ticket_that_is_opened_with_an_assignee_has_been_started() -> None:
    known().when(
        OpenTicket(
            subject="The printer is on fire",
            priority=Priority.HIGH,
            assignee_id=ALICE,
            queue="Hardware",
        )
    ).then(opened, TicketAssigned(assignee_id=ALICE, queue="Hardware"), started)


def test_a_ticket_that_is_opened_in_a_queue_waits_there() -> None:
    known().when(
        OpenTicket(subject="The printer is on fire", priority=Priority.HIGH, queue="Hardware")
    ).then(opened, TicketAssigned(queue="Hardware"))


UNKNOWN: list[tuple[dict[str, object], str]] = [
    ({"customer_id": NOBODY}, "customer_id: there is no customer"),
    ({"contact_id": NOBODY}, "contact_id: there is no contact"),
    ({"parent_id": NOBODY}, "parent_id: there is no ticket"),
    ({"parent_id": THIS}, "parent_id: a ticket cannot be above itself"),
    ({"owner_id": BOB}, "is deactivated"),
    ({"external_id": "INC1"}, "Give both or neither"),
]


@pytest.mark.parametrize(("fields", "sentence"), UNKNOWN)
def test_a_ticket_points_only_at_what_is_there(fields: dict[str, object], sentence: str) -> None:
    usual = {"subject": "Fire", "priority": "high"}
    known().when(OpenTicket.model_validate(usual | fields)).rejected(sentence)
    known(opened).when(ChangeTicket.model_validate(fields)).rejected(sentence)


def test_a_ticket_is_not_opened_for_who_has_left_or_is_gone() -> None:
    fire = OpenTicket(subject="Fire", priority=Priority.LOW, assignee_id=BOB)
    known().when(fire).rejected("assignee_id: user")
    for_acme = OpenTicket(subject="Fire", priority=Priority.LOW, customer_id=ACME)
    gone = (
        CustomerRegistered(name="Acme", kind=Kind.ORGANISATION),
        CustomerMerged(merged_into_id=NOBODY),
    )
    known().among({ACME: gone}).when(for_acme).rejected("was merged into")
    for_wang = OpenTicket(subject="Fire", priority=Priority.LOW, contact_id=WANG)
    restricted = (wang, ContactRestricted(restriction_reason="asked"))
    known().among({WANG: restricted}).when(for_wang).rejected("may only be stored")


def test_what_a_ticket_says_is_about_who_asked_or_else_the_customer() -> None:
    assert Ticket.SUBJECT == ("contact_id", "customer_id")


# Changing.


def test_a_ticket_changes_by_what_differs() -> None:
    known(opened).when(
        ChangeTicket(subject="The printer is on fire", category="Hardware", impact=Level.LOW)
    ).then(TicketChanged(category="Hardware", impact=Level.LOW))
    known(opened).when(ChangeTicket(subject="The printer is on fire")).nothing()


def test_a_resolved_ticket_is_still_put_right_but_a_closed_one_is_not() -> None:
    command = ChangeTicket(category="Hardware")
    known(opened, started, resolved).when(command).then(TicketChanged(category="Hardware"))
    known(opened, started, resolved, closed).when(command).rejected(
        "closed is final. Create a follow-up ticket instead", type="closed"
    )


def test_a_ticket_keeps_a_subject() -> None:
    known(opened).when(ChangeTicket(subject=None)).rejected("subject: a ticket needs one")


def test_a_ticket_changes_hands_only_by_being_assigned() -> None:
    known(opened).when(ChangeTicket(team_id=SUPPORT)).rejected("by being assigned")
    held = TicketAssigned(team_id=SUPPORT)
    known(opened, held).when(ChangeTicket(team_id=SUPPORT)).nothing()


def test_no_ticket_is_above_itself() -> None:
    child = replace(opened, parent_id=THIS)
    known(opened).among({OTHER: child}).when(ChangeTicket(parent_id=OTHER)).rejected(
        "cannot be above itself"
    )


# Hands, priority, escalation.


def test_assigning_a_new_ticket_starts_it() -> None:
    known(opened).when(AssignTicket(assignee_id=ALICE)).then(
        TicketAssigned(assignee_id=ALICE), started
    )


def test_assigning_a_started_ticket_only_changes_hands() -> None:
    known(opened, started).when(
        AssignTicket(assignee_id=ALICE, team_id=SUPPORT, queue="Hardware")
    ).then(TicketAssigned(assignee_id=ALICE, team_id=SUPPORT, queue="Hardware"))


def test_a_queue_or_a_team_alone_does_not_start_a_ticket() -> None:
    known(opened).when(AssignTicket(queue="Hardware")).then(TicketAssigned(queue="Hardware"))
    known(opened).when(AssignTicket(team_id=SUPPORT)).then(TicketAssigned(team_id=SUPPORT))


def test_a_ticket_is_taken_from_its_assignee() -> None:
    hers = TicketAssigned(assignee_id=ALICE, queue="Hardware")
    taken = TicketAssigned(assignee_id=None)
    known(opened, hers, started).when(AssignTicket(assignee_id=None)).then(taken)
    ticket = ticket_of(opened, hers, started, taken)
    assert (ticket.assignee_id, ticket.queue) == (None, "Hardware")


def test_a_ticket_that_is_in_those_hands_already_stays() -> None:
    hers = TicketAssigned(assignee_id=ALICE)
    known(opened, hers, started).when(AssignTicket(assignee_id=ALICE)).nothing()


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (AssignTicket(), "Give an assignee, a team or a queue"),
        (AssignTicket(assignee_id=BOB), "is deactivated"),
        (AssignTicket(assignee_id=NOBODY), "assignee_id: there is no user"),
        (AssignTicket(team_id=NOBODY), "team_id: there is no team"),
    ],
)
def test_a_ticket_gets_only_into_hands_that_can_work(command: Command, sentence: str) -> None:
    known(opened).when(command).rejected(sentence)


def test_a_priority_is_set() -> None:
    known(opened).when(SetTicketPriority(priority=Priority.URGENT)).then(
        TicketPriorityChanged(priority=Priority.URGENT)
    )
    known(opened).when(SetTicketPriority(priority=Priority.HIGH)).nothing()


def test_a_ticket_is_escalated_upwards_with_a_reason() -> None:
    escalated = TicketEscalated(escalation_level=2, escalation_reason="The roof has caught fire")
    known(opened).when(
        EscalateTicket(escalation_level=2, escalation_reason="The roof has caught fire")
    ).then(escalated)
    known(opened, escalated).when(
        EscalateTicket(escalation_level=2, escalation_reason="Still burning")
    ).rejected("at level 2 already. Give a higher one")


@pytest.mark.parametrize("fields", [{"escalation_level": 0}, {"escalation_reason": "  "}])
def test_an_escalation_is_well_formed(fields: dict[str, object]) -> None:
    usual = {"escalation_level": 1, "escalation_reason": "It burns"}
    with pytest.raises(ValidationError, match=next(iter(fields))):
        EscalateTicket.model_validate(usual | fields)


# Working.


def test_a_new_ticket_is_started_once() -> None:
    known(opened).when(StartTicket()).then(started)
    known(opened, started).when(StartTicket()).nothing()
    known(opened, started, on_hold).when(StartTicket()).rejected("on hold. Resume it")


def test_a_ticket_is_put_on_hold_and_resumed() -> None:
    known(opened, started).when(HoldTicket(waiting_for=WaitingFor.CUSTOMER)).then(on_hold)
    known(opened, started, on_hold).when(ResumeTicket()).then(TicketResumed())
    ticket = ticket_of(opened, started, on_hold, TicketResumed())
    assert (ticket.status, ticket.waiting_for) == (Status.OPEN, None)


def test_putting_a_new_ticket_on_hold_has_started_it() -> None:
    known(opened).when(HoldTicket(waiting_for=WaitingFor.THIRD_PARTY)).then(started, at_vendor)


def test_a_ticket_on_hold_may_come_to_wait_for_somebody_else() -> None:
    known(opened, started, on_hold).when(HoldTicket(waiting_for=WaitingFor.THIRD_PARTY)).then(
        at_vendor
    )
    known(opened, started, on_hold).when(HoldTicket(waiting_for=WaitingFor.CUSTOMER)).nothing()


def test_only_a_ticket_on_hold_is_resumed() -> None:
    known(opened, started).when(ResumeTicket()).rejected("is open, not on hold")


def test_a_ticket_is_resolved_and_may_be_reopened_for_a_week() -> None:
    known(opened, started).when(resolving()).then(resolved)
    known(opened, started, on_hold).when(resolving()).then(resolved)
    ticket = ticket_of(opened, started, on_hold, resolved)
    assert (ticket.status, ticket.waiting_for) == (Status.RESOLVED, None)


def test_resolving_a_new_ticket_has_started_it() -> None:
    known(opened).when(resolving()).then(started, resolved)


def test_the_window_for_reopening_is_what_was_promised_then() -> None:
    known(opened, started).when(
        ResolveTicket(resolution="Water", resolution_code="Solved", reopen_within_days=30)
    ).then(
        TicketResolved(
            resolution="Water",
            resolution_code="Solved",
            reopen_until=NOW + timedelta(days=30),
        )
    )


def test_a_resolution_says_something() -> None:
    with pytest.raises(ValidationError, match="resolution"):
        ResolveTicket.model_validate({"resolution": " "})


def test_a_resolved_ticket_is_closed_once() -> None:
    known(opened, started, resolved).when(CloseTicket()).then(closed)
    known(opened, started, resolved, closed).when(CloseTicket()).nothing()


@pytest.mark.parametrize("history", [(), (started,), (started, on_hold), (rejected,), (duplicate,)])
def test_only_a_resolved_ticket_is_closed(history: tuple[Event, ...]) -> None:
    known(opened, *history).when(CloseTicket()).rejected("Resolve it first")


WORK = [
    AssignTicket(queue="Hardware"),
    SetTicketPriority(priority=Priority.LOW),
    EscalateTicket(escalation_level=1, escalation_reason="It burns"),
    StartTicket(),
    HoldTicket(waiting_for=WaitingFor.CUSTOMER),
    ResumeTicket(),
    ResolveTicket(resolution="Water"),
    RejectTicket(rejection_reason="Not our printer"),
    MarkTicketDuplicate(duplicate_of_id=OTHER),
]


@pytest.mark.parametrize("command", WORK)
@pytest.mark.parametrize("end", [resolved, rejected, duplicate])
def test_what_has_ended_is_reopened_before_it_is_worked_on(command: Command, end: Event) -> None:
    known(opened, started, end).when(command).rejected("Reopen it first", type="not-in-work")


@pytest.mark.parametrize(
    "command",
    [
        *WORK,
        ReplyToTicket(body="Use water."),
        AddTicketMessage(body="It burns."),
        ReopenTicket(),
        MergeTicket(absorbed_id=OTHER),
        SplitTicket(subject="The sprinkler", message_ids=(id_of("sprinkler"),)),
    ],
)
def test_closed_is_final(command: Command) -> None:
    known(opened, started, resolved, closed).when(command).rejected(
        "Create a follow-up ticket instead", type="closed"
    )


# Messages.


def test_the_first_answer_to_the_customer_takes_up_a_new_ticket() -> None:
    answer = TicketMessageAdded(
        message_id=new_id(1), public=True, direction=Direction.OUT, body="Use water."
    )
    known(opened).when(ReplyToTicket(body=" Use water. ")).then(answer, started)
    known(opened, started).when(ReplyToTicket(body="Use water.")).then(answer)
    known(opened, started, resolved).when(ReplyToTicket(body="Use water.")).then(answer)


def test_an_answer_may_be_another_colleagues() -> None:
    known(opened, started).when(ReplyToTicket(body="Use water.", author_user_id=BOB)).then(
        TicketMessageAdded(
            message_id=new_id(1),
            public=True,
            direction=Direction.OUT,
            author_user_id=BOB,
            body="Use water.",
        )
    )
    by_nobody = ReplyToTicket(body="Use water.", author_user_id=NOBODY)
    known(opened, started).when(by_nobody).rejected("author_user_id: there is no user")


def test_an_internal_note_starts_nothing_and_goes_to_closed_tickets_too() -> None:
    note = TicketMessageAdded(
        message_id=new_id(1), public=False, direction=Direction.OUT, body="Wang again."
    )
    known(opened).when(AddTicketNote(body="Wang again.")).then(note)
    known(opened, started, resolved, closed).when(AddTicketNote(body="Wang again.")).then(note)


def test_a_message_says_something() -> None:
    for command in (ReplyToTicket, AddTicketNote, AddTicketMessage):
        with pytest.raises(ValidationError, match="body"):
            command.model_validate({"body": "\n "})


def burning(author: UUID | None = None) -> TicketMessageAdded:
    return TicketMessageAdded(
        message_id=new_id(1),
        public=True,
        direction=Direction.IN,
        author_contact_id=author,
        body="It still burns.",
    )


def test_what_the_customer_writes_is_the_contacts_unless_somebody_else_is_named() -> None:
    known(of_wang).when(AddTicketMessage(body="It still burns.")).then(burning(WANG))
    known(opened).when(AddTicketMessage(body="It still burns.")).then(burning())
    known(opened).when(AddTicketMessage(body="It still burns.", author_contact_id=WANG)).then(
        burning(WANG)
    )
    known(opened).when(AddTicketMessage(body="It burns.", author_contact_id=NOBODY)).rejected(
        "author_contact_id: there is no contact"
    )


def test_what_the_customer_writes_ends_waiting_for_them() -> None:
    command = AddTicketMessage(body="It still burns.")
    known(opened, started, on_hold).when(command).then(burning(), TicketResumed())
    known(opened, started, at_vendor).when(command).then(burning())


@pytest.mark.parametrize("end", [resolved, rejected, duplicate])
def test_what_the_customer_writes_reopens_inside_the_window(end: Event) -> None:
    command = AddTicketMessage(body="It still burns.")
    known(opened, started, end).when(command, now=IN_A_WEEK).then(burning(), reopened)
    known(opened, started, end).when(command, now=AFTER_A_WEEK).rejected(
        "Create a follow-up ticket", type="window-over"
    )


def test_a_ticket_counts_messages_and_answers() -> None:
    answer = message("answer", Direction.OUT)
    note = message("note", Direction.OUT, public=False)
    ticket = ticket_of(opened, message("question"), note, answer)
    assert ticket.messages == (id_of("question"), id_of("note"), id_of("answer"))
    assert ticket.public_replies == 1


# Reopening and following up.


@pytest.mark.parametrize("end", [resolved, rejected, duplicate])
def test_a_ticket_is_reopened_inside_its_window(end: Event) -> None:
    known(opened, started, end).when(
        ReopenTicket(reopening_reason="It still burns"), now=IN_A_WEEK
    ).then(TicketReopened(reopening_reason="It still burns"))
    ticket = ticket_of(opened, started, end, reopened)
    assert (ticket.status, ticket.reopen_count) == (Status.OPEN, 1)
    assert (ticket.duplicate_of_id, ticket.reopen_until) == (None, None)


def test_after_the_window_there_is_a_follow_up_instead() -> None:
    known(opened, started, resolved).when(ReopenTicket(), now=AFTER_A_WEEK).rejected(
        "could be reopened until 2026-03-09 10:00. Create a follow-up ticket instead"
    )


def test_a_ticket_in_work_is_not_reopened() -> None:
    known(opened, started).when(ReopenTicket()).rejected("is open, so there is nothing to reopen")


TOO_LATE = (of_wang, started, resolved, closed)


def test_a_follow_up_is_about_the_same_matter() -> None:
    known().among({OTHER: TOO_LATE}).when(CreateFollowUpTicket(follows_up_id=OTHER)).then(
        replace(of_wang, follows_up_id=OTHER)
    )


def test_a_follow_up_may_say_what_is_different() -> None:
    known().among({OTHER: TOO_LATE}).when(
        CreateFollowUpTicket(
            follows_up_id=OTHER,
            subject="It burns again",
            priority=Priority.URGENT,
            customer_id=None,
            channel=Channel.PHONE,
        )
    ).then(
        TicketOpened(
            subject="It burns again",
            priority=Priority.URGENT,
            contact_id=WANG,
            channel=Channel.PHONE,
            follows_up_id=OTHER,
        )
    )


def test_what_came_too_late_is_followed_up_though_it_was_never_closed() -> None:
    known().among({OTHER: (opened, started, resolved)}).when(
        CreateFollowUpTicket(follows_up_id=OTHER), now=AFTER_A_WEEK
    ).then(replace(opened, follows_up_id=OTHER))


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        ((opened,), "that ticket is new. Work on it instead"),
        ((opened, started, on_hold), "that ticket is pending. Work on it instead"),
        ((opened, started, resolved), "can still be reopened. Reopen it instead"),
        ((opened, merged), "was merged into"),
        ((opened, archived), "is archived"),
    ],
)
def test_only_what_is_over_is_followed_up(history: tuple[Event, ...], sentence: str) -> None:
    known().among({OTHER: history}).when(CreateFollowUpTicket(follows_up_id=OTHER)).rejected(
        sentence
    )


def test_a_follow_up_follows_something() -> None:
    known().when(CreateFollowUpTicket(follows_up_id=NOBODY)).rejected("there is no ticket")


def test_a_follow_up_of_what_was_erased_needs_a_subject_of_its_own() -> None:
    erased = replace(opened, subject=ERASED)
    too_late = known().among({OTHER: (erased, started, resolved, closed)})
    too_late.when(CreateFollowUpTicket(follows_up_id=OTHER)).rejected("subject: that ticket has")
    too_late.when(CreateFollowUpTicket(follows_up_id=OTHER, subject="Fire")).then(
        TicketOpened(subject="Fire", priority=Priority.HIGH, follows_up_id=OTHER)
    )


# Turning down.


def test_a_ticket_is_turned_down_with_a_reason() -> None:
    known(opened).when(RejectTicket(rejection_reason="Not our printer")).then(rejected)
    with pytest.raises(ValidationError, match="rejection_reason"):
        RejectTicket.model_validate({"rejection_reason": ""})


def test_a_ticket_is_a_duplicate_of_another() -> None:
    known(opened).when(
        MarkTicketDuplicate(duplicate_of_id=OTHER, duplicate_reason="Wang called twice")
    ).then(
        TicketMarkedDuplicate(
            duplicate_of_id=OTHER, duplicate_reason="Wang called twice", reopen_until=IN_A_WEEK
        )
    )


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (THIS, "no duplicate of itself"),
        (NOBODY, "there is no ticket"),
    ],
)
def test_a_duplicate_is_of_another_ticket(other: UUID, sentence: str) -> None:
    known(opened).when(MarkTicketDuplicate(duplicate_of_id=other)).rejected(sentence)


def test_a_duplicate_is_of_what_is_answered() -> None:
    of_this = TicketMarkedDuplicate(duplicate_of_id=THIS, reopen_until=IN_A_WEEK)
    known(opened).among({OTHER: (opened, of_this)}).when(
        MarkTicketDuplicate(duplicate_of_id=OTHER)
    ).rejected("is itself a duplicate of")


# Merging and splitting.


def test_a_ticket_is_merged_into_this_one_and_both_histories_stay() -> None:
    known(opened).when(MergeTicket(absorbed_id=OTHER)).then(
        At(OTHER, TicketMerged(merged_into_id=THIS)), TicketAbsorbed(absorbed_id=OTHER)
    )
    assert ticket_of(opened, started, on_hold, merged).status is Status.PENDING


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        ((opened, merged), "was merged into"),
        ((opened, archived), "is archived"),
        ((opened, started, resolved, closed), "closed is final"),
    ],
)
def test_only_a_ticket_that_goes_on_is_merged(history: tuple[Event, ...], sentence: str) -> None:
    known(opened).among({OTHER: history}).when(MergeTicket(absorbed_id=OTHER)).rejected(sentence)


def test_a_ticket_is_merged_with_another_that_exists() -> None:
    known(opened).when(MergeTicket(absorbed_id=THIS)).rejected("into itself")
    known(opened).when(MergeTicket(absorbed_id=NOBODY)).rejected("there is no ticket")


def test_a_merged_ticket_is_taken_out_again_and_goes_on_where_it_stood() -> None:
    absorbed, returned = TicketAbsorbed(absorbed_id=OTHER), TicketReturned(absorbed_id=OTHER)
    known(opened, absorbed).when(UnmergeTicket(absorbed_id=OTHER)).then(
        At(OTHER, TicketUnmerged()), returned
    )
    assert ticket_of(opened, absorbed, returned).absorbed == ()
    assert ticket_of(opened, merged, TicketUnmerged()).merged_into_id is None


def test_only_what_was_merged_is_taken_out() -> None:
    known(opened).when(UnmergeTicket(absorbed_id=OTHER)).rejected("was not merged into this one")


def test_messages_about_another_matter_get_a_ticket_of_their_own() -> None:
    fire, sprinkler = message("fire"), message("sprinkler")
    split = TicketSplit(into_id=new_id(1), message_ids=(id_of("sprinkler"),))
    known(of_wang, started, fire, sprinkler).when(
        SplitTicket(
            subject="The sprinkler leaks",
            message_ids=(id_of("sprinkler"), id_of("sprinkler")),
        )
    ).then(
        At(
            new_id(1),
            TicketOpened(
                subject="The sprinkler leaks",
                priority=Priority.HIGH,
                channel=Channel.UNKNOWN,
                contact_id=WANG,
                customer_id=ACME,
                split_from_id=THIS,
            ),
        ),
        At(
            new_id(1),
            TicketMessagesTakenOver(from_id=THIS, message_ids=(id_of("sprinkler"),)),
        ),
        split,
    )
    assert ticket_of(of_wang, fire, sprinkler, split).messages == (id_of("fire"),)
    taken_over = TicketMessagesTakenOver(from_id=OTHER, message_ids=(id_of("sprinkler"),))
    assert ticket_of(opened, taken_over).messages == (id_of("sprinkler"),)


def test_a_ticket_is_split_by_messages_of_its_own() -> None:
    known(opened, message("fire")).when(
        SplitTicket(subject="The sprinkler leaks", message_ids=(id_of("sprinkler"),))
    ).rejected("this ticket has no message")
    with pytest.raises(ValidationError, match="message_ids"):
        SplitTicket(subject="The sprinkler leaks", message_ids=())


# Merged or put away.

ANY = [
    *WORK,
    ChangeTicket(category="Hardware"),
    ReplyToTicket(body="Use water."),
    AddTicketNote(body="Wang again."),
    AddTicketMessage(body="It burns."),
    ReopenTicket(),
    CloseTicket(),
    MergeTicket(absorbed_id=OTHER),
    SplitTicket(subject="The sprinkler", message_ids=(id_of("sprinkler"),)),
]


@pytest.mark.parametrize("command", ANY)
def test_a_merged_ticket_is_worked_on_where_it_went(command: Command) -> None:
    known(opened, merged).when(command).rejected("was merged into", type="merged")


@pytest.mark.parametrize("command", ANY)
def test_an_archived_ticket_is_restored_first(command: Command) -> None:
    known(opened, archived).when(command).rejected("Restore it first", type="archived")


def test_a_ticket_is_archived_and_restored() -> None:
    known(opened).when(ArchiveTicket()).then(archived)
    known(opened, archived).when(ArchiveTicket()).nothing()
    known(opened, archived).when(RestoreTicket()).then(TicketRestored())
    known(opened).when(RestoreTicket()).nothing()
