-- The tables of one tenant. {schema} is the tenant's schema, {keys} the schema of its data keys.

CREATE TABLE tenant (
    time_zone text NOT NULL DEFAULT 'UTC',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE events (
    position bigint PRIMARY KEY,
    stream uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    type text NOT NULL,
    recorded_at bigint NOT NULL,
    body text NOT NULL CHECK (octet_length(body) <= 65527),
    UNIQUE (stream, version)
);
COMMENT ON TABLE events IS 'The event log: append-only, positions dense from 1, recorded_at in microseconds since 1970 UTC';

-- Personal fields of one event, subject and category together; erasable, unlike the log.
CREATE TABLE personal_data (
    position bigint NOT NULL,
    subject uuid NOT NULL,
    category text NOT NULL,
    key_id uuid NOT NULL,
    nonce bytea NOT NULL,
    blind bytea NOT NULL,
    ciphertext bytea NOT NULL,
    PRIMARY KEY (position, subject, category)
);
CREATE INDEX personal_data_by_subject ON personal_data (subject, category);

-- Keyed hashes of values that only one record may hold.
CREATE TABLE unique_values (
    aggregate text NOT NULL,
    field text NOT NULL,
    value_hash bytea NOT NULL,
    stream uuid NOT NULL,
    PRIMARY KEY (aggregate, field, value_hash)
);
CREATE INDEX unique_values_by_stream ON unique_values (stream);

CREATE TABLE command_receipts (
    client_and_key_hash bytea PRIMARY KEY,
    request_hash bytea NOT NULL,
    receipt jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX command_receipts_by_age ON command_receipts (created_at);

-- Human numbers are leased in blocks; gaps are allowed, doubles are not.
CREATE TABLE numbers (
    aggregate text PRIMARY KEY,
    next bigint NOT NULL
);

CREATE TABLE api_keys (
    key_id text PRIMARY KEY,
    secret_hash bytea NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- How far each projection has folded the log, and the keys whose events wait because a step failed.
CREATE TABLE projections (
    name text NOT NULL,
    version integer NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    live boolean NOT NULL DEFAULT false,
    shape text NOT NULL,
    PRIMARY KEY (name, version)
);
CREATE TABLE parked (
    projection text NOT NULL,
    stream uuid NOT NULL,
    position bigint NOT NULL,
    error text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projection, stream)
);

CREATE TABLE {keys}.epochs (
    epoch integer PRIMARY KEY,
    proof bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz
);
CREATE TABLE {keys}.data_keys (
    key_id uuid PRIMARY KEY,
    subject uuid NOT NULL,
    category text NOT NULL,
    epoch integer NOT NULL REFERENCES {keys}.epochs,
    wrapped bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE UNIQUE INDEX data_keys_live ON {keys}.data_keys (subject, category) WHERE destroyed_at IS NULL;
CREATE INDEX data_keys_by_subject ON {keys}.data_keys (subject, category);
