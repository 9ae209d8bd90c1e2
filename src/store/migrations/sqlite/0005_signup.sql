-- Signing up on the web: what was asked, the mail that asks back, what was confirmed, and how much of that anybody may cause.

-- JSON arrays of category slugs; empty: everything.
ALTER TABLE subscription ADD COLUMN topics TEXT NOT NULL DEFAULT '[]';
-- Where the reader's link to the preferences stands in a mail; empty in those frozen before there were any.
ALTER TABLE variant ADD COLUMN preferences_mark TEXT NOT NULL DEFAULT '';
-- A receipt of the web: `at` is when the form was sent, this when the mail was answered.
ALTER TABLE consent ADD COLUMN confirmed INTEGER;

-- Each wording people agreed to, once: a receipt names it by its SHA-256.
CREATE TABLE wording (
    hash TEXT PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

-- What was asked on a form, to be confirmed by mail. What a reader has already is not touched until then.
CREATE TABLE signup (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber   INTEGER NOT NULL REFERENCES subscriber (id) ON DELETE CASCADE,
    at           INTEGER NOT NULL,
    lang         TEXT NOT NULL,
    wording_hash TEXT NOT NULL REFERENCES wording (hash),
    confirmed    INTEGER
) STRICT;
CREATE INDEX signup_by_subscriber ON signup (subscriber);
CREATE INDEX signup_open ON signup (at) WHERE confirmed IS NULL;

CREATE TABLE signup_choice (
    signup     INTEGER NOT NULL REFERENCES signup (id) ON DELETE CASCADE,
    newsletter TEXT NOT NULL,
    topics     TEXT NOT NULL,
    PRIMARY KEY (signup, newsletter)
) STRICT, WITHOUT ROWID;

-- How many mails the form caused to a mailbox since its owner last confirmed one. Holds no address: a keyed hash of it.
CREATE TABLE signup_limit (
    hash  TEXT PRIMARY KEY,
    mails INTEGER NOT NULL,
    last  INTEGER NOT NULL
) STRICT;

-- Letters as they were rendered, without their personal parts; most are alike, so each stands here once.
CREATE TABLE letter_text (
    hash    TEXT PRIMARY KEY,
    lang    TEXT NOT NULL,
    subject TEXT NOT NULL,
    html    TEXT NOT NULL,
    text    TEXT NOT NULL,
    mark    TEXT NOT NULL
) STRICT;

-- Mails to one person that are no issue's: with a sign-up they ask to confirm it, without one they lead to the preferences.
-- They leave by the outbox, so from `state` on a row has what a delivery's has.
CREATE TABLE letter (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber   INTEGER NOT NULL REFERENCES subscriber (id) ON DELETE CASCADE,
    signup       INTEGER UNIQUE REFERENCES signup (id) ON DELETE CASCADE,
    text_hash    TEXT NOT NULL REFERENCES letter_text (hash),
    written      INTEGER NOT NULL,
    state        TEXT NOT NULL
                 CHECK (state IN ('waiting', 'sending', 'sent', 'deferred', 'refused', 'doubt', 'suppressed')),
    attempts     INTEGER NOT NULL DEFAULT 0,
    doubts       INTEGER NOT NULL DEFAULT 0,
    epoch        INTEGER NOT NULL DEFAULT 0,
    lease_until  INTEGER,
    next_attempt INTEGER,
    changed_at   INTEGER NOT NULL,
    reason       TEXT,
    CHECK (state <> 'sending' OR lease_until IS NOT NULL),
    CHECK ((state = 'deferred') <= (next_attempt IS NOT NULL))
) STRICT;
CREATE INDEX letter_by_text ON letter (text_hash);
CREATE INDEX letter_by_subscriber ON letter (subscriber);
CREATE INDEX letter_open ON letter (id) WHERE state IN ('waiting', 'deferred') AND lease_until IS NULL;
CREATE INDEX letter_in_doubt ON letter (id) WHERE state = 'doubt' AND lease_until IS NULL;
CREATE INDEX letter_claimed ON letter (lease_until) WHERE lease_until IS NOT NULL;
