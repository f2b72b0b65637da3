-- A key whose time was over by a retention schedule: another may follow it, for what is stored from then on. A key that
-- was destroyed because somebody asked for it stays the last one.
ALTER TABLE {keys}.data_keys ADD COLUMN renewable boolean NOT NULL DEFAULT false;

-- One key wraps what is new; one that is fenced only opens.
DROP INDEX {keys}.data_keys_live;
CREATE UNIQUE INDEX data_keys_live ON {keys}.data_keys (subject, category)
    WHERE destroyed_at IS NULL AND fenced_at IS NULL;

-- They take another argument from now on.
DROP FUNCTION IF EXISTS fence_subjects(uuid, uuid[], text[]);
DROP FUNCTION IF EXISTS destroy_subjects(uuid, uuid[], text[], bigint, text[]);
