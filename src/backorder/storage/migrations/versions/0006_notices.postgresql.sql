CREATE TABLE packs (
  digest TEXT COLLATE "C" NOT NULL,
  pack TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  text TEXT NOT NULL,
  CONSTRAINT pk_packs PRIMARY KEY (digest),
  CONSTRAINT ck_packs_digest_length CHECK (length(digest) BETWEEN 1 AND 200)
)
-- next
CREATE TRIGGER packs_no_delete BEFORE DELETE ON packs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE TRIGGER packs_no_update BEFORE UPDATE ON packs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE TABLE communication (
  shop TEXT COLLATE "C" NOT NULL,
  rules TEXT,
  answers TEXT,
  contact TEXT,
  charging TEXT,
  wait_minutes BIGINT NOT NULL,
  margin_days BIGINT NOT NULL,
  heartbeat_days BIGINT NOT NULL,
  closing_hours BIGINT NOT NULL,
  CONSTRAINT pk_communication PRIMARY KEY (shop),
  CONSTRAINT ck_communication_one CHECK (shop = 'shop'),
  CONSTRAINT ck_communication_on CHECK (rules IS NULL OR (answers IS NOT NULL AND contact IS NOT NULL AND charging IS NOT NULL)),
  CONSTRAINT ck_communication_waits CHECK (wait_minutes BETWEEN 0 AND 1440 AND margin_days BETWEEN 0 AND 30),
  CONSTRAINT ck_communication_beats CHECK (heartbeat_days BETWEEN 1 AND 365 AND closing_hours BETWEEN 0 AND 12),
  CONSTRAINT ck_communication_shop_length CHECK (length(shop) BETWEEN 1 AND 200)
)
-- next
CREATE TABLE own_packs (
  pack TEXT COLLATE "C" NOT NULL,
  digest TEXT COLLATE "C" NOT NULL,
  CONSTRAINT pk_own_packs PRIMARY KEY (pack),
  CONSTRAINT ck_own_packs_pack_length CHECK (length(pack) BETWEEN 1 AND 200),
  CONSTRAINT fk_own_packs_digest FOREIGN KEY(digest) REFERENCES packs (digest)
)
-- next
CREATE TABLE evidence (
  order_id TEXT COLLATE "C" NOT NULL,
  n BIGINT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  on_day DATE NOT NULL,
  line TEXT,
  kind TEXT NOT NULL,
  to_day DATE,
  quantity BIGINT,
  notice BIGINT,
  by_whom TEXT,
  means TEXT,
  note TEXT,
  CONSTRAINT pk_evidence PRIMARY KEY (order_id, n),
  CONSTRAINT ck_evidence_kind CHECK (kind IN ('told', 'bounced', 'delivered', 'suppressed', 'agreed', 'called', 'left', 'declined', 'lapsed', 'reduced', 'substituted', 'parted', 'shipped', 'unshipped', 'arrived', 'refunded')),
  CONSTRAINT ck_evidence_numbered CHECK (n >= 1),
  CONSTRAINT fk_evidence_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
-- next
CREATE TRIGGER evidence_no_delete BEFORE DELETE ON evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE TRIGGER evidence_no_update BEFORE UPDATE OF order_id, n, at, on_day, line, kind, to_day, quantity, notice, by_whom, means ON evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE TRIGGER evidence_only_erase BEFORE UPDATE OF note ON evidence FOR EACH ROW WHEN (NEW.note <> 'erased') EXECUTE FUNCTION refuse_change()
-- next
CREATE TABLE notices (
  order_id TEXT COLLATE "C" NOT NULL,
  n BIGINT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  changed_at TIMESTAMPTZ NOT NULL,
  send_at TIMESTAMPTZ,
  deadline TIMESTAMPTZ,
  gist TEXT NOT NULL,
  trouble TEXT,
  sent_at TIMESTAMPTZ,
  answer_by DATE,
  silence TEXT NOT NULL,
  facts TEXT,
  subject TEXT,
  text TEXT,
  version TEXT,
  digest TEXT,
  by_whom TEXT,
  means TEXT,
  reason TEXT,
  CONSTRAINT pk_notices PRIMARY KEY (order_id, n),
  CONSTRAINT ck_notices_kind CHECK (kind IN ('short', 'long', 'indefinite', 'renewed', 'delay', 'better', 'still', 'cancelled')),
  CONSTRAINT ck_notices_state CHECK (state IN ('due', 'asking', 'bounced', 'told', 'answered', 'lapsed', 'replaced', 'suppressed', 'withdrawn')),
  CONSTRAINT ck_notices_trouble CHECK (trouble IN ('no_address', 'bounced')),
  CONSTRAINT ck_notices_silence CHECK (silence IN ('consent', 'cancel', 'none')),
  CONSTRAINT ck_notices_sent CHECK ((sent_at IS NULL) = (state IN ('due', 'suppressed', 'withdrawn'))),
  CONSTRAINT ck_notices_whole CHECK ((sent_at IS NULL) = (text IS NULL) AND (text IS NULL) = (digest IS NULL)),
  CONSTRAINT ck_notices_asking CHECK (state <> 'asking' OR (deadline IS NOT NULL AND answer_by IS NOT NULL)),
  CONSTRAINT fk_notices_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
-- next
CREATE INDEX ix_notices_troubled ON notices (order_id) WHERE state = 'due' AND trouble IS NOT NULL
-- next
CREATE UNIQUE INDEX uq_notices_due ON notices (order_id) WHERE state = 'due' AND kind <> 'cancelled'
-- next
CREATE INDEX ix_notices_open ON notices (deadline, order_id, n) WHERE state IN ('due', 'asking', 'bounced')
-- next
CREATE TABLE refunds (
  order_id TEXT COLLATE "C" NOT NULL,
  n BIGINT NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  cause TEXT NOT NULL,
  vested_on DATE NOT NULL,
  refund_by DATE NOT NULL,
  deadline TIMESTAMPTZ NOT NULL,
  amount BIGINT,
  lines TEXT NOT NULL,
  state TEXT NOT NULL,
  ended_at TIMESTAMPTZ,
  refunded BIGINT,
  form TEXT,
  reference TEXT,
  by_whom TEXT,
  CONSTRAINT pk_refunds PRIMARY KEY (order_id, n),
  CONSTRAINT ck_refunds_cause CHECK (cause IN ('silence', 'missed', 'buyer', 'seller')),
  CONSTRAINT ck_refunds_state CHECK (state IN ('due', 'overdue', 'refunded')),
  CONSTRAINT ck_refunds_form CHECK (form IN ('same_method', 'credit_memo', 'statement', 'cash', 'cheque', 'transfer')),
  CONSTRAINT ck_refunds_amounts CHECK (amount BETWEEN 0 AND 1000000000000000 AND refunded BETWEEN 0 AND 1000000000000000),
  CONSTRAINT ck_refunds_ended CHECK ((state = 'refunded') = (ended_at IS NOT NULL)),
  CONSTRAINT ck_refunds_recorded CHECK ((state = 'refunded') = (form IS NOT NULL) AND (state = 'refunded') = (refunded IS NOT NULL)),
  CONSTRAINT fk_refunds_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
-- next
CREATE INDEX ix_refunds_due ON refunds (deadline, order_id, n) WHERE state IN ('due', 'overdue')
-- next
CREATE TABLE clocks (
  order_id TEXT COLLATE "C" NOT NULL,
  line TEXT COLLATE "C" NOT NULL,
  pack TEXT COLLATE "C" NOT NULL,
  digest TEXT COLLATE "C" NOT NULL,
  zone TEXT NOT NULL,
  transit_days BIGINT NOT NULL,
  began_on DATE NOT NULL,
  stated_on DATE,
  told_on DATE,
  cancelled BIGINT NOT NULL,
  state TEXT NOT NULL,
  limit_on DATE NOT NULL,
  until_on DATE,
  offered INTEGER NOT NULL,
  offered_on DATE,
  silence TEXT NOT NULL,
  leave_from DATE,
  vested_on DATE,
  refund_by DATE,
  cause TEXT,
  CONSTRAINT pk_clocks PRIMARY KEY (order_id, line, pack),
  CONSTRAINT fk_clocks_order_id_line FOREIGN KEY(order_id, line) REFERENCES lines (order_id, line),
  CONSTRAINT ck_clocks_state CHECK (state IN ('open', 'asked', 'waiting', 'renewed', 'waiting_indefinite', 'late', 'shipped', 'refund_due', 'refunded')),
  CONSTRAINT ck_clocks_silence CHECK (silence IN ('consent', 'cancel', 'none')),
  CONSTRAINT ck_clocks_cause CHECK (cause IN ('silence', 'missed', 'buyer', 'seller')),
  CONSTRAINT ck_clocks_cancelled CHECK (cancelled BETWEEN 0 AND 1000000000 AND transit_days BETWEEN 0 AND 365),
  CONSTRAINT ck_clocks_offered CHECK (offered IN (0, 1) AND (offered = 1 OR offered_on IS NULL)),
  CONSTRAINT ck_clocks_vested CHECK ((state IN ('refund_due', 'refunded')) = (vested_on IS NOT NULL)),
  CONSTRAINT ck_clocks_refund CHECK ((vested_on IS NULL) = (refund_by IS NULL) AND (vested_on IS NULL) = (cause IS NULL)),
  CONSTRAINT ck_clocks_runs CHECK (until_on IS NOT NULL OR state IN ('waiting_indefinite', 'shipped', 'refund_due', 'refunded')),
  CONSTRAINT ck_clocks_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_clocks_line_length CHECK (length(line) BETWEEN 1 AND 200),
  CONSTRAINT ck_clocks_pack_length CHECK (length(pack) BETWEEN 1 AND 200),
  CONSTRAINT fk_clocks_digest FOREIGN KEY(digest) REFERENCES packs (digest)
)
