-- The closed archives of the whole site's feed, byte for byte. `members` is a JSON array of ids, newest first.
CREATE TABLE archive (
    number  INTEGER PRIMARY KEY CHECK (number > 0),
    members TEXT NOT NULL,
    base    TEXT NOT NULL,
    digest  TEXT NOT NULL,
    atom    BLOB NOT NULL,
    json    BLOB NOT NULL
) STRICT;

-- What each hub was last told of each feed: the ETag of the document then.
CREATE TABLE hub_told (
    hub   TEXT NOT NULL,
    topic TEXT NOT NULL,
    etag  TEXT NOT NULL,
    PRIMARY KEY (hub, topic)
) STRICT, WITHOUT ROWID;
