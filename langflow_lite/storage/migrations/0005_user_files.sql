BEGIN IMMEDIATE;

-- Files that belong to no flow have the user's id in flow_id, and a title that can be changed.
ALTER TABLE files ADD COLUMN title TEXT;
ALTER TABLE files ADD COLUMN updated_at INTEGER;

PRAGMA user_version = 5;
COMMIT;
