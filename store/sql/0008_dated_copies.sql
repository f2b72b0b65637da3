-- Copies of the read models as they were at a date, each in a schema of its own, which no backup holds.
CREATE TABLE dated_copies (
    name text PRIMARY KEY,
    as_of timestamptz NOT NULL,
    as_known_at timestamptz,
    head bigint NOT NULL,
    checked bigint NOT NULL,
    by_request boolean NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    made_at timestamptz,
    used_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN dated_copies.as_known_at IS 'By what was known then; null: when the copy was begun';
COMMENT ON COLUMN dated_copies.head IS 'The last position that it holds';
COMMENT ON COLUMN dated_copies.checked IS 'Up to there, nothing came after its head that had happened by its date';
COMMENT ON COLUMN dated_copies.by_request IS 'Made for a list over HTTP; given up when others are used more';
