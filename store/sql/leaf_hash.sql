-- The RFC 6962 leaf hash of a log entry: SHA-256 over a zero byte, recorded_at (8 bytes, big endian) and the body.
CREATE OR REPLACE FUNCTION leaf_hash(recorded_at bigint, body text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(sha256('\x00'::bytea || int8send(recorded_at) || convert_to(body, 'UTF8')), 'hex');
