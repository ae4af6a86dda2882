-- What the roles of roles.sql may do with the tables, by their owner, after each `backorder init`:
--
--     psql -U backorder_migrator -d backorder -f deploy/grants.sql
--
-- The ledgers and the audit trail refuse changes by triggers too; this is the second lock, which the service could not
-- open even if it were made to run somebody else's SQL.

\set ON_ERROR_STOP on

BEGIN;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM backorder_app, backorder_reader;

GRANT SELECT ON ALL TABLES IN SCHEMA public TO backorder_reader;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO backorder_reader;

GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO backorder_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO backorder_app;

-- Written once: the version of the tables, the ledgers, the audit trail, who was erased.
REVOKE INSERT, UPDATE ON alembic_version FROM backorder_app;
REVOKE UPDATE ON stock_moves, promises, receipts, cancellations, changes, audit, erasures, events,
  evidence, packs, policies FROM backorder_app;

-- What people wrote in a ledger can be erased; the triggers let nothing else be put in its place.
GRANT UPDATE (reference) ON stock_moves TO backorder_app;
GRANT UPDATE (reason) ON cancellations TO backorder_app;
GRANT UPDATE (reason, by_whom) ON changes TO backorder_app;
GRANT UPDATE (note, by_whom) ON evidence TO backorder_app;

-- Rows that go: pegs that move, sites that an item leaves, persons who are erased, sessions that end, what was told and
-- what was due, rule packs that are withdrawn, plans of reallocations after their time, watches that ended, views
-- that are dropped, tries to reach endpoints, sources of what shops send and what came of it, imports after their time.
GRANT DELETE ON pegs, clocks, item_sites, people, customers, sessions, events, outbox, timers, own_packs,
  plans, plan_lines, views, watches, webhook_attempts, inbound_sources, inbound_deliveries, imports
  TO backorder_app;

COMMIT;

-- From PostgreSQL 17 on, `person erase` may clear away what it erased at once; before, autovacuum does.
SELECT current_setting('server_version_num')::int >= 170000 AS maintain \gset
\if :maintain
GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO backorder_app;
\endif
