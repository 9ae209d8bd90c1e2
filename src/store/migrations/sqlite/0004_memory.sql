-- What spares the next process work and may be lost without harm. It holds for one maker only: a version of crieur with its
-- configuration and templates.
CREATE TABLE memory_maker (
    about TEXT PRIMARY KEY CHECK (about IN ('files', 'documents')),
    maker TEXT NOT NULL
) STRICT;

CREATE TABLE memory (
    about TEXT NOT NULL REFERENCES memory_maker (about),
    path  TEXT NOT NULL,
    stamp TEXT NOT NULL,
    hash  TEXT NOT NULL,
    said  BLOB NOT NULL,
    PRIMARY KEY (about, path)
) STRICT;

-- In which order entries were noted: whoever knows those up to a number asks for the others only.
ALTER TABLE ledger ADD COLUMN noted INTEGER NOT NULL DEFAULT 1;
CREATE INDEX ledger_noted ON ledger (noted);

-- By whom and from what an entry was noted: where that is the same, so is the entry.
ALTER TABLE ledger ADD COLUMN likeness TEXT NOT NULL DEFAULT '';
