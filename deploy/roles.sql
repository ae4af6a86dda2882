-- Who may do what in the database, once, by its superuser:
--
--     createdb backorder && psql -d backorder -f deploy/roles.sql
--
-- Three roles that sign in. Passwords are not said here: `\password backorder_app` asks for one. What they may do with
-- the tables stands in grants.sql, which is run after each `backorder init`.
--
--   backorder_migrator  owns the database and the tables: `backorder init`, and nothing else
--   backorder_app       the service and the command line: no table is made, changed or emptied by it
--   backorder_reader    reads: backups and reports. It may make databases, so that a backup can be tried in one

\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I LOGIN', wanted)
FROM unnest(ARRAY['backorder_migrator', 'backorder_app', 'backorder_reader']) AS wanted
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) \gexec

BEGIN;

ALTER ROLE backorder_migrator NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE backorder_app NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE backorder_reader NOSUPERUSER CREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;

ALTER DATABASE :"DBNAME" OWNER TO backorder_migrator;
ALTER SCHEMA public OWNER TO backorder_migrator;

-- Nobody else comes in, and nobody but the owner makes anything here, temporary tables included.
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO backorder_app, backorder_reader;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO backorder_app, backorder_reader;

COMMIT;
