"""What-ifs at the doors: a rule comes in as data, and a report goes out; nothing is written."""
