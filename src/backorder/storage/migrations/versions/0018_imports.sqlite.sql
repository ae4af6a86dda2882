CREATE TABLE imports (
  run TEXT NOT NULL,
  kind TEXT NOT NULL,
  file TEXT,
  digest TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  state TEXT NOT NULL,
  size INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  taken INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  counts TEXT,
  note TEXT,
  begun_at TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  ended_at TEXT,
  CONSTRAINT pk_imports PRIMARY KEY (run),
  CONSTRAINT ck_imports_state CHECK (state IN ('running', 'done', 'stopped', 'interrupted', 'failed')),
  CONSTRAINT ck_imports_ended CHECK ((state = 'running') = (ended_at IS NULL)),
  CONSTRAINT ck_imports_stop CHECK (stop IN (0, 1)),
  CONSTRAINT ck_imports_sizes CHECK (taken >= 0 AND refused >= 0 AND taken + refused <= seen AND seen <= size),
  CONSTRAINT ck_imports_begun_at_form CHECK (begun_at IS NULL OR begun_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_imports_seen_at_form CHECK (seen_at IS NULL OR seen_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_imports_ended_at_form CHECK (ended_at IS NULL OR ended_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_imports_run_length CHECK (length(run) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE INDEX ix_imports_begun ON imports (begun_at)
-- next
CREATE UNIQUE INDEX uq_imports_running ON imports (kind, digest) WHERE state = 'running'
-- next
CREATE TABLE mappings (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  at TEXT NOT NULL,
  CONSTRAINT pk_mappings PRIMARY KEY (kind, name),
  CONSTRAINT ck_mappings_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_mappings_kind_length CHECK (length(kind) BETWEEN 1 AND 200),
  CONSTRAINT ck_mappings_name_length CHECK (length(name) BETWEEN 1 AND 200)
)
 STRICT
