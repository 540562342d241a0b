DROP TABLE idempotency, api_key, event_tombstone, event_history, event_key, term, event, dataset, revision_log, revision;
