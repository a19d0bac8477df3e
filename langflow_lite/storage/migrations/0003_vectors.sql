BEGIN IMMEDIATE;

-- A collection holds the vectors of one embedding model; those of two cannot be compared.
CREATE TABLE collections (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    model TEXT NOT NULL,
    dimensions INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);

-- `vector` is of length one, as 32-bit floats of the machine's byte order; `data` is the passage's record as JSON.
CREATE TABLE passages (
    seq INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL REFERENCES collections (id),
    key TEXT NOT NULL,
    data BLOB NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (collection_id, key)
);

PRAGMA user_version = 3;
COMMIT;
