"""Exports: log and read models as files for other engines."""
