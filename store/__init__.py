"""The event log, the key store and the read models' tables. The only room that knows PostgreSQL."""
