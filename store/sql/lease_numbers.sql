-- The first of a block of human numbers that nobody else will get.
CREATE OR REPLACE FUNCTION lease_numbers(kind text, size integer) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO {schema}.numbers AS n (aggregate, next) VALUES (kind, size + 1)
        ON CONFLICT (aggregate) DO UPDATE SET next = n.next + size
        RETURNING next - size;
$$;
