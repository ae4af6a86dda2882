CREATE TABLE imports (
  run TEXT COLLATE "C" NOT NULL,
  kind TEXT NOT NULL,
  file TEXT,
  digest TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  state TEXT NOT NULL,
  size BIGINT NOT NULL,
  seen BIGINT NOT NULL,
  taken BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  stop INTEGER NOT NULL,
  counts TEXT,
  note TEXT,
  begun_at TIMESTAMPTZ NOT NULL,
  seen_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  CONSTRAINT pk_imports PRIMARY KEY (run),
  CONSTRAINT ck_imports_state CHECK (state IN ('running', 'done', 'stopped', 'interrupted', 'failed')),
  CONSTRAINT ck_imports_ended CHECK ((state = 'running') = (ended_at IS NULL)),
  CONSTRAINT ck_imports_stop CHECK (stop IN (0, 1)),
  CONSTRAINT ck_imports_sizes CHECK (taken >= 0 AND refused >= 0 AND taken + refused <= seen AND seen <= size),
  CONSTRAINT ck_imports_run_length CHECK (length(run) BETWEEN 1 AND 200)
)
-- next
CREATE INDEX ix_imports_begun ON imports (begun_at)
-- next
CREATE UNIQUE INDEX uq_imports_running ON imports (kind, digest) WHERE state = 'running'
-- next
CREATE TABLE mappings (
  kind TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  body TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  CONSTRAINT pk_mappings PRIMARY KEY (kind, name),
  CONSTRAINT ck_mappings_kind_length CHECK (length(kind) BETWEEN 1 AND 200),
  CONSTRAINT ck_mappings_name_length CHECK (length(name) BETWEEN 1 AND 200)
)
