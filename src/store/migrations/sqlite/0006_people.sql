-- Several signing keys: the newest one signs, each opens what it signed. `since_issue` is the last issue there was when a
-- key came: an issue keeps the key it was frozen under, so that its mails are the same at every attempt.
CREATE TABLE signing_key_by_number (
    kid         INTEGER PRIMARY KEY CHECK (kid > 0),
    bytes       BLOB NOT NULL CHECK (length(bytes) = 32),
    since_issue INTEGER NOT NULL
) STRICT;
INSERT INTO signing_key_by_number (kid, bytes, since_issue) SELECT 1, bytes, 0 FROM signing_key;
DROP TABLE signing_key;
ALTER TABLE signing_key_by_number RENAME TO signing_key;

-- Lists that operators bring in, and the rows of those that are not all there yet: nobody is subscribed before the last row
-- was read. `touched` is when the last rows came.
CREATE TABLE import (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    source   TEXT NOT NULL,
    began    INTEGER NOT NULL,
    touched  INTEGER NOT NULL,
    finished INTEGER
) STRICT;
CREATE TABLE arrival (
    id         INTEGER PRIMARY KEY,
    import     INTEGER NOT NULL REFERENCES import (id),
    key        TEXT NOT NULL,
    newsletter TEXT NOT NULL,
    address    TEXT NOT NULL,
    name       TEXT,
    hash       TEXT NOT NULL,
    lang       TEXT NOT NULL,
    topics     TEXT NOT NULL,
    UNIQUE (key, newsletter, import)
) STRICT;

-- Whoever was erased is gone from here, or has left an empty place that counts of deliveries stand on: no address, no name.
ALTER TABLE subscriber ADD COLUMN erased INTEGER;
CREATE INDEX subscriber_erased ON subscriber (erased) WHERE erased IS NOT NULL;

-- How much of the log of erasures was carried out here, in bytes. A backup that is put back knows less than the log.
CREATE TABLE erasures (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    applied INTEGER NOT NULL
) STRICT;
INSERT INTO erasures (id, applied) VALUES (1, 0);

-- When it was last looked for what was kept for long enough.
CREATE TABLE retention (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    looked INTEGER NOT NULL
) STRICT;
