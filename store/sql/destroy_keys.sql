-- Erase personal data of a subject: the keys and the rows, in one transaction, under the lock of the append, so
-- that no write that was decided before can be stored after. NULL categories: all of them. A category that had no
-- key yet gets a destroyed one, or the first write in it could overtake the erasure.
CREATE OR REPLACE FUNCTION destroy_keys(who uuid, categories text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    destroyed bigint;
BEGIN
    LOCK TABLE {schema}.append_lock IN EXCLUSIVE MODE;
    UPDATE {keys}.data_keys SET wrapped = NULL, destroyed_at = coalesce(destroyed_at, now()), renewable = false
        WHERE subject = who AND (destroyed_at IS NULL OR renewable)
            AND (categories IS NULL OR category = ANY (categories));
    INSERT INTO {keys}.data_keys (key_id, subject, category, epoch, destroyed_at)
        SELECT gen_random_uuid(), who, c.category, e.epoch, now()
        FROM unnest(coalesce(categories, {categories})) AS c (category),
            (SELECT max(epoch) AS epoch FROM {keys}.epochs) e
        WHERE e.epoch IS NOT NULL AND NOT EXISTS (
            SELECT FROM {keys}.data_keys d WHERE d.subject = who AND d.category = c.category);
    DELETE FROM {schema}.personal_data
        WHERE subject = who AND (categories IS NULL OR category = ANY (categories));
    GET DIAGNOSTICS destroyed = ROW_COUNT;
    IF categories IS NULL THEN
        DELETE FROM {schema}.unique_values WHERE stream = who;
    END IF;
    RETURN destroyed;
END $$;
