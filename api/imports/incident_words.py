"""What the words and columns of an incident log are here."""

from typing import Any, Final

from domain.ticket_history import Status, WaitingFor

STATES: Final[dict[str, tuple[Status, WaitingFor | None]]] = {
    "New": (Status.NEW, None),
    "Active": (Status.OPEN, None),
    "Awaiting User Info": (Status.PENDING, WaitingFor.CUSTOMER),
    "Awaiting Evidence": (Status.PENDING, WaitingFor.CUSTOMER),
    "Awaiting Problem": (Status.PENDING, WaitingFor.THIRD_PARTY),
    "Awaiting Vendor": (Status.PENDING, WaitingFor.THIRD_PARTY),
    "Resolved": (Status.RESOLVED, None),
    "Closed": (Status.CLOSED, None),
}
"""The source's states here. Others (``-100``) are none of ours; they are recorded all the same."""

_SWITCH: Final = {"true": True, "false": False, "TRUE": True, "FALSE": False}
_LEVELS: Final = {
    "1": "high",
    "2": "medium",
    "3": "low",
    "1 - High": "high",
    "2 - Medium": "medium",
    "3 - Low": "low",
}
_CHANNELS: Final = {
    "Phone": "phone",
    "IVR": "phone",
    "Email": "email",
    "Self service": "self_service",
    "Direct opening": "unknown",
}
_PRIORITIES: Final = {
    "1": "urgent",
    "2": "high",
    "3": "medium",
    "4": "low",
    "1 - Critical": "urgent",
    "2 - High": "high",
    "3 - Moderate": "medium",
    "4 - Low": "low",
}
FIELDS: Final[dict[str, tuple[str, dict[str, Any] | None]]] = {
    "contact_type": ("channel", _CHANNELS),
    "impact": ("impact", _LEVELS),
    "urgency": ("urgency", _LEVELS),
    "priority": ("priority", _PRIORITIES),
    "knowledge": ("knowledge", _SWITCH),
    "u_priority_confirmation": ("priority_confirmed", _SWITCH),
    "active": ("source_active", _SWITCH),
    "made_sla": ("made_sla", _SWITCH),
    "category": ("category", None),
    "subcategory": ("subcategory", None),
    "u_symptom": ("symptom", None),
    "location": ("location", None),
    "cmdb_ci": ("configuration_item", None),
    "vendor": ("vendor", None),
    "problem_id": ("problem_reference", None),
    "rfc": ("change_reference", None),
    "caused_by": ("cause_reference", None),
    "notify": ("notify", None),
    "assignment_group": ("queue", None),
    "assigned_to": ("source_assignee", None),
    "caller_id": ("source_caller", None),
    "reassignment_count": ("source_reassignments", None),
}
"""Columns that may change, the field that each goes to, and the words that are translated."""
OUTCOME: Final = ("made_sla", "source_active")
"""Where a row changes the state as well, these are told with the transition."""
