-- The transparency log of one tenant: the RFC 6962 tree over its events, in tiles, and its signed checkpoints.
ALTER TABLE tenant ADD COLUMN origin text;

-- Hashes of 32 bytes, one after the other; level and index as C2SP tlog-tiles counts them.
CREATE TABLE tiles (
    level smallint NOT NULL CHECK (level >= 0),
    index bigint NOT NULL CHECK (index >= 0),
    hashes bytea NOT NULL CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
    PRIMARY KEY (level, index)
);
COMMENT ON TABLE tiles IS 'Of each level only the last tile grows; what it holds stays';

-- Numbered from 1 without gaps, so that a missing one shows.
CREATE TABLE checkpoints (
    number bigint PRIMARY KEY,
    size bigint NOT NULL UNIQUE,
    note text NOT NULL
);

-- Public halves of the keys that sign checkpoints; the private ones are files beside the epoch keys.
CREATE TABLE signing_keys (
    number integer PRIMARY KEY,
    vkey text NOT NULL UNIQUE,
    made_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);
