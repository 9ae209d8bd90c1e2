-- What readers were shown last: where it stands for them, and what it is known again by (JSON).
ALTER TABLE ledger ADD COLUMN standing TEXT NOT NULL DEFAULT 'live' CHECK (standing IN ('live', 'away', 'withdrawn'));
ALTER TABLE ledger ADD COLUMN shown TEXT NOT NULL DEFAULT '{}';
