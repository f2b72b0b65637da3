"""The audit trail for auditors: the history as files that prove themselves, away from here."""
