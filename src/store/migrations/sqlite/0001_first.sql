-- Instants are milliseconds since 1970 in UTC. Slots are what the wall clock shows: YYYY-MM-DDTHH:MM:SS.
-- Ids are never used twice (AUTOINCREMENT): an unsubscribe link names a subscription for ever.

CREATE TABLE signing_key (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    bytes BLOB NOT NULL CHECK (length(bytes) = 32)
) STRICT;

-- What has been published before.
CREATE TABLE ledger (
    id            TEXT PRIMARY KEY,
    path          TEXT NOT NULL,
    semantic_hash TEXT NOT NULL,
    sequence      INTEGER NOT NULL,
    first_seen    INTEGER NOT NULL,
    modified      INTEGER NOT NULL
) STRICT;

-- The last good bytes of each file of the content folder.
CREATE TABLE source (
    path  TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE last_publish (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    at            INTEGER NOT NULL,
    announcements INTEGER NOT NULL,
    documents     INTEGER NOT NULL,
    errors        INTEGER NOT NULL,
    warnings      INTEGER NOT NULL
) STRICT;

-- An address. `key` is the address without case, `hash` the keyed hash of that: what a suppression is found by.
CREATE TABLE subscriber (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    key     TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    name    TEXT,
    hash    TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE subscription (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber   INTEGER NOT NULL REFERENCES subscriber (id),
    newsletter   TEXT NOT NULL,
    lang         TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('pending', 'confirmed', 'unsubscribed')),
    created      INTEGER NOT NULL,
    confirmed    INTEGER,
    unsubscribed INTEGER,
    UNIQUE (subscriber, newsletter)
) STRICT;
CREATE INDEX subscription_by_newsletter ON subscription (newsletter, status, lang);

-- The receipt of each consent: when, for which newsletter, where it comes from, and the wording that was shown (its
-- SHA-256; none where an operator brought the address in).
CREATE TABLE consent (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription INTEGER NOT NULL REFERENCES subscription (id),
    at           INTEGER NOT NULL,
    newsletter   TEXT NOT NULL,
    source       TEXT NOT NULL,
    wording_hash TEXT
) STRICT;
CREATE INDEX consent_by_subscription ON consent (subscription);

-- Never mailed again. Holds no address: it outlives the erasing of one.
CREATE TABLE suppression (
    hash   TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

CREATE TABLE issue (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    newsletter TEXT NOT NULL,
    slot       TEXT NOT NULL,
    number     INTEGER,
    state      TEXT NOT NULL CHECK (state IN ('frozen', 'empty', 'held')),
    on_doubt   TEXT CHECK (on_doubt IN ('resend', 'hold')),
    decided_at INTEGER NOT NULL,
    UNIQUE (newsletter, slot),
    UNIQUE (newsletter, number),
    CHECK ((state = 'frozen') = (number IS NOT NULL)),
    CHECK ((state = 'frozen') = (on_doubt IS NOT NULL))
) STRICT;
CREATE INDEX issue_by_age ON issue (decided_at, id) WHERE state = 'frozen';

CREATE TABLE issue_item (
    issue        INTEGER NOT NULL REFERENCES issue (id),
    position     INTEGER NOT NULL,
    announcement TEXT NOT NULL,
    sequence     INTEGER NOT NULL,
    section      TEXT NOT NULL CHECK (section IN ('new', 'upcoming', 'baseline')),
    PRIMARY KEY (issue, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE variant (
    issue            INTEGER NOT NULL REFERENCES issue (id),
    position         INTEGER NOT NULL,
    key              TEXT NOT NULL,
    lang             TEXT NOT NULL,
    subject          TEXT NOT NULL,
    html             TEXT NOT NULL,
    text             TEXT NOT NULL,
    unsubscribe_mark TEXT NOT NULL,
    PRIMARY KEY (issue, key)
) STRICT;

-- The outbox. A claim shows as a `lease_until`; `epoch` counts the claims, so that a worker whose claim was lost can be
-- told from the one that has it now. `attempts` and `doubts` count how often an attempt, or its answer, is over.
CREATE TABLE delivery (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    issue        INTEGER NOT NULL REFERENCES issue (id),
    subscription INTEGER NOT NULL REFERENCES subscription (id),
    variant      TEXT NOT NULL,
    state        TEXT NOT NULL
                 CHECK (state IN ('waiting', 'sending', 'sent', 'deferred', 'refused', 'doubt', 'suppressed')),
    attempts     INTEGER NOT NULL DEFAULT 0,
    doubts       INTEGER NOT NULL DEFAULT 0,
    epoch        INTEGER NOT NULL DEFAULT 0,
    lease_until  INTEGER,
    next_attempt INTEGER,
    changed_at   INTEGER NOT NULL,
    reason       TEXT,
    UNIQUE (issue, subscription),
    FOREIGN KEY (issue, variant) REFERENCES variant (issue, key),
    CHECK (state <> 'sending' OR lease_until IS NOT NULL),
    CHECK ((state = 'deferred') <= (next_attempt IS NOT NULL))
) STRICT;
CREATE INDEX delivery_by_state ON delivery (issue, state);
CREATE INDEX delivery_by_subscription ON delivery (subscription);
CREATE INDEX delivery_open ON delivery (issue, id) WHERE state IN ('waiting', 'deferred');
CREATE INDEX delivery_in_doubt ON delivery (issue, id) WHERE state = 'doubt';
CREATE INDEX delivery_claimed ON delivery (lease_until) WHERE lease_until IS NOT NULL;
