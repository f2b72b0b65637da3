-- append_reads(…): store entries of the read log, one transaction for all. The lock is taken by a statement of its
-- own, so that numbers are dense and times never go back. ``again``: this batch was sent before, and its answer lost;
-- it is stored whole or not at all, so its first entry tells (each has a blind of its own).
CREATE TABLE IF NOT EXISTS read_lock ();
CREATE OR REPLACE FUNCTION append_reads(
    bodies text[], actors uuid[], doors text[], models text[], subjects text[], again boolean
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before bigint;
    last_time bigint;
    now_us bigint;
BEGIN
    LOCK TABLE {schema}.read_lock IN EXCLUSIVE MODE;
    SELECT r.number, r.read_at INTO before, last_time FROM {schema}.reads r ORDER BY r.number DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT e.number, e.read_at INTO before, last_time FROM {schema}.reads_expired e;
    END IF;
    IF again AND EXISTS (
        SELECT FROM {schema}.reads r WHERE r.number > before - 10000 AND r.body = bodies[1])
    THEN RETURN before; END IF;
    now_us := greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, last_time);
    INSERT INTO {schema}.reads (number, read_at, actor, door, model, subjects, body)
        SELECT before + n.ord, now_us, n.actor, n.door, n.model, n.subjects::uuid[], n.body
        FROM unnest(bodies, actors, doors, models, subjects)
            WITH ORDINALITY AS n (body, actor, door, model, subjects, ord);
    RETURN before + cardinality(bodies);
END $$;
