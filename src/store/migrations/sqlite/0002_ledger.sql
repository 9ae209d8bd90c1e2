-- What readers were shown last: where it stands for them, and what it is known again by (JSON).
ALTER TABLE ledger ADD COLUMN standing TEXT NOT NULL DEFAULT 'live' CHECK (standing IN ('live', 'away', 'withdrawn'));
ALTER TABLE ledger ADD COLUMN shown TEXT NOT NULL DEFAULT '{}';

-- SHA-256 of the bytes: what is the last good version already need not be written again, nor read to know it.
ALTER TABLE source ADD COLUMN hash TEXT NOT NULL DEFAULT '';
