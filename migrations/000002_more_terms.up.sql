-- Terms of the day of a year on which an event began, where that is known to the day,
-- of two sources and more, and of every status but `occurred`; the program makes them
-- of new events, this of the stored ones. It rewrites every event: count with some minutes
-- for a million. Besides: the documents of a page are found by their ids, in half the
-- blocks with a hash; pages are read off the index alone only where vacuum has been since
-- the last import; and the rarest of several terms is told by the statistics of their
-- column.
DO $$
BEGIN
    INSERT INTO term (kind, value)
    SELECT 'day', to_char(start_earliest, 'MM-DD') FROM event WHERE start_earliest = start_latest
    UNION SELECT 'sources', '2' FROM event WHERE sources >= 2
    UNION SELECT 'status', status FROM event WHERE status <> 'occurred'
    ORDER BY 1, 2
    ON CONFLICT (kind, value) DO NOTHING;

    INSERT INTO event_key (term, span, sort_day, id, last_day, gaps)
    SELECT t.id, e.span, e.sort_day, e.id, e.end_latest, e.set_kind <> 0
    FROM event e CROSS JOIN LATERAL (
        SELECT 'day', to_char(e.start_earliest, 'MM-DD') WHERE e.start_earliest = e.start_latest
        UNION ALL SELECT 'sources', '2' WHERE e.sources >= 2
        UNION ALL SELECT 'status', e.status WHERE e.status <> 'occurred'
    ) AS n (kind, value) JOIN term t ON t.kind = n.kind AND t.value = n.value
    ORDER BY 1, 2, 3, 4;

    UPDATE event e SET terms = e.terms
        || ARRAY(SELECT id FROM term WHERE kind = 'day' AND value = to_char(e.start_earliest, 'MM-DD') AND e.start_earliest = e.start_latest)
        || ARRAY(SELECT id FROM term WHERE kind = 'sources' AND e.sources >= 2)
        || ARRAY(SELECT id FROM term WHERE kind = 'status' AND value = e.status)
    WHERE e.start_earliest = e.start_latest OR e.sources >= 2 OR e.status <> 'occurred';

    CREATE INDEX event_id ON event USING hash (id);

    ALTER TABLE event_key
        SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02),
        ALTER COLUMN term SET STATISTICS 1000;
END
$$;
