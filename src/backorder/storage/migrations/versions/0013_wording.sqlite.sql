CREATE TABLE new_communication (
  shop TEXT NOT NULL,
  rules TEXT,
  answers TEXT,
  contact TEXT,
  charging TEXT,
  wait_minutes INTEGER NOT NULL,
  margin_days INTEGER NOT NULL,
  heartbeat_days INTEGER NOT NULL,
  closing_hours INTEGER NOT NULL,
  shop_name TEXT,
  colour TEXT,
  signature TEXT,
  wordings TEXT,
  CONSTRAINT pk_communication PRIMARY KEY (shop),
  CONSTRAINT ck_communication_one CHECK (shop = 'shop'),
  CONSTRAINT ck_communication_on CHECK (rules IS NULL OR (answers IS NOT NULL AND contact IS NOT NULL AND charging IS NOT NULL)),
  CONSTRAINT ck_communication_waits CHECK (wait_minutes BETWEEN 0 AND 1440 AND margin_days BETWEEN 0 AND 30),
  CONSTRAINT ck_communication_looks CHECK (colour IS NULL OR length(colour) = 7),
  CONSTRAINT ck_communication_beats CHECK (heartbeat_days BETWEEN 1 AND 365 AND closing_hours BETWEEN 0 AND 12),
  CONSTRAINT ck_communication_shop_length CHECK (length(shop) BETWEEN 1 AND 200)
)
 STRICT
-- next
INSERT INTO new_communication (shop, rules, answers, contact, charging, wait_minutes, margin_days, heartbeat_days, closing_hours)
SELECT shop, rules, answers, contact, charging, wait_minutes, margin_days, heartbeat_days, closing_hours FROM communication
-- next
DROP TABLE communication
-- next
ALTER TABLE new_communication RENAME TO communication
