BEGIN IMMEDIATE;

-- "LfLt" in ASCII: tells our files from other programs' SQLite files.
PRAGMA application_id = 1281772660;

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE folders (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    description TEXT,
    parent_id TEXT REFERENCES folders (id) ON DELETE SET NULL,
    is_default INTEGER NOT NULL DEFAULT 0
);

-- Times are microseconds since 1970 in UTC; columns named after a JSON value hold its text.
CREATE TABLE flows (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    description TEXT,
    icon TEXT,
    icon_bg_color TEXT,
    gradient TEXT,
    version TEXT NOT NULL,
    is_component INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    webhook INTEGER NOT NULL,
    endpoint_name TEXT UNIQUE,
    tags BLOB,
    locked INTEGER NOT NULL,
    user_id TEXT,
    folder_id TEXT REFERENCES folders (id),
    extra BLOB NOT NULL
);
CREATE INDEX flows_by_folder ON flows (folder_id);

CREATE TABLE flow_versions (
    flow_id TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    version TEXT NOT NULL,
    data BLOB NOT NULL,
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (flow_id, version)
);

-- Rows keep their seq when a message is replaced, so seq is the order of the conversation whatever the clock does.
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    flow_id TEXT,
    session_id TEXT NOT NULL,
    context_id TEXT NOT NULL,
    run_id TEXT,
    timestamp INTEGER NOT NULL,
    sender TEXT,
    sender_name TEXT,
    text TEXT NOT NULL,
    files BLOB NOT NULL,
    error INTEGER NOT NULL,
    edit INTEGER NOT NULL,
    properties BLOB NOT NULL,
    category TEXT NOT NULL,
    content_blocks BLOB NOT NULL,
    duration REAL,
    session_metadata BLOB
);
CREATE INDEX messages_by_session ON messages (session_id);
CREATE INDEX messages_by_flow ON messages (flow_id);

CREATE TABLE api_keys (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT,
    hash BLOB NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    is_active INTEGER NOT NULL DEFAULT 1,
    last_used_at INTEGER,
    total_uses INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE variables (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL CHECK (type IN ('Credential', 'Generic')),
    value BLOB NOT NULL,
    default_fields BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE files (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    flow_id TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (flow_id, name)
);

-- Two version 4 UUIDs (RFC 9562): the one user, and the folder that flows are in when they name no other.
INSERT INTO meta (key, value) VALUES (
    'user_id',
    lower(
        hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
        || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))
    )
);
INSERT INTO folders (id, name, description, is_default) VALUES (
    lower(
        hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
        || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))
    ),
    'My Projects',
    'Manage your own projects. Download and upload folders.',
    1
);

PRAGMA user_version = 1;

COMMIT;
