"""What `kept bench NAME` runs: every number is a ratio to a peer or a limit measured in the
same run."""
