-- A list that was read to its end is subscribed in turns, so that nobody else waits for a million rows: `finished` is when
-- that was decided, `moved` when the last row was. Whoever opens the state goes on with one that was broken off.
ALTER TABLE import ADD COLUMN moved INTEGER;
-- before, all of them came in at once, and what is left of their rows only waited to be wiped
UPDATE import SET moved = finished WHERE finished IS NOT NULL;
DELETE FROM arrival WHERE import IN (SELECT id FROM import WHERE moved IS NOT NULL);
CREATE INDEX import_decided ON import (id) WHERE finished IS NOT NULL AND moved IS NULL;

-- Without an order of their own: addresses come in no order, and each batch of them would write most pages of an index.
CREATE TABLE arriving (
    id         INTEGER PRIMARY KEY,
    import     INTEGER NOT NULL REFERENCES import (id),
    key        TEXT NOT NULL,
    newsletter TEXT NOT NULL,
    address    TEXT NOT NULL,
    name       TEXT,
    hash       TEXT NOT NULL,
    lang       TEXT NOT NULL,
    topics     TEXT NOT NULL
) STRICT;
INSERT INTO arriving SELECT id, import, key, newsletter, address, name, hash, lang, topics FROM arrival;
DROP TABLE arrival;
ALTER TABLE arriving RENAME TO arrival;

-- Everybody at one domain: a hard bounce asks whether the whole of it is broken.
CREATE INDEX subscriber_by_domain ON subscriber (substr(key, instr(key, '@'))) WHERE erased IS NULL;
