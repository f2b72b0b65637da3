"""Imports: other systems' data, through commands, into the log at its own dates."""
