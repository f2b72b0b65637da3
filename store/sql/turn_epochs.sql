-- Turning the epochs over: begin one, wrap the live keys anew, end those that are over. For the eraser.

-- begin_epoch: false, and nothing is done, if another was first. Under the lock of the append, so that from its commit
-- on no key is stored that an older epoch wraps.
CREATE OR REPLACE FUNCTION begin_epoch(number integer, proven bytea, names text[], secrets bytea[]) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE {schema}.append_lock IN EXCLUSIVE MODE;
    IF number <> (SELECT max(e.epoch) + 1 FROM {keys}.epochs e) THEN RETURN false; END IF;
    UPDATE {keys}.epochs SET retired_at = now() WHERE retired_at IS NULL;
    INSERT INTO {keys}.epochs (epoch, proof) VALUES (number, proven);
    INSERT INTO {keys}.hash_keys (epoch, name, wrapped) SELECT number, * FROM unnest(names, secrets);
    RETURN true;
END $$;

-- rewrap_keys: what was destroyed meanwhile stays destroyed.
CREATE OR REPLACE FUNCTION rewrap_keys(ids uuid[], secrets bytea[], number integer) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE {keys}.data_keys d SET wrapped = r.secret, epoch = number
        FROM unnest(ids, secrets) AS r (id, secret) WHERE d.key_id = r.id AND d.wrapped IS NOT NULL;
$$;

-- end_epoch: its key is gone outside, and nothing here needs it.
CREATE OR REPLACE FUNCTION end_epoch(number integer) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM {keys}.hash_keys WHERE epoch = number;
    UPDATE {keys}.epochs SET destroyed_at = now() WHERE epoch = number AND retired_at IS NOT NULL;
$$;
