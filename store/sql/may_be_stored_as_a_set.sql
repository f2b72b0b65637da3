-- Whether no command of a batch is to be refused, replayed or has to release a value: then they can be stored at once.
-- The same checks, one command at a time, say why in append.
CREATE OR REPLACE FUNCTION may_be_stored_as_a_set(batch jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM jsonb_to_recordset(batch) AS c (reads jsonb), jsonb_to_recordset(c.reads)
            AS r (stream uuid, version integer)
        WHERE r.version <> coalesce((SELECT e.version FROM {schema}.events e WHERE e.stream = r.stream
            ORDER BY e.version DESC LIMIT 1), 0)
    ) AND NOT EXISTS (
        SELECT FROM jsonb_to_recordset(batch) AS c (idempotency_key text, releases jsonb, events jsonb)
        WHERE c.releases IS NOT NULL OR jsonb_array_length(c.events) = 0
            OR c.idempotency_key IS NOT NULL AND EXISTS (SELECT FROM {schema}.command_receipts r
                WHERE r.client_and_key_hash = decode(c.idempotency_key, 'hex'))
    ) AND NOT EXISTS (
        SELECT FROM jsonb_to_recordset(batch) AS c (claims jsonb), jsonb_to_recordset(c.claims)
            AS k (aggregate text, field text, hash text, stream uuid)
        JOIN {schema}.unique_values u ON u.aggregate = k.aggregate AND u.field = k.field
            AND u.value_hash = decode(k.hash, 'hex') AND u.stream <> k.stream
    ) AND NOT EXISTS (
        SELECT FROM jsonb_to_recordset(batch) AS c (live_keys jsonb), jsonb_array_elements_text(c.live_keys) AS k (id)
        WHERE NOT EXISTS (SELECT FROM {keys}.data_keys d WHERE d.key_id = k.id::uuid AND d.destroyed_at IS NULL)
    ) AND NOT EXISTS (
        SELECT FROM jsonb_to_recordset(batch) AS c (new_keys jsonb), jsonb_to_recordset(c.new_keys)
            AS k (subject uuid, category text)
        JOIN {keys}.data_keys d ON d.subject = k.subject AND d.category = k.category
    );
END $$;
