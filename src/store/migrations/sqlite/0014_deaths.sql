-- How often a process died while it made this mail ready. What was being sent then is in doubt instead.
ALTER TABLE delivery ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
ALTER TABLE letter ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
