CREATE TABLE packs (
  digest TEXT NOT NULL,
  pack TEXT NOT NULL,
  at TEXT NOT NULL,
  text TEXT NOT NULL,
  CONSTRAINT pk_packs PRIMARY KEY (digest),
  CONSTRAINT ck_packs_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_packs_digest_length CHECK (length(digest) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TRIGGER packs_no_delete BEFORE DELETE ON packs BEGIN SELECT RAISE(ABORT, 'the ledger packs is append-only'); END
-- next
CREATE TRIGGER packs_no_update BEFORE UPDATE ON packs BEGIN SELECT RAISE(ABORT, 'the ledger packs is append-only'); END
-- next
CREATE TABLE communication (
  shop TEXT NOT NULL,
  rules TEXT,
  answers TEXT,
  contact TEXT,
  charging TEXT,
  wait_minutes INTEGER NOT NULL,
  margin_days INTEGER NOT NULL,
  heartbeat_days INTEGER NOT NULL,
  closing_hours INTEGER NOT NULL,
  CONSTRAINT pk_communication PRIMARY KEY (shop),
  CONSTRAINT ck_communication_one CHECK (shop = 'shop'),
  CONSTRAINT ck_communication_on CHECK (rules IS NULL OR (answers IS NOT NULL AND contact IS NOT NULL AND charging IS NOT NULL)),
  CONSTRAINT ck_communication_waits CHECK (wait_minutes BETWEEN 0 AND 1440 AND margin_days BETWEEN 0 AND 30),
  CONSTRAINT ck_communication_beats CHECK (heartbeat_days BETWEEN 1 AND 365 AND closing_hours BETWEEN 0 AND 12),
  CONSTRAINT ck_communication_shop_length CHECK (length(shop) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TABLE own_packs (
  pack TEXT NOT NULL,
  digest TEXT NOT NULL,
  CONSTRAINT pk_own_packs PRIMARY KEY (pack),
  CONSTRAINT ck_own_packs_pack_length CHECK (length(pack) BETWEEN 1 AND 200),
  CONSTRAINT fk_own_packs_digest FOREIGN KEY(digest) REFERENCES packs (digest)
)
 STRICT
-- next
CREATE TABLE evidence (
  order_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  at TEXT NOT NULL,
  on_day TEXT NOT NULL,
  line TEXT,
  kind TEXT NOT NULL,
  to_day TEXT,
  quantity INTEGER,
  notice INTEGER,
  by_whom TEXT,
  means TEXT,
  note TEXT,
  CONSTRAINT pk_evidence PRIMARY KEY (order_id, n),
  CONSTRAINT ck_evidence_kind CHECK (kind IN ('told', 'bounced', 'delivered', 'suppressed', 'agreed', 'called', 'left', 'declined', 'lapsed', 'reduced', 'substituted', 'parted', 'shipped', 'unshipped', 'arrived', 'refunded')),
  CONSTRAINT ck_evidence_numbered CHECK (n >= 1),
  CONSTRAINT ck_evidence_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_evidence_on_day_form CHECK (on_day IS NULL OR on_day IS date(on_day)),
  CONSTRAINT ck_evidence_to_day_form CHECK (to_day IS NULL OR to_day IS date(to_day)),
  CONSTRAINT fk_evidence_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
 STRICT
-- next
CREATE TRIGGER evidence_no_delete BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'the ledger evidence is append-only'); END
-- next
CREATE TRIGGER evidence_no_update BEFORE UPDATE OF order_id, n, at, on_day, line, kind, to_day, quantity, notice, by_whom, means ON evidence BEGIN SELECT RAISE(ABORT, 'the ledger evidence is append-only'); END
-- next
CREATE TRIGGER evidence_only_erase BEFORE UPDATE OF note ON evidence WHEN (NEW.note <> 'erased') BEGIN SELECT RAISE(ABORT, 'the ledger evidence is append-only'); END
-- next
CREATE TABLE notices (
  order_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  made_at TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  send_at TEXT,
  deadline TEXT,
  gist TEXT NOT NULL,
  trouble TEXT,
  sent_at TEXT,
  answer_by TEXT,
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
  CONSTRAINT ck_notices_made_at_form CHECK (made_at IS NULL OR made_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_notices_changed_at_form CHECK (changed_at IS NULL OR changed_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_notices_send_at_form CHECK (send_at IS NULL OR send_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_notices_deadline_form CHECK (deadline IS NULL OR deadline GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_notices_sent_at_form CHECK (sent_at IS NULL OR sent_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_notices_answer_by_form CHECK (answer_by IS NULL OR answer_by IS date(answer_by)),
  CONSTRAINT fk_notices_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
 STRICT
-- next
CREATE INDEX ix_notices_open ON notices (deadline, order_id, n) WHERE state IN ('due', 'asking', 'bounced')
-- next
CREATE INDEX ix_notices_troubled ON notices (order_id) WHERE state = 'due' AND trouble IS NOT NULL
-- next
CREATE UNIQUE INDEX uq_notices_due ON notices (order_id) WHERE state = 'due' AND kind <> 'cancelled'
-- next
CREATE TABLE refunds (
  order_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  made_at TEXT NOT NULL,
  cause TEXT NOT NULL,
  vested_on TEXT NOT NULL,
  refund_by TEXT NOT NULL,
  deadline TEXT NOT NULL,
  amount INTEGER,
  lines TEXT NOT NULL,
  state TEXT NOT NULL,
  ended_at TEXT,
  refunded INTEGER,
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
  CONSTRAINT ck_refunds_made_at_form CHECK (made_at IS NULL OR made_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_refunds_vested_on_form CHECK (vested_on IS NULL OR vested_on IS date(vested_on)),
  CONSTRAINT ck_refunds_refund_by_form CHECK (refund_by IS NULL OR refund_by IS date(refund_by)),
  CONSTRAINT ck_refunds_deadline_form CHECK (deadline IS NULL OR deadline GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_refunds_ended_at_form CHECK (ended_at IS NULL OR ended_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT fk_refunds_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
 STRICT
-- next
CREATE INDEX ix_refunds_due ON refunds (deadline, order_id, n) WHERE state IN ('due', 'overdue')
-- next
CREATE TABLE clocks (
  order_id TEXT NOT NULL,
  line TEXT NOT NULL,
  pack TEXT NOT NULL,
  digest TEXT NOT NULL,
  zone TEXT NOT NULL,
  transit_days INTEGER NOT NULL,
  began_on TEXT NOT NULL,
  stated_on TEXT,
  told_on TEXT,
  cancelled INTEGER NOT NULL,
  state TEXT NOT NULL,
  limit_on TEXT NOT NULL,
  until_on TEXT,
  offered INTEGER NOT NULL,
  offered_on TEXT,
  silence TEXT NOT NULL,
  leave_from TEXT,
  vested_on TEXT,
  refund_by TEXT,
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
  CONSTRAINT ck_clocks_began_on_form CHECK (began_on IS NULL OR began_on IS date(began_on)),
  CONSTRAINT ck_clocks_stated_on_form CHECK (stated_on IS NULL OR stated_on IS date(stated_on)),
  CONSTRAINT ck_clocks_told_on_form CHECK (told_on IS NULL OR told_on IS date(told_on)),
  CONSTRAINT ck_clocks_limit_on_form CHECK (limit_on IS NULL OR limit_on IS date(limit_on)),
  CONSTRAINT ck_clocks_until_on_form CHECK (until_on IS NULL OR until_on IS date(until_on)),
  CONSTRAINT ck_clocks_offered_on_form CHECK (offered_on IS NULL OR offered_on IS date(offered_on)),
  CONSTRAINT ck_clocks_leave_from_form CHECK (leave_from IS NULL OR leave_from IS date(leave_from)),
  CONSTRAINT ck_clocks_vested_on_form CHECK (vested_on IS NULL OR vested_on IS date(vested_on)),
  CONSTRAINT ck_clocks_refund_by_form CHECK (refund_by IS NULL OR refund_by IS date(refund_by)),
  CONSTRAINT ck_clocks_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_clocks_line_length CHECK (length(line) BETWEEN 1 AND 200),
  CONSTRAINT ck_clocks_pack_length CHECK (length(pack) BETWEEN 1 AND 200),
  CONSTRAINT fk_clocks_digest FOREIGN KEY(digest) REFERENCES packs (digest)
)
 STRICT
