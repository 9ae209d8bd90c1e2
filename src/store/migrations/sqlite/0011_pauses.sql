-- Why nothing is mailed and no issue frozen for now, until the operator says that it is right so.
CREATE TABLE pause (
    cause  TEXT PRIMARY KEY CHECK (cause IN ('restored', 'clock')),
    reason TEXT NOT NULL
) STRICT;

-- How often mails were taken from the outbox, and when last. Both are noted beside the state as well, where a copy of it
-- that is put back does not reach.
CREATE TABLE sending (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,
    at    INTEGER NOT NULL
) STRICT;
INSERT INTO sending (id, epoch, at) VALUES (1, 0, 0);

-- The events of an issue as a calendar file, where its newsletter attaches one.
ALTER TABLE variant ADD COLUMN calendar TEXT;
