-- An entry of the read log stays as it is, and until its time is over. Only what the log itself says has expired may
-- be deleted, and expire_reads is who says that to this trigger.
CREATE OR REPLACE FUNCTION keep_reads() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.number <= (SELECT e.number FROM {schema}.reads_expired e) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the read log is append-only';
END $$;
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON reads FOR EACH ROW EXECUTE FUNCTION keep_reads();
CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON reads EXECUTE FUNCTION keep_reads();

-- Delete the entries up to a number, for which the event log has to say that they expired; gives how many there were.
CREATE OR REPLACE FUNCTION expire_reads(seal uuid, upto bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    deleted bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM {schema}.events e WHERE e.stream = seal AND e.type = 'ReadsExpired'
        AND (e.body::jsonb -> 'data' ->> 'last')::bigint = upto)
    THEN RAISE EXCEPTION 'no event says that these reads have expired'; END IF;
    LOCK TABLE {schema}.read_lock IN EXCLUSIVE MODE;
    UPDATE {schema}.reads_expired SET number = r.number, read_at = r.read_at
        FROM {schema}.reads r WHERE r.number = upto AND reads_expired.number < upto;
    DELETE FROM {schema}.reads WHERE number <= upto;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END $$;
