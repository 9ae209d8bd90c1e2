-- The words a form showed when it was sent: what it shows may be another before a wish is looked at. Absent where it was
-- noted before this column was.
ALTER TABLE wish ADD COLUMN wording TEXT;
