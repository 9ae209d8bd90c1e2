-- Why nothing of a frozen issue goes out for now, and what is said of that to the operator.
ALTER TABLE issue ADD COLUMN hold TEXT CHECK (hold IN ('approval', 'operator', 'relay'));
ALTER TABLE issue ADD COLUMN hold_reason TEXT;
-- Who sends it (JSON), by which templates it was rendered (SHA-256), and what its page on the web shows.
ALTER TABLE issue ADD COLUMN masthead TEXT;
ALTER TABLE issue ADD COLUMN templates TEXT NOT NULL DEFAULT '';
ALTER TABLE issue ADD COLUMN page TEXT NOT NULL DEFAULT '';

-- What changed about an announcement that was told before stands under a heading of its own.
CREATE TABLE item (
    issue        INTEGER NOT NULL REFERENCES issue (id),
    position     INTEGER NOT NULL,
    announcement TEXT NOT NULL,
    sequence     INTEGER NOT NULL,
    section      TEXT NOT NULL CHECK (section IN ('new', 'changed', 'upcoming', 'baseline')),
    PRIMARY KEY (issue, position)
) STRICT, WITHOUT ROWID;
INSERT INTO item SELECT issue, position, announcement, sequence, section FROM issue_item;
DROP TABLE issue_item;
ALTER TABLE item RENAME TO issue_item;
