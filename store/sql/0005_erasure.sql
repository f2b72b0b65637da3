-- A fenced key still opens what it wrapped, and nothing new is written with it: the first step of an erasure.
ALTER TABLE {keys}.data_keys ADD COLUMN fenced_at timestamptz;

-- Erasures, and the records in which something about the person stood. Ids only.
CREATE TABLE erasures (
    request uuid PRIMARY KEY,
    destroyed_keys bigint NOT NULL DEFAULT 0,
    destroyed_rows bigint NOT NULL DEFAULT 0
);
CREATE TABLE erasure_streams (
    request uuid NOT NULL,
    stream uuid NOT NULL,
    opened_by text NOT NULL,
    PRIMARY KEY (request, stream)
);
COMMENT ON COLUMN erasure_streams.opened_by IS 'The type of its first event, which tells the kind of record';

-- Epochs: the newest one wraps; the others are retired, and destroyed when no backup is to open with them any more.
ALTER TABLE {keys}.epochs ADD COLUMN retired_at timestamptz;

-- Keys of keyed hashes, which outlive their epoch: nobody can hash anew what was erased. Wrapped by the epoch; an epoch
-- without any has them derived from its own key.
CREATE TABLE {keys}.hash_keys (
    epoch integer NOT NULL REFERENCES {keys}.epochs,
    name text NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (epoch, name)
);
