CREATE TABLE status_links (
  order_id TEXT COLLATE "C" NOT NULL,
  n BIGINT NOT NULL,
  digest TEXT NOT NULL,
  purpose TEXT NOT NULL,
  days BIGINT NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  revoked_at TIMESTAMPTZ,
  CONSTRAINT pk_status_links PRIMARY KEY (order_id, n),
  CONSTRAINT uq_status_links_digest UNIQUE (digest),
  CONSTRAINT ck_status_links_purpose CHECK (purpose IN ('answer', 'read')),
  CONSTRAINT ck_status_links_digest CHECK (length(digest) = 64),
  CONSTRAINT ck_status_links_days CHECK (days BETWEEN 1 AND 365 AND n >= 1),
  CONSTRAINT fk_status_links_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
-- next
CREATE TABLE status_choices (
  order_id TEXT COLLATE "C" NOT NULL,
  n BIGINT NOT NULL,
  answer TEXT NOT NULL,
  lines TEXT NOT NULL,
  sku TEXT,
  notice BIGINT,
  note TEXT NOT NULL,
  said TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  effective_at TIMESTAMPTZ NOT NULL,
  state TEXT NOT NULL,
  outcome TEXT,
  message TEXT,
  ended_at TIMESTAMPTZ,
  CONSTRAINT pk_status_choices PRIMARY KEY (order_id, n),
  CONSTRAINT ck_status_choices_answer CHECK (answer IN ('wait', 'cancel', 'substitute', 'ship_available')),
  CONSTRAINT ck_status_choices_state CHECK (state IN ('pending', 'withdrawn', 'done', 'refused')),
  CONSTRAINT ck_status_choices_whole CHECK ((answer = 'substitute') = (sku IS NOT NULL) AND n >= 1),
  CONSTRAINT ck_status_choices_after CHECK (effective_at >= at),
  CONSTRAINT ck_status_choices_ended CHECK ((state = 'pending') = (ended_at IS NULL)),
  CONSTRAINT ck_status_choices_outcome CHECK ((state IN ('done', 'refused')) = (outcome IS NOT NULL)),
  CONSTRAINT fk_status_choices_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
-- next
CREATE UNIQUE INDEX uq_status_choices_pending ON status_choices (order_id) WHERE state = 'pending'
