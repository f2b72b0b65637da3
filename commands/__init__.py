"""The commands, one module an aggregate: the table of contents of what can be asked of Kept."""

from types import ModuleType

from commands import (
    consents,
    contacts,
    custom_fields,
    customers,
    erasure_steps,
    legal_holds,
    opportunities,
    order_history,
    order_payments,
    orders,
    pipelines,
    products,
    quotes,
    read_seals,
    recipients,
    retention_erasures,
    retention_schedules,
    subject_requests,
    teams,
    ticket_history,
    tickets,
    users,
)

MODULES: tuple[ModuleType, ...] = (
    users,
    teams,
    custom_fields,
    read_seals,
    customers,
    contacts,
    consents,
    products,
    pipelines,
    opportunities,
    quotes,
    orders,
    order_payments,
    order_history,
    tickets,
    ticket_history,
    subject_requests,
    erasure_steps,
    legal_holds,
    recipients,
    retention_schedules,
    retention_erasures,
)
"""Importing them fills :data:`commands.kernel.COMMANDS`."""
