-- A tile may grow, and nothing else may happen to it: what it holds has been signed. A checkpoint may only gain
-- signatures.
CREATE OR REPLACE FUNCTION grow_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'the transparency log only grows';
    ELSIF TG_TABLE_NAME = 'tiles' THEN
        IF (OLD.level, OLD.index) IS DISTINCT FROM (NEW.level, NEW.index)
            OR substr(NEW.hashes, 1, octet_length(OLD.hashes)) <> OLD.hashes
        THEN RAISE EXCEPTION 'the transparency log only grows'; END IF;
    ELSIF (OLD.number, OLD.size) IS DISTINCT FROM (NEW.number, NEW.size) OR NOT starts_with(NEW.note, OLD.note)
        THEN RAISE EXCEPTION 'the transparency log only grows';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER grow_only BEFORE UPDATE OR DELETE ON tiles FOR EACH ROW EXECUTE FUNCTION grow_only();
CREATE OR REPLACE TRIGGER grow_only BEFORE UPDATE OR DELETE ON checkpoints FOR EACH ROW EXECUTE FUNCTION grow_only();
CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON tiles EXECUTE FUNCTION grow_only();
CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON checkpoints EXECUTE FUNCTION grow_only();
