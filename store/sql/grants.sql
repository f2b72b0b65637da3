-- Who may do what is held by the database, not by good manners. Run after every upgrade.
GRANT USAGE ON SCHEMA {schema} TO kept_writer, kept_projector, kept_eraser, kept_reader;
GRANT USAGE ON SCHEMA {keys} TO kept_writer, kept_projector, kept_eraser;
-- A new function may be called by everybody unless that is taken back.
REVOKE ALL ON FUNCTION append(jsonb), append_set, lease_numbers(text, integer), leaf_hash(bigint, text),
    destroy_keys(uuid, text[]), fence_subjects, destroy_subjects, release_values,
    begin_epoch, rewrap_keys, end_epoch, forbid_change(), grow_only(), keep_reads(), append_reads,
    expire_reads(uuid, bigint) FROM PUBLIC;

GRANT SELECT ON tenant, events, personal_data, projections, parked TO kept_writer, kept_projector;
GRANT SELECT ON {keys}.epochs, {keys}.data_keys TO kept_writer, kept_projector;
GRANT EXECUTE ON FUNCTION leaf_hash(bigint, text) TO kept_writer, kept_projector;

GRANT SELECT ON unique_values, command_receipts, api_keys TO kept_writer;
GRANT EXECUTE ON FUNCTION append(jsonb), append_set, lease_numbers(text, integer) TO kept_writer;

-- An entry of the read log is added, by a function only, and goes when its time is over.
GRANT SELECT ON reads, reads_expired TO kept_writer;
GRANT EXECUTE ON FUNCTION append_reads TO kept_writer;
GRANT EXECUTE ON FUNCTION expire_reads(uuid, bigint) TO kept_eraser;

-- A suppression is added and outlives everything: nobody takes one away.
GRANT SELECT ON suppressions TO kept_writer;
GRANT SELECT, INSERT, UPDATE ON suppressions TO kept_projector;
GRANT SELECT, UPDATE ON suppressions_reached TO kept_projector;

-- What the projector creates is found by everybody who searches this schema. So whatever runs with more rights
-- than its own, in this folder, searches pg_catalog only.
GRANT CREATE ON SCHEMA {schema} TO kept_projector;
GRANT INSERT, UPDATE, DELETE ON projections, parked TO kept_projector;

-- Only the owner makes and drops a dated copy, which is a schema; the projector fills it.
GRANT SELECT ON dated_copies TO kept_writer, kept_projector;
GRANT UPDATE (checked, made_at, used_at) ON dated_copies TO kept_projector;

GRANT SELECT ON tiles, checkpoints, timestamps, signing_keys TO kept_writer, kept_projector;
GRANT INSERT, UPDATE ON tiles, checkpoints TO kept_projector;
GRANT INSERT, UPDATE (retired_at) ON signing_keys TO kept_projector;
GRANT INSERT ON timestamps TO kept_projector;
GRANT UPDATE (origin) ON tenant TO kept_projector;

GRANT SELECT, DELETE ON personal_data, unique_values, command_receipts TO kept_eraser;
GRANT SELECT ON {keys}.epochs, {keys}.data_keys TO kept_eraser;
GRANT EXECUTE ON FUNCTION destroy_keys(uuid, text[]), fence_subjects, destroy_subjects, release_values,
    begin_epoch, rewrap_keys, end_epoch TO kept_eraser;
GRANT SELECT ON {keys}.hash_keys TO kept_writer;
GRANT SELECT ON erasures TO kept_writer, kept_eraser;
GRANT UPDATE (unfolded) ON erasures TO kept_eraser;
GRANT SELECT ON erasure_streams TO kept_eraser;
