-- Keyed hashes of addresses at which somebody said no. They hold no personal data and outlive an erasure,
-- so that whoever is imported again stays left alone.
CREATE TABLE suppressions (
    address_hash bytea PRIMARY KEY,
    reason text NOT NULL,
    since bigint NOT NULL,
    position bigint NOT NULL
);
COMMENT ON COLUMN suppressions.since IS 'When they said no, in microseconds since 1970 UTC';
COMMENT ON COLUMN suppressions.position IS 'Of the event that says so';

-- Up to where the log has been read for refusals: one row.
CREATE TABLE suppressions_reached (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    position bigint NOT NULL
);
INSERT INTO suppressions_reached (position) VALUES (0);
