DO $$
DECLARE
    gone integer[] := ARRAY(SELECT id FROM term WHERE kind IN ('day', 'sources', 'status'));
BEGIN
    DROP INDEX event_id;
    UPDATE event e SET terms = ARRAY(SELECT t.id FROM unnest(e.terms) WITH ORDINALITY AS t (id, n) WHERE t.id <> ALL (gone) ORDER BY t.n)
    WHERE e.terms && gone;
    DELETE FROM event_key WHERE term = ANY (gone);
    DELETE FROM term WHERE id = ANY (gone);
    ALTER TABLE event_key
        RESET (autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor),
        ALTER COLUMN term SET STATISTICS -1;
END
$$;
