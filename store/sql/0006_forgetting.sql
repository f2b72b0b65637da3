-- Counts up with every destruction, so that each process sees by one look at an index that it has to forget; and whether
-- the read models may still hold what was destroyed again, after the database was put back from before.
ALTER TABLE erasures ADD COLUMN destruction bigint, ADD COLUMN unfolded boolean NOT NULL DEFAULT false;
UPDATE erasures e SET destruction = n.number
    FROM (SELECT request, row_number() OVER (ORDER BY request) AS number FROM erasures WHERE destroyed_keys > 0) n
    WHERE e.request = n.request;
CREATE INDEX erasures_destruction ON erasures (destruction);
CREATE INDEX erasures_unfolded ON erasures (request) WHERE unfolded;

-- Live keys by their epoch: those that have yet to be wrapped anew are found without looking at the others.
CREATE INDEX data_keys_epoch ON {keys}.data_keys (epoch, key_id) WHERE wrapped IS NOT NULL;
