-- append(batch): store a batch of commands one by one. One call, one transaction, one outcome for each command.
--
-- A command that cannot be stored is refused alone; the others of its batch are not affected. Later commands see
-- earlier ones. The lock is taken by a statement of its own, so that the statements after it see all that the
-- holder before it committed; it also is what makes positions dense. It is a table's, not an advisory one: those
-- anybody may take, a reader too, and stop every commit.
--
-- It runs as the owner, and the projector may create in the tenant's schema: so nothing here may be found by a
-- search there, or an operator of the projector's could run as the owner.
--
-- Most batches go through append_set, which makes the same checks but can only answer for all of them.
CREATE TABLE IF NOT EXISTS append_lock ();
CREATE OR REPLACE FUNCTION append(batch jsonb)
RETURNS TABLE (outcome text, detail jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- The planner guesses that JSON holds a hundred rows, and plans are kept while tables grow: without these it may settle
-- for scanning a table that was small once.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    command record;
    last_position bigint;
    last_time bigint;
    now_us bigint;
    stored_events integer;
    known record;
BEGIN
    LOCK TABLE {schema}.append_lock IN EXCLUSIVE MODE;
    SELECT e.position, e.recorded_at INTO last_position, last_time
        FROM {schema}.events e ORDER BY e.position DESC LIMIT 1;
    last_position := coalesce(last_position, 0);
    now_us := greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, coalesce(last_time, 0));

    FOR command IN
        SELECT c.* FROM ROWS FROM (jsonb_to_recordset(batch) AS (
            id text, idempotency_key text, request_hash text, stream uuid, version integer, reads jsonb,
            releases jsonb, claims jsonb, live_keys jsonb, new_keys jsonb, events jsonb, personal jsonb)) AS c
    LOOP
        detail := NULL;

        -- Same key and request: the first answer again. Same key, other request: refused.
        IF command.idempotency_key IS NOT NULL THEN
            SELECT r.request_hash, r.receipt INTO known FROM {schema}.command_receipts r
                WHERE r.client_and_key_hash = decode(command.idempotency_key, 'hex');
            IF FOUND THEN
                IF known.request_hash = decode(command.request_hash, 'hex') THEN
                    outcome := 'stored'; detail := known.receipt || '{{"replayed": true}}';
                ELSE
                    outcome := 'key_reused';
                END IF;
                RETURN NEXT; CONTINUE;
            END IF;
        END IF;

        -- Every stream that was read is still at the version that was read.
        SELECT r.stream, r.version AS expected, v.version AS actual INTO known
            FROM jsonb_to_recordset(command.reads) AS r (stream uuid, version integer)
            CROSS JOIN LATERAL (SELECT coalesce((SELECT e.version FROM {schema}.events e WHERE e.stream = r.stream
                ORDER BY e.version DESC LIMIT 1), 0) AS version) v
            WHERE v.version <> r.version LIMIT 1;
        IF FOUND THEN
            outcome := 'version_conflict';
            detail := jsonb_build_object('stream', known.stream, 'expected', known.expected, 'actual', known.actual);
            -- A batch that is sent again after its connection was lost finds its own events.
            SELECT jsonb_build_object('stream', command.stream, 'version', command.version,
                    'position', e.position, 'recorded_at', e.recorded_at,
                    'leaf_hash', {schema}.leaf_hash(e.recorded_at, e.body)) AS receipt INTO known
                FROM jsonb_to_recordset(command.events) AS n (stream uuid, version integer)
                JOIN {schema}.events e USING (stream, version)
                WHERE e.body::jsonb ->> 'command' = command.id
                ORDER BY e.position DESC LIMIT 1;
            IF FOUND THEN
                outcome := 'stored'; detail := known.receipt || '{{"replayed": true}}';
            END IF;
            RETURN NEXT; CONTINUE;
        END IF;

        -- A unique value that another record holds, and that this command does not release.
        IF command.claims IS NOT NULL THEN
            SELECT c.aggregate, c.field, u.stream AS holder INTO known
                FROM jsonb_to_recordset(command.claims) AS c (aggregate text, field text, hash text, stream uuid)
                JOIN {schema}.unique_values u ON u.aggregate = c.aggregate AND u.field = c.field
                    AND u.value_hash = decode(c.hash, 'hex')
                WHERE u.stream <> c.stream AND NOT EXISTS (
                    SELECT FROM jsonb_to_recordset(coalesce(command.releases, '[]'))
                        AS r (aggregate text, field text, hash text, stream uuid)
                    WHERE r.aggregate = c.aggregate AND r.field = c.field AND r.hash = c.hash AND r.stream = u.stream)
                LIMIT 1;
            IF FOUND THEN
                outcome := 'value_taken';
                detail := jsonb_build_object('aggregate', known.aggregate, 'field', known.field, 'stream', known.holder);
                RETURN NEXT; CONTINUE;
            END IF;
        END IF;

        -- Keys: those used must live, so that no erasure is overtaken; those brought must be the first.
        IF command.live_keys IS NOT NULL AND EXISTS (
            SELECT FROM jsonb_array_elements_text(command.live_keys) AS k (id)
            LEFT JOIN {keys}.data_keys d ON d.key_id = k.id::uuid AND d.destroyed_at IS NULL AND d.fenced_at IS NULL
            WHERE d.key_id IS NULL)
        THEN
            outcome := 'key_gone'; RETURN NEXT; CONTINUE;
        END IF;
        IF command.new_keys IS NOT NULL THEN
            IF EXISTS (SELECT FROM jsonb_to_recordset(command.new_keys) AS k (epoch integer)
                WHERE k.epoch <> (SELECT max(e.epoch) FROM {keys}.epochs e))
            THEN
                outcome := 'epoch_over'; RETURN NEXT; CONTINUE;
            END IF;
            SELECT d.subject, d.destroyed_at IS NULL AND d.fenced_at IS NULL AS is_live INTO known
                FROM jsonb_to_recordset(command.new_keys) AS k (subject uuid, category text)
                JOIN {keys}.data_keys d USING (subject, category)
                WHERE NOT d.renewable LIMIT 1;
            IF FOUND THEN
                outcome := CASE WHEN known.is_live THEN 'key_raced' ELSE 'key_gone' END;
                RETURN NEXT; CONTINUE;
            END IF;
            INSERT INTO {keys}.data_keys (key_id, subject, category, epoch, wrapped)
                SELECT k.key_id, k.subject, k.category, k.epoch, decode(k.wrapped, 'hex')
                FROM jsonb_to_recordset(command.new_keys)
                    AS k (key_id uuid, subject uuid, category text, epoch integer, wrapped text);
        END IF;

        IF command.releases IS NOT NULL THEN
            DELETE FROM {schema}.unique_values u
                USING jsonb_to_recordset(command.releases) AS r (aggregate text, field text, hash text, stream uuid)
                WHERE u.aggregate = r.aggregate AND u.field = r.field AND u.value_hash = decode(r.hash, 'hex')
                    AND u.stream = r.stream;
        END IF;
        IF command.claims IS NOT NULL THEN
            INSERT INTO {schema}.unique_values
                SELECT c.aggregate, c.field, decode(c.hash, 'hex'), c.stream
                FROM jsonb_to_recordset(command.claims) AS c (aggregate text, field text, hash text, stream uuid)
                ON CONFLICT DO NOTHING;
        END IF;

        INSERT INTO {schema}.events
            SELECT last_position + n.nth, n.stream, n.version, n.type, now_us, n.body
            FROM ROWS FROM (jsonb_to_recordset(command.events)
                AS (stream uuid, version integer, type text, body text))
                WITH ORDINALITY AS n (stream, version, type, body, nth);
        GET DIAGNOSTICS stored_events = ROW_COUNT;
        IF command.personal IS NOT NULL THEN
            INSERT INTO {schema}.personal_data
                -- one that belongs to none of these events has no position, and fails
                SELECT last_position + CASE WHEN p.n BETWEEN 1 AND stored_events THEN p.n END,
                    p.subject, p.category, p.key_id,
                    decode(p.nonce, 'hex'), decode(p.blind, 'hex'), decode(p.ciphertext, 'hex')
                FROM jsonb_to_recordset(command.personal) AS p (n integer, subject uuid, category text,
                    key_id uuid, nonce text, blind text, ciphertext text);
        END IF;
        last_position := last_position + stored_events;

        outcome := 'stored';
        detail := jsonb_build_object('stream', command.stream, 'version', command.version,
            'position', last_position, 'recorded_at', now_us, 'leaf_hash',
            {schema}.leaf_hash(now_us, command.events -> -1 ->> 'body'));
        IF command.idempotency_key IS NOT NULL THEN
            INSERT INTO {schema}.command_receipts (client_and_key_hash, request_hash, receipt)
                VALUES (decode(command.idempotency_key, 'hex'), decode(command.request_hash, 'hex'), detail);
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
