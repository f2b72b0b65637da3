-- The read log: who read whose personal data, which fields of it, for what and through which door. It holds ids and
-- names of fields, and no value.
CREATE TABLE reads (
    number bigint PRIMARY KEY CHECK (number > 0),
    read_at bigint NOT NULL,
    actor uuid NOT NULL,
    door text NOT NULL,
    model text NOT NULL,
    subjects uuid[] NOT NULL,
    body text NOT NULL
);
COMMENT ON TABLE reads IS 'Append-only until its retention ends: numbers dense, read_at in microseconds since 1970 UTC';
COMMENT ON COLUMN reads.body IS 'Canonical JSON; with read_at it is what is hashed. The other columns are copied from it';

CREATE INDEX reads_by_actor ON reads (actor, number);
CREATE INDEX reads_by_door ON reads (door, number);
CREATE INDEX reads_by_model ON reads (model, number);
CREATE INDEX reads_by_time ON reads (read_at);
-- Entries wait in a list and are brought into the index together, a few at a time so that nobody waits long for it.
CREATE INDEX reads_by_subject ON reads USING gin (subjects) WITH (gin_pending_list_limit = 512);

-- Up to where entries were given up for deletion, and when the last of them was read: one row.
CREATE TABLE reads_expired (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    number bigint NOT NULL,
    read_at bigint NOT NULL
);
INSERT INTO reads_expired (number, read_at) VALUES (0, 0);
