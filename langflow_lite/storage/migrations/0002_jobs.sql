BEGIN IMMEDIATE;

-- `sealed` requests are encrypted, because the caller may have passed keys in them.
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    flow_version TEXT,
    session_id TEXT NOT NULL,
    status TEXT NOT NULL,
    detached INTEGER NOT NULL,
    rerun INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    request BLOB NOT NULL,
    sealed INTEGER NOT NULL,
    result BLOB,
    events INTEGER NOT NULL DEFAULT 0,
    idempotency_key TEXT,
    request_hash TEXT,
    callback_url TEXT,
    callback_state TEXT
);
CREATE INDEX jobs_unfinished ON jobs (seq) WHERE status IN ('queued', 'in_progress');
CREATE INDEX jobs_callbacks ON jobs (seq) WHERE callback_state = 'pending';
CREATE INDEX jobs_by_flow ON jobs (flow_id, seq);
CREATE INDEX jobs_by_session ON jobs (session_id, seq);
CREATE INDEX jobs_by_end ON jobs (finished_at) WHERE finished_at IS NOT NULL;
-- A key is free again once its job has not succeeded.
CREATE UNIQUE INDEX jobs_by_idempotency_key ON jobs (flow_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL AND status NOT IN ('failed', 'cancelled', 'timed_out');

CREATE TABLE job_events (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    sequence_id INTEGER NOT NULL,
    frame BLOB NOT NULL,
    PRIMARY KEY (job_id, sequence_id)
) WITHOUT ROWID;

PRAGMA user_version = 2;
COMMIT;
