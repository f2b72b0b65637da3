-- The steps of an erasure that touch data, each whole or not at all and safe to repeat. All run under the lock of the
-- append, so that no write that was decided before can be stored after.

-- fence_subjects: for good, nothing more is written about them in these categories; a category that had no key yet
-- gets a destroyed one, or the first write in it could pass. Otherwise (retention) what is there from before is set
-- apart: its key wraps nothing new, and another may follow. That is done once, for what came after is to stay. Notes
-- the records in which something about them stands.
CREATE OR REPLACE FUNCTION fence_subjects(wanted uuid, who uuid[], what text[], for_good boolean) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz;
BEGIN
    LOCK TABLE {schema}.append_lock IN EXCLUSIVE MODE;
    -- Not before any entry that is there, even if the clock was set back: it tells what the key wrapped.
    SELECT greatest(clock_timestamp(), timestamptz 'epoch' + max(e.recorded_at) * interval '1 microsecond')
        INTO moment FROM (SELECT recorded_at FROM {schema}.events ORDER BY position DESC LIMIT 1) e;
    IF NOT for_good AND EXISTS (SELECT FROM {schema}.erasures WHERE request = wanted) THEN
        RETURN;
    END IF;
    IF for_good THEN
        UPDATE {keys}.data_keys SET renewable = false
            WHERE subject = ANY (who) AND category = ANY (what) AND renewable;
    END IF;
    UPDATE {keys}.data_keys SET fenced_at = moment, renewable = NOT for_good
        WHERE subject = ANY (who) AND category = ANY (what) AND destroyed_at IS NULL AND fenced_at IS NULL;
    INSERT INTO {keys}.data_keys (key_id, subject, category, epoch, destroyed_at)
        SELECT gen_random_uuid(), s.subject, c.category, e.epoch, now()
        FROM unnest(who) AS s (subject), unnest(what) AS c (category),
            (SELECT max(epoch) AS epoch FROM {keys}.epochs) e
        WHERE for_good AND e.epoch IS NOT NULL AND NOT EXISTS (
            SELECT FROM {keys}.data_keys d WHERE d.subject = s.subject AND d.category = c.category);
    INSERT INTO {schema}.erasures (request) VALUES (wanted) ON CONFLICT DO NOTHING;
    INSERT INTO {schema}.erasure_streams (request, stream, opened_by)
        SELECT wanted, first.stream, first.type
        FROM (SELECT DISTINCT e.stream FROM {schema}.personal_data p JOIN {schema}.events e USING (position)
                WHERE p.subject = ANY (who) AND p.category = ANY (what)
            UNION SELECT unnest(who)) held
        JOIN {schema}.events first ON first.stream = held.stream AND first.version = 1
        ON CONFLICT DO NOTHING;
END $$;

-- destroy_subjects: keys and rows go; where it is not for good, those that were set apart. False, and nothing is done,
-- if the log holds a refusal of somebody after ``heard``: what addresses remember of it has to be written down while
-- they can still be read.
CREATE OR REPLACE FUNCTION destroy_subjects(
    wanted uuid, who uuid[], what text[], heard bigint, refusals text[], for_good boolean
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    live bigint;
    gone bigint;
BEGIN
    LOCK TABLE {schema}.append_lock IN EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM {schema}.events e WHERE e.position > heard AND e.type = ANY (refusals)) THEN
        RETURN false;
    END IF;
    SELECT count(*) INTO live FROM {keys}.data_keys d
        WHERE d.subject = ANY (who) AND d.category = ANY (what) AND d.destroyed_at IS NULL AND (for_good OR d.renewable);
    IF for_good THEN
        SELECT coalesce(sum({schema}.destroy_keys(s.subject, what)), 0) INTO gone FROM unnest(who) AS s (subject);
    ELSE
        DELETE FROM {schema}.personal_data p USING {keys}.data_keys d
            WHERE p.subject = ANY (who) AND p.category = ANY (what)
                AND d.key_id = p.key_id AND d.renewable AND d.destroyed_at IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        UPDATE {keys}.data_keys SET wrapped = NULL, destroyed_at = now()
            WHERE subject = ANY (who) AND category = ANY (what) AND renewable AND destroyed_at IS NULL;
    END IF;
    UPDATE {schema}.erasures SET destroyed_keys = destroyed_keys + live, destroyed_rows = destroyed_rows + gone,
            destruction = (SELECT coalesce(max(e.destruction), 0) + 1 FROM {schema}.erasures e)
        WHERE request = wanted AND live + gone > 0;
    RETURN true;
END $$;

-- release_values: a record no longer holds any unique value but these. False, and nothing is done, if it has moved on
-- from the version of which that was said.
CREATE OR REPLACE FUNCTION release_values(record uuid, at_version integer, kept bytea[]) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE {schema}.append_lock IN EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM {schema}.events e WHERE e.stream = record AND e.version > at_version) THEN
        RETURN false;
    END IF;
    DELETE FROM {schema}.unique_values u WHERE u.stream = record AND NOT u.value_hash = ANY (kept);
    RETURN true;
END $$;
