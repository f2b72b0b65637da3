"""What is promised about a ticket: the policy in force is read, and goes into the ticket's events.

So a ticket is judged without any other stream, whatever becomes of the policy.
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from commands.kernel import Records, Rejected
from domain.sla_policies import DEFAULT_SLA_POLICY, SlaPolicy
from domain.tickets import Ticket, TicketDetails, TicketSlaPolicyAssigned


def promised_to(
    details: TicketDetails, records: Records, now: datetime, inherited: UUID | None = None
) -> Iterator[TicketSlaPolicyAssigned]:
    """What is promised about a ticket that is opened: by the policy that is asked for, and none if
    null is; else by that of the ticket it comes from; else by the company's default.

    Raises:
        Rejected: there is no such policy, or it is archived or not in force yet.
    """
    if "sla_policy_id" in details.model_fields_set:
        if details.sla_policy_id is not None:
            yield asked_for(details.sla_policy_id, records, now)
        return
    yield from passed_on(inherited, records, now)


def passed_on(
    inherited: UUID | None, records: Records, now: datetime
) -> Iterator[TicketSlaPolicyAssigned]:
    """By the policy of the ticket it comes from, or else the default; of those that new tickets
    still get.
    """
    for policy_id in (inherited, DEFAULT_SLA_POLICY):
        policy = None if policy_id is None else records.get(SlaPolicy, policy_id)
        if policy_id is None or policy is None or policy.archived:
            continue
        found = _in_force(policy_id, policy, now)
        if found is not None:
            yield found
            return


def asked_for(policy_id: UUID, records: Records, now: datetime) -> TicketSlaPolicyAssigned:
    """What the policy promises at that time.

    Raises:
        Rejected: there is no such policy, or it is archived or not in force yet.
    """
    policy = records.need(SlaPolicy, policy_id, "sla_policy_id")
    found = _in_force(policy_id, policy, now)
    if found is None:
        raise Rejected(
            "sla_policy_id: that policy was not in force at that time. Choose another.",
            field="sla_policy_id",
        )
    return found


def renewed(ticket: Ticket, records: Records, now: datetime) -> Iterator[TicketSlaPolicyAssigned]:
    """What the ticket's policy promises since it was revised, for a clock that begins."""
    if ticket.sla_policy_id is None or ticket.sla_policy_revision is None:
        return
    policy = records.get(SlaPolicy, ticket.sla_policy_id)
    found = None if policy is None else _in_force(ticket.sla_policy_id, policy, now)
    if found is not None and found.sla_policy_revision != ticket.sla_policy_revision:
        yield found


def _in_force(policy_id: UUID, policy: SlaPolicy, now: datetime) -> TicketSlaPolicyAssigned | None:
    revision = policy.in_force(now)
    if revision is None:
        return None
    return TicketSlaPolicyAssigned.of(
        {
            "sla_policy_id": policy_id,
            "sla_policy_revision": revision.number,
            "sla_terms": revision.terms,
        }
    )
