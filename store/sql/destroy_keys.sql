-- Erase personal data of a subject: the keys and the rows, in one transaction, under the lock of the append, so
-- that no write that was decided before can be stored after. NULL categories: all of them.
CREATE OR REPLACE FUNCTION destroy_keys(who uuid, categories text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    destroyed bigint;
BEGIN
    LOCK TABLE {schema}.append_lock IN EXCLUSIVE MODE;
    UPDATE {keys}.data_keys SET wrapped = NULL, destroyed_at = now()
        WHERE subject = who AND destroyed_at IS NULL AND (categories IS NULL OR category = ANY (categories));
    DELETE FROM {schema}.personal_data
        WHERE subject = who AND (categories IS NULL OR category = ANY (categories));
    GET DIAGNOSTICS destroyed = ROW_COUNT;
    IF categories IS NULL THEN
        DELETE FROM {schema}.unique_values WHERE stream = who;
    END IF;
    RETURN destroyed;
END $$;
