"""Documents to be read and printed: pages, tables and fonts of every PDF that leaves the house."""
