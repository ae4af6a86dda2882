ALTER TABLE communication ADD COLUMN shop_name TEXT
-- next
ALTER TABLE communication ADD COLUMN colour TEXT
-- next
ALTER TABLE communication ADD COLUMN signature TEXT
-- next
ALTER TABLE communication ADD COLUMN wordings TEXT
-- next
ALTER TABLE communication ADD CONSTRAINT ck_communication_looks CHECK (colour IS NULL OR length(colour) = 7)
