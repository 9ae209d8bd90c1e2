-- What came back. Rows go with the subscription they are about, and by themselves when they weigh nothing any more.
CREATE TABLE bounce (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription INTEGER NOT NULL REFERENCES subscription (id) ON DELETE CASCADE,
    issue        INTEGER REFERENCES issue (id) ON DELETE CASCADE,
    -- days since 1970 in UTC: of an issue one bounce a day counts
    day          INTEGER NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('hard', 'soft', 'policy', 'complaint')),
    status       TEXT,
    at           INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX bounce_once_a_day ON bounce (subscription, coalesce(issue, 0), day);
CREATE INDEX bounce_by_age ON bounce (at);

-- Reports that were recorded, by their SHA-256, so that each counts once.
CREATE TABLE bounce_report (
    hash TEXT PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX bounce_report_by_age ON bounce_report (at);
