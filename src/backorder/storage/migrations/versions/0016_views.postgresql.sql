CREATE TABLE views (
  view TEXT COLLATE "C" NOT NULL,
  owner TEXT COLLATE "C" NOT NULL,
  name TEXT NOT NULL,
  shared INTEGER NOT NULL,
  show TEXT NOT NULL,
  sku TEXT,
  customer TEXT,
  channel TEXT,
  supply TEXT,
  sort TEXT NOT NULL,
  down INTEGER NOT NULL,
  columns TEXT,
  CONSTRAINT pk_views PRIMARY KEY (view),
  CONSTRAINT uq_views_owner_name UNIQUE (owner, name),
  CONSTRAINT ck_views_name CHECK (length(name) BETWEEN 1 AND 60),
  CONSTRAINT ck_views_shared CHECK (shared IN (0, 1)),
  CONSTRAINT ck_views_show CHECK (show IN ('waiting', 'risk', 'late', 'week', 'uncovered', 'ready', 'held', 'all')),
  CONSTRAINT ck_views_sort CHECK (sort IN ('promise', 'ordered', 'order', 'item', 'units')),
  CONSTRAINT ck_views_down CHECK (down IN (0, 1)),
  CONSTRAINT ck_views_view_length CHECK (length(view) BETWEEN 1 AND 200),
  CONSTRAINT ck_views_owner_length CHECK (length(owner) BETWEEN 1 AND 200)
)
-- next
CREATE INDEX ix_views_shared ON views (shared)
