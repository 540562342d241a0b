-- The roles of Tarikh's database, each with no more than it needs:
--
--   tarikh_owner   makes and migrates the tables (DATABASE_DIRECT_URL)
--   tarikh_api     reads and writes their rows, and can change no table (DATABASE_URL)
--   tarikh_reader  reads them, on a replica or for analysts (DATABASE_REPLICA_URL)
--
-- To be run once, in the new database, by a superuser or by one that may create roles, and
-- again without harm. Who may log in with which password is for the next file.
DO $$
DECLARE
    r text;
BEGIN
    FOREACH r IN ARRAY ARRAY['tarikh_owner', 'tarikh_api', 'tarikh_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', r);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this server made it at the same moment
            END;
        END IF;
    END LOOP;
    -- Nobody else comes in, and nobody makes temporary tables.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO tarikh_owner, tarikh_api, tarikh_reader', current_database());
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO tarikh_owner;
GRANT USAGE ON SCHEMA public TO tarikh_api, tarikh_reader;

-- Also the tables that later migrations make.
ALTER DEFAULT PRIVILEGES FOR ROLE tarikh_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tarikh_api;
ALTER DEFAULT PRIVILEGES FOR ROLE tarikh_owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO tarikh_api;
ALTER DEFAULT PRIVILEGES FOR ROLE tarikh_owner IN SCHEMA public GRANT SELECT ON TABLES TO tarikh_reader;

-- Where the schema stands is for the owner alone to write. It is as golang-migrate makes
-- it, which takes the one that is there.
CREATE TABLE IF NOT EXISTS public.schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
ALTER TABLE public.schema_migrations OWNER TO tarikh_owner;
REVOKE ALL ON public.schema_migrations FROM tarikh_api, tarikh_reader;
GRANT SELECT ON public.schema_migrations TO tarikh_api, tarikh_reader;

-- A statement that hangs, or a transaction that is left open, is ended by the server even
-- where the program is gone. They lie far above what the program itself allows.
ALTER ROLE tarikh_api SET statement_timeout = '10min';
ALTER ROLE tarikh_api SET idle_in_transaction_session_timeout = '2min';
ALTER ROLE tarikh_reader SET default_transaction_read_only = on;
ALTER ROLE tarikh_reader SET statement_timeout = '10min';
