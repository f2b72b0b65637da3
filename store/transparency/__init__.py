"""The transparency log: the RFC 6962 tree over the event log, in C2SP tlog-tiles, and signed."""
