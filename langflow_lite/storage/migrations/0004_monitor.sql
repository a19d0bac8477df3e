BEGIN IMMEDIATE;

-- The latest build of each vertex, and the newest transactions of each flow; `record` is the JSON that is answered.
CREATE TABLE vertex_builds (
    seq INTEGER PRIMARY KEY,
    flow_id TEXT NOT NULL,
    vertex_id TEXT NOT NULL,
    record BLOB NOT NULL,
    UNIQUE (flow_id, vertex_id)
);

CREATE TABLE transactions (
    seq INTEGER PRIMARY KEY,
    flow_id TEXT NOT NULL,
    record BLOB NOT NULL
);
CREATE INDEX transactions_by_flow ON transactions (flow_id, seq);

PRAGMA user_version = 4;
COMMIT;
