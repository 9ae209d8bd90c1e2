-- What somebody asked on a form and was answered, until it is looked at: a moment later, in the background. Nothing of it
-- depends on what is known of the address, so that the answer tells nobody. Numbers are never used again.
CREATE TABLE wish (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    key       TEXT NOT NULL,
    address   TEXT NOT NULL,
    lang      TEXT NOT NULL,
    page_lang TEXT NOT NULL,
    choices   TEXT NOT NULL,
    at        INTEGER NOT NULL
) STRICT;
