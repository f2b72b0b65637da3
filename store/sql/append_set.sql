-- append_set(…): store a batch of commands as one set of rows, if none of them is to be refused or replayed.
-- Gives the position before the first event and the time of all; no row if one of them needs append, which says why.
CREATE OR REPLACE FUNCTION append_set(
    read_streams uuid[], read_versions integer[],
    keyed_streams uuid[], keyed_versions integer[], keyed_lasts integer[],
    idempotency_keys bytea[], request_hashes bytea[],
    streams uuid[], versions integer[], types text[], bodies text[],
    secret_events integer[], subjects uuid[], categories text[], key_ids uuid[],
    nonces bytea[], blinds bytea[], ciphertexts bytea[], live_keys uuid[],
    new_keys uuid[], new_subjects uuid[], new_categories text[], new_epochs integer[], new_wrapped bytea[],
    claim_aggregates text[], claim_fields text[], claim_hashes bytea[], claim_streams uuid[]
) RETURNS TABLE (before bigint, recorded_us bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- The planner guesses how long an array is, and plans are kept while tables grow: without these it may settle for
-- scanning a table that was small once.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    last_time bigint;
BEGIN
    LOCK TABLE {schema}.append_lock IN EXCLUSIVE MODE;
    SELECT e.position, e.recorded_at INTO before, last_time
        FROM {schema}.events e ORDER BY e.position DESC LIMIT 1;
    before := coalesce(before, 0);
    recorded_us := greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, coalesce(last_time, 0));

    IF EXISTS (SELECT FROM unnest(read_streams, read_versions) AS r (stream, version)
        WHERE r.version <> coalesce((SELECT e.version FROM {schema}.events e WHERE e.stream = r.stream
            ORDER BY e.version DESC LIMIT 1), 0))
    THEN RETURN; END IF;
    IF cardinality(idempotency_keys) > 0 AND EXISTS (SELECT FROM unnest(idempotency_keys) AS k (hash)
        JOIN {schema}.command_receipts r ON r.client_and_key_hash = k.hash)
    THEN RETURN; END IF;
    IF cardinality(live_keys) > 0 AND EXISTS (SELECT FROM unnest(live_keys) AS k (id) WHERE NOT EXISTS (
        SELECT FROM {keys}.data_keys d WHERE d.key_id = k.id AND d.destroyed_at IS NULL AND d.fenced_at IS NULL))
    THEN RETURN; END IF;
    IF cardinality(claim_hashes) > 0 AND EXISTS (
        SELECT FROM unnest(claim_aggregates, claim_fields, claim_hashes, claim_streams)
            AS c (aggregate, field, hash, stream)
        JOIN {schema}.unique_values u ON u.aggregate = c.aggregate AND u.field = c.field AND u.value_hash = c.hash
        WHERE u.stream <> c.stream)
    THEN RETURN; END IF;
    IF cardinality(new_keys) > 0 AND EXISTS (SELECT FROM unnest(new_epochs) AS k (epoch)
        WHERE k.epoch <> (SELECT max(e.epoch) FROM {keys}.epochs e))
    THEN RETURN; END IF;
    IF cardinality(new_keys) > 0 AND EXISTS (SELECT FROM unnest(new_subjects, new_categories) AS k (subject, category)
        JOIN {keys}.data_keys d ON d.subject = k.subject AND d.category = k.category)
    THEN RETURN; END IF;

    -- Nothing is refused any more: only now is anything written.
    IF cardinality(claim_hashes) > 0 THEN
        INSERT INTO {schema}.unique_values
            SELECT * FROM unnest(claim_aggregates, claim_fields, claim_hashes, claim_streams)
            ON CONFLICT DO NOTHING;
    END IF;
    IF cardinality(new_keys) > 0 THEN
        INSERT INTO {keys}.data_keys (key_id, subject, category, epoch, wrapped)
            SELECT * FROM unnest(new_keys, new_subjects, new_categories, new_epochs, new_wrapped);
    END IF;

    INSERT INTO {schema}.events
        SELECT before + n.ord, n.stream, n.version, n.type, recorded_us, n.body
        FROM unnest(streams, versions, types, bodies) WITH ORDINALITY AS n (stream, version, type, body, ord);
    IF cardinality(subjects) > 0 THEN
        INSERT INTO {schema}.personal_data
            -- one that belongs to none of these events has no position, and fails
            SELECT before + CASE WHEN p.n BETWEEN 1 AND cardinality(streams) THEN p.n END, p.subject, p.category, p.key_id, p.nonce, p.blind, p.ciphertext
            FROM unnest(secret_events, subjects, categories, key_ids, nonces, blinds, ciphertexts)
                AS p (n, subject, category, key_id, nonce, blind, ciphertext);
    END IF;
    IF cardinality(idempotency_keys) > 0 THEN
        INSERT INTO {schema}.command_receipts (client_and_key_hash, request_hash, receipt)
            SELECT c.key, c.request, jsonb_build_object('stream', c.stream, 'version', c.version,
                'position', before + c.last, 'recorded_at', recorded_us,
                'leaf_hash', {schema}.leaf_hash(recorded_us, bodies[c.last]))
            FROM unnest(keyed_streams, keyed_versions, keyed_lasts, idempotency_keys, request_hashes)
                AS c (stream, version, last, key, request);
    END IF;
    RETURN NEXT;
END $$;
